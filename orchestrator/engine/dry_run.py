"""Cases worked without acts and without a ledger: what a robot would conclude, shown masked; nothing is written anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import uuid4

from orchestrator.domain.cases import Controls, Done, FailedControl, Outcome, Waits
from orchestrator.domain.civil import french_date
from orchestrator.domain.entries import EntrySeen, Sighting, classify, effect_digest, token_of
from orchestrator.domain.errors import ApplicationException, BrowserGone, BusinessException, GlrError, LoginRefused
from orchestrator.domain.money import Euros
from orchestrator.engine.claimed import Claimed
from orchestrator.engine.due import DueEntry, total
from orchestrator.engine.failures import Failures, controls_outcome
from orchestrator.engine.grouping import DeliveredCase
from orchestrator.engine.lease import Lease
from orchestrator.engine.session import CASE_LIMIT
from orchestrator.engine.suite_steps import MainThread, SuiteRunner, SuiteStuck
from orchestrator.engine.work import Attempt, Workbench
from orchestrator.language.model import Mode

#: What stops a whole run: another case would meet the same, and accounts lock after a few tries.
_FATAL = (LoginRefused, BrowserGone)


@dataclass(frozen=True, kw_only=True)
class DryCase:
    """What a robot would conclude of one case; nothing in it is personal."""

    #: Its first line in the file.
    line: int
    #: In French: an end, exceptions, an entry, an incident.
    issue: str
    #: Each code that stops it, with its title or reason.
    codes: Mapping[str, str] = field(default_factory=dict)
    #: What would be entered; None when nothing would.
    amount: Euros | None = None
    #: True when a second person would be asked.
    approval: bool = False


async def dry_run(
    bench: Workbench, cases: Iterable[DeliveredCase], run_date: date, robot: MainThread | None = None
) -> AsyncIterator[DryCase]:
    """Work each case without acts, whatever the scenario's mode; raises ``LoginRefused`` at once, since accounts lock.

    :param robot: Robot Framework, in the main thread; without it a suite is refused.
    """
    bench.scenario = replace(bench.scenario, mode=Mode.SHADOW)
    bench.suites = SuiteRunner(robot=robot, enter=_not_made, trial=True) if robot else None
    for row in cases:
        try:
            async with asyncio.timeout(CASE_LIMIT):
                yield await _concluded(Attempt(bench, _claimed(bench, row, run_date)), row.line)
        except _FATAL:
            raise
        except BusinessException as error:
            yield DryCase(line=row.line, issue="exception", codes={error.code: str(error)})
        except (ApplicationException, TimeoutError) as error:
            if bench.last_desk is not None:
                await bench.last_desk.discard()
            what = str(error) if isinstance(error, GlrError) else "trop lent"
            yield DryCase(line=row.line, issue="incident applicatif", codes={type(error).__name__: what})
            if isinstance(error, SuiteStuck):
                raise
        except GlrError as error:  # a mistake of the robot itself; the next case may do without
            yield DryCase(line=row.line, issue="erreur du robot", codes={error.code: str(error)})


def _claimed(bench: Workbench, row: DeliveredCase, run_date: date) -> Claimed:
    """Return the case as steps need it, under a lease that allows nothing."""
    case = uuid4()
    return Claimed(
        id=case,
        reference=f"ligne {row.line}",
        run=case,
        attempt=1,
        lease=Lease(case=case, epoch=0, session=case, asked=(0.0, 0.0), last_beat=0.0),
        data_key=b"",
        fields=bench.scenario.case.names_of(row.payload),
        run_date=run_date,
    )


async def _concluded(attempt: Attempt, line: int) -> DryCase:
    outcome, due = await attempt.steps()
    if attempt.suite is not None and attempt.suite.task is not None:
        outcome = (await attempt.run_task(attempt.suite, attempt.suite.task)).outcome
        due = attempt.reached
        outcome = None if due else outcome
    return _case(line, outcome) if outcome is not None else await _entries(attempt, due, line)


async def _not_made(_: Attempt, __: DueEntry) -> Outcome:
    """Let a suite go on after an entry that is not made: what else it would enter is shown too."""
    return Done(name="dry_run")


def _case(line: int, outcome: Outcome | None) -> DryCase:
    match outcome:
        case Done(name=name):
            return DryCase(line=line, issue=f"fin : {name}")
        case Controls(failed=failed):
            return DryCase(line=line, issue="exception", codes=_by_code(failed))
        case Waits(until=until):
            return DryCase(line=line, issue=f"attente jusqu'au {french_date(until)}")
    return DryCase(line=line, issue=type(outcome).__name__)


def _by_code(failed: Sequence[FailedControl]) -> dict[str, str]:
    codes = dict.fromkeys(item.code for item in failed)
    return {code: " ; ".join(item.sentence for item in failed if item.code == code) for code in codes}


async def _entries(attempt: Attempt, due: Sequence[DueEntry], line: int) -> DryCase:
    """Say what would be entered, after the readings and the look-up that the entry protocol makes."""
    amount, ceiling = total(due), attempt.bench.scenario.limits.per_case
    if ceiling is not None and amount is not None and amount > ceiling:
        raise BusinessException("C-14", f"Montant {amount} au-dessus du plafond par dossier ({ceiling}).")
    if any(one.needs_approval for one in due):
        return DryCase(line=line, issue="saisie", amount=amount, approval=True)
    missing = []
    for one in due:
        names = dict(one.names)
        failed = [found for step in one.step.reread for found in await _again(attempt, step, names, one.item)]
        if failed:
            return _case(line, controls_outcome(failed))
        missing += [one] if await _absent(attempt.bench, one) else []
    if not missing:  # whose it is cannot be told without a ledger
        return DryCase(line=line, issue="déjà dans l'application")
    return DryCase(line=line, issue="saisie" if len(missing) == 1 else f"{len(missing)} saisies", amount=total(missing))


async def _again(attempt: Attempt, step: str, names: dict[str, object], item: str) -> Failures:
    return await attempt.read(attempt.bench.scenario.step(step), names, item)


async def _absent(bench: Workbench, one: DueEntry) -> bool:
    seen: list[EntrySeen] = await bench.call(bench.keywords[one.rules.look_up], one.given(*one.rules.look_up_with))
    token = token_of(effect_digest(one.effect_key, bench.vault.effect))
    return classify(seen, one.plan(token))[0] is Sighting.ABSENT
