"""Cases worked without acts and without a ledger: what a robot would conclude, shown masked; nothing is written anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Protocol
from uuid import uuid4

from orchestrator.domain.cases import Controls, Done, Outcome, Waits
from orchestrator.domain.civil import Period, french_date
from orchestrator.domain.entries import EntryPlan, EntrySeen, Sighting, classify, effect_digest, token_of
from orchestrator.domain.errors import ApplicationException, BrowserGone, BusinessException, GlrError, LoginRefused
from orchestrator.domain.money import Euros
from orchestrator.engine.lease import Lease
from orchestrator.engine.session import CASE_LIMIT
from orchestrator.engine.work import Attempt, Claimed, Workbench, controls_outcome
from orchestrator.language.model import Mode, Step

#: What stops a whole run: another case would meet the same, and accounts lock after a few tries.
_FATAL = (LoginRefused, BrowserGone)


class Row(Protocol):
    """A good row of a delivery, as :class:`orchestrator.drivers.deliveries.DeliveryRow` has it."""

    @property
    def line(self) -> int:
        """Physical line in the file."""

    @property
    def values(self) -> Mapping[str, str]:
        """Canonical text of each field."""


@dataclass(frozen=True, kw_only=True)
class DryCase:
    """What a robot would conclude of one row; nothing in it is personal."""

    #: Physical line in the file.
    line: int
    #: In French: an end, exceptions, an entry, an incident.
    issue: str
    #: Each code that stops it, with its title or reason.
    codes: Mapping[str, str] = field(default_factory=dict)
    #: What would be entered; None when nothing would.
    amount: Euros | None = None
    #: True when a second person would be asked.
    approval: bool = False


async def dry_run(bench: Workbench, rows: Sequence[Row], run_date: date) -> AsyncIterator[DryCase]:
    """Work each row without acts, whatever the scenario's mode; raises ``LoginRefused`` at once, since accounts lock."""
    bench.scenario = replace(bench.scenario, mode=Mode.SHADOW)
    for row in rows:
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


def _claimed(bench: Workbench, row: Row, run_date: date) -> Claimed:
    """Return the row as steps need it, under a lease that allows nothing."""
    case = uuid4()
    fields = bench.scenario.case.fields
    return Claimed(
        id=case,
        reference=f"ligne {row.line}",
        run=case,
        attempt=1,
        lease=Lease(case=case, epoch=0, session=case, asked=(0.0, 0.0), last_beat=0.0),
        data_key=b"",
        fields={name: known.parse(row.values[name]) for name, known in fields.items()},
        run_date=run_date,
    )


async def _concluded(attempt: Attempt, line: int) -> DryCase:
    outcome, entry = await attempt.steps()
    return _case(line, outcome) if entry is None else await _entry(attempt, entry, line)


def _case(line: int, outcome: Outcome | None) -> DryCase:
    match outcome:
        case Done(name=name):
            return DryCase(line=line, issue=f"fin : {name}")
        case Controls(failed=failed):
            return DryCase(line=line, issue="exception", codes={item.code: item.title for item in failed})
        case Waits(until=until):
            return DryCase(line=line, issue=f"attente jusqu'au {french_date(until)}")
    return DryCase(line=line, issue=type(outcome).__name__)


async def _entry(attempt: Attempt, step: Step, line: int) -> DryCase:
    """Say what would be entered, after the readings and the look-up that the entry protocol makes."""
    rules, arguments, bench = step.keyword.entry, attempt.arguments(step), attempt.bench
    if rules is None or step.effect_key is None:
        raise TypeError(f"{step.keyword.name} n'est pas une saisie")
    amount, period = arguments[rules.amount], arguments[rules.period]
    if not isinstance(amount, Euros) or not isinstance(period, Period):
        raise TypeError(f"{step.keyword.name} : montant et période attendus")
    ceiling = bench.scenario.limits.per_case
    if ceiling is not None and amount > ceiling:
        raise BusinessException("C-14", f"Montant {amount} au-dessus du plafond par dossier ({ceiling}).")
    if step.approval is not None and step.approval.when.holds(attempt.names):
        return DryCase(line=line, issue="saisie", amount=amount, approval=True)
    failed = [control for again in step.reread for control in await attempt.read(bench.scenario.step(again))]
    if failed:
        return _case(line, controls_outcome(failed))
    seen: list[EntrySeen] = await bench.call(
        bench.keywords[rules.look_up], {name: arguments[name] for name in rules.look_up_with}
    )
    token = token_of(effect_digest(step.effect_key.render(attempt.names), bench.vault.effect))
    plan = EntryPlan(token=token, amount=amount, period=period, subject=str(arguments[rules.subject]))
    if classify(seen, plan)[0] is not Sighting.ABSENT:  # whose it is cannot be told without a ledger
        return DryCase(line=line, issue="déjà dans l'application")
    return DryCase(line=line, issue="saisie", amount=amount)
