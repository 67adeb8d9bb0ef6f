"""Reading back what the person who holds a case declared of its entries: what is there is proven, the rest stays theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from orchestrator.domain.cases import Waits
from orchestrator.domain.civil import paris_date
from orchestrator.domain.errors import BusinessException
from orchestrator.domain.money import Euros
from orchestrator.engine.due import foreseen
from orchestrator.engine.enter import DIFFERS, NOT_FOUND, Entering
from orchestrator.engine.entry_ledger import held
from orchestrator.engine.work import Attempt


@dataclass(frozen=True, kw_only=True)
class ReadBack:
    """What people had of a case, once all that they declared is proven."""

    #: What the case waited for when it was taken: ``date`` or ``document``; empty when it did not wait, or waits no more.
    waits_for: str
    #: Until when.
    until: datetime | None

    def waits_on(self, today: date) -> Waits | None:
        """Return the wait that goes on for what was left to the robots; None when its day has come."""
        if not self.waits_for or self.until is None or paris_date(self.until) <= today:
            return None
        return Waits(step="", until=paris_date(self.until), waits_for=self.waits_for)


async def read_back_held(attempt: Attempt) -> ReadBack | None:
    """Prove what was declared of a case that people hold; None when nobody holds it.

    Raises ``BusinessException`` when a number is not there, shows another amount, or is still to be given: what is there is
    proven all the same.
    """
    lines = await _lines(attempt)
    if not lines:
        return None
    entries = {entry.digest: entry for entry in _entries(attempt)}
    faults: list[BusinessException] = []
    for line in lines:
        if line["reference"] is not None and line["read_back_at"] is None:
            faults += [
                _named(fault, line, lines) for fault in await _prove(attempt, entries.get(line["effect_digest"]), line)
            ]
    if not faults and any(_unsaid(line) for line in lines):
        faults = [BusinessException(NOT_FOUND, "Il reste à dire ce qu'il en est d'une partie des saisies du dossier.")]
    if faults:
        code = DIFFERS if any(fault.code == DIFFERS for fault in faults) else NOT_FOUND
        raise BusinessException(code, " ".join(map(str, faults)))
    first = lines[0]
    waits = first["waits_for"] if first["document_at"] is None else None
    return ReadBack(waits_for=waits or "", until=first["wait_until"])


async def _prove(attempt: Attempt, entry: Entering | None, line: Mapping[str, Any]) -> list[BusinessException]:
    """Read one number back; a number that is not there stands no more."""
    number, amount = line["reference"], line["amount_c"]
    try:
        if entry is not None and await entry.read_back(
            number, f"agent:{line['declared_by']}", None if amount is None else Euros(amount)
        ):
            return []
    except BusinessException as differs:
        return [differs]
    async with held(attempt.bench, attempt.case) as tx:
        await tx.run("by_hand.not_found", case_id=attempt.case.id, entry=line["entry"])
    return [missing(number) if entry is not None else BusinessException(NOT_FOUND, _NOT_PLANNED)]


_NOT_PLANNED = "La version actuelle du scénario ne prévoit plus cette saisie : le robot ne peut pas la relire."


def missing(number: str) -> BusinessException:
    """Return what is said when a number is not in the application for this person and object."""
    return BusinessException(
        NOT_FOUND,
        f"La référence {number} n'a pas été relue dans l'application, pour cette personne et cet objet : vérifier le "
        "numéro, et pour qui la saisie a été faite.",
    )


async def _lines(attempt: Attempt) -> Sequence[Mapping[str, Any]]:
    async with held(attempt.bench, attempt.case) as tx:
        return await tx.all("by_hand.to_read_back", case_id=attempt.case.id)


def _entries(attempt: Attempt) -> list[Entering]:
    return [Entering(attempt, due) for due in foreseen(attempt.bench.scenario, attempt.names)]


def _unsaid(line: Mapping[str, Any]) -> bool:
    return line["reference"] is None and line["left_at"] is None and line["not_due_at"] is None


def _named(fault: BusinessException, line: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> BusinessException:
    """Say which of several entries a fault is about."""
    return BusinessException(fault.code, f"{line['title']} : {fault}") if len(lines) > 1 else fault
