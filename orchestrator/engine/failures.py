"""Failed controls of an attempt: what they let happen, and the outcome that they give."""

from __future__ import annotations

from orchestrator.domain.cases import Again, Controls, FailedControl
from orchestrator.domain.errors import BusinessException
from orchestrator.domain.keywords import Kind
from orchestrator.language.model import AnyStep, ForEach, Severity, Step

#: Failed controls with what each does.
Failures = list[tuple[Severity, FailedControl]]


def acts(step: AnyStep) -> bool:
    """True for what is not done once a control has failed."""
    return isinstance(step, Step) and step.kind in {Kind.COMPUTE, Kind.ENTER}


def is_over(step: AnyStep, failed: Failures) -> bool:
    """True when nothing further makes sense: a control says so, or items of a list lack what follows would use."""
    return any(severity is Severity.STOP for severity, _ in failed) or (bool(failed) and isinstance(step, ForEach))


def refused(error: BusinessException, step: Step, item: str) -> FailedControl:
    """Return what a step refused by itself, as if a control had."""
    return FailedControl(code=error.code, step=step.id, title=str(error), item=item)


def controls_outcome(failed: Failures, again: Again | None = None) -> Controls:
    """Return the outcome of failed controls, each code once for each item; tried again only if all may pass by themselves."""
    unique = {(item.code, item.item): item for _, item in reversed(failed)}
    ordered = [item for _, item in failed if unique[item.code, item.item] is item]
    retry = all(severity is Severity.RETRY for severity, _ in failed)
    return Controls(failed=tuple(ordered), retry=retry, again=again if retry else None)
