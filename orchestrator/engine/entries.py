"""The entries of one case that are made together: all are planned before the first act, and each must be confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.domain.cases import Controls, Done, NeedsApproval, Outcome
from orchestrator.domain.errors import BusinessException
from orchestrator.domain.money import Euros
from orchestrator.engine.due import DueEntry, foreseen
from orchestrator.engine.enter import Entering, Planned
from orchestrator.engine.entry_ledger import EntryRow
from orchestrator.engine.read_back import missing
from orchestrator.engine.undo import all_or_none, doubt_settled, refuse_again, undone_by_hand
from orchestrator.engine.work import Attempt


@dataclass(frozen=True)
class Known:
    """The entries that a case can come to, each with what is remembered of it; None when it was never planned."""

    rows: tuple[tuple[Entering, EntryRow | None], ...]

    @property
    def complete(self) -> bool:
        """True when all that was planned is settled, by this case at least in part, or all that could be by others.

        Entries are planned together before the first act: what was not planned when one of them was made, was not due. A
        suite plans one after the other: only all of its entries are known to be enough.
        """
        known = self._known
        together = not any(entry.due.by_suite for entry, _ in self.rows)
        enough = together and any(row.ours and row.settled for row in known)
        excluded = sum(row is not None and row.not_due for _, row in self.rows)
        return bool(known) and not self.open and (enough or len(known) == len(self.rows) - excluded)

    @property
    def touched(self) -> bool:
        """True when at least one was made by this case, or may have been."""
        return any(row.ours and row.state != "planned" for row in self._known)

    @property
    def begun(self) -> bool:
        """True when at least one was made by this case."""
        return any(row.ours and row.settled for row in self._known)

    @property
    def end(self) -> Done | None:
        """The end that they give the case when all that was planned is proven, and its own; None before."""
        if not self.complete or not all(row.ours for row in self._known):
            return None
        return Done(name="done_by_hand" if all(row.state == "by_hand" for row in self._known) else "entered")

    @property
    def open(self) -> int:
        """How many were planned and are not settled."""
        return sum(not row.settled for row in self._known)

    def open_first(self) -> list[Entering]:
        """Return all of them, first those that were planned and are not settled: a person speaks of what a robot failed at."""
        return [entry for entry, _ in sorted(self.rows, key=lambda pair: pair[1] is None or pair[1].settled)]

    def references(self) -> list[str]:
        """Return the application's own numbers of what is settled."""
        return [row.reference for row in self._known if row.settled]

    def told(self) -> Done:
        """Show what was made before, and return how the case ends."""
        for entry, row in self.rows:
            if row is not None and row.settled and not row.proven:
                entry.tell_settled(row)
        several = len(self._known) > 1
        ours = any(row.ours and (several or row.state == "confirmed") for row in self._known)
        return Done(name="entered" if ours else "already_done")

    @property
    def _known(self) -> list[EntryRow]:
        """What is remembered, but for what a person said is not to be made."""
        return [row for _, row in self.rows if row is not None and not row.not_due]


def foreseen_of(attempt: Attempt, steps: frozenset[str]) -> list[Entering]:
    """Return the entries of these steps that the case can come to, by what is known so far."""
    due = foreseen(attempt.bench.scenario, attempt.names)
    return [Entering(attempt, one) for one in due if one.step.id in steps]


async def remembered(entries: Sequence[Entering], *, look: bool) -> Known:
    """Return what is remembered of entries; ``look`` settles what is in doubt by looking, or raises ``EntryInDoubt``."""
    rows = [(entry, await (entry.before_reading() if look else entry.known())) for entry in entries]
    if look and any([await doubt_settled(entry, row) for entry, row in rows]):
        return await remembered(entries, look=False)
    return Known(tuple(rows))


async def enter_all(attempt: Attempt, due: Sequence[DueEntry]) -> Outcome:
    """Plan every entry, have them approved, then make what is missing, one after the other.

    Raises what :func:`~orchestrator.domain.cases.decide` knows: what was confirmed until then stays confirmed, and the
    next attempt continues with the rest.
    """
    entries = [Entering(attempt, one) for one in due]
    _refuse_twins(entries)
    rows = [(entry, await entry.plan()) for entry in entries]
    refuse_again(rows)
    planned = [(entry, entry.planned(row)) for entry, row in rows if not row.settled and not row.not_due]
    if not planned:
        return Known(tuple(rows)).told()
    _check_ceiling(attempt, due)
    if not all([await entry.approved(frozen) for entry, frozen in planned]):
        return NeedsApproval()
    return await _make(planned, [row for _, row in rows if row.settled], entries)


async def by_protocol(attempt: Attempt, due: DueEntry) -> Outcome:
    """Make one entry that a suite asks for, as any other."""
    return await enter_all(attempt, [due])


async def read_back(entries: Sequence[Entering], reference: str, person: str, amount: Euros | None = None) -> Done:
    """Prove what a person says was entered after a robot failed.

    Raises ``BusinessException`` when it is not there, or when some remain.
    """
    if await undone_by_hand(entries, reference, person):
        raise BusinessException("ANNULE", f"L'annulation de {reference} a été relue : une personne décide de la suite.")
    for entry in (await remembered(entries, look=False)).open_first():
        outcome = await entry.read_back(reference, person, amount)
        if outcome is None:
            continue
        known = await remembered(entries, look=False)
        if not known.open:
            return outcome
        left = f"il reste {known.open} saisie(s) de ce dossier à faire ou à régler"
        raise BusinessException("PARTIEL", f"La référence {reference} a été relue ; {left}.")
    raise missing(reference)


async def _make(
    planned: Sequence[tuple[Entering, Planned]], settled: Sequence[EntryRow], entries: Sequence[Entering]
) -> Outcome:
    names = ["entered" if row.ours else "already_done" for row in settled]
    for entry, frozen in planned:
        try:
            outcome = await _one(entry, frozen)
        except BusinessException as refused:
            raise await all_or_none([one for one in entries if one.due.loop is entry.due.loop], refused) from None
        if not isinstance(outcome, Done):
            return outcome
        names.append(outcome.name)
    return Done(name=next((name for name in ("entered", "shadow") if name in names), "already_done"))


async def _one(entry: Entering, frozen: Planned) -> Outcome:
    """Make one entry; of those that are made all or none, a failed control refuses it for good."""
    outcome = await entry.make(frozen)
    if isinstance(outcome, Controls) and not outcome.retry and entry.due.undo is not None:
        first = outcome.failed[0]
        raise BusinessException(first.code, f"{first.sentence}.")
    return outcome


def _refuse_twins(entries: Sequence[Entering]) -> None:
    """Two entries of a case with one effect would be one: a person says which is meant."""
    if len({entry.digest for entry in entries}) != len(entries):
        raise BusinessException("C-09", "Deux éléments du dossier donnent la même clé d'effet : rien n'a été saisi.")


def _check_ceiling(attempt: Attempt, due: Sequence[DueEntry]) -> None:
    """The ceiling of a case holds for all of its entries together."""
    ceiling = attempt.bench.scenario.limits.per_case
    amounts = [one.amount for one in due]
    found = sum((amount for amount in amounts if amount is not None), Euros(0))
    if ceiling is not None and found > ceiling:
        raise BusinessException("C-14", f"Montant {found} au-dessus du plafond par dossier ({ceiling}).")
