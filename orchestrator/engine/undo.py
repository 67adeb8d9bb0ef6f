"""Entries that are made all or none: when one of them is refused, those that were made are taken back, by the same protocol.

Taking back is an entry of its own: its own key, intent, act and proof. What cannot be taken back is shown to a person by its
number; an application that fails, or a doubt, never leads to taking back: nobody knows then what is written (ADR 13).
"""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.domain.cases import Done
from orchestrator.domain.errors import BusinessException, EntryInDoubt
from orchestrator.engine.enter import Entering
from orchestrator.engine.entry_ledger import EntryRow


async def all_or_none(entries: Sequence[Entering], refused: BusinessException) -> BusinessException:
    """Take back what was made beside a refused entry, the last first; returns what is said to a person.

    Raises ``EntryInDoubt`` or ``ApplicationException`` when the act of taking back does not answer.
    """
    made = [(entry, row) for entry in entries if (row := await _made(entry)) is not None]
    refused = await _with_those_by_hand(entries, refused)
    for number, (entry, row) in enumerate(reversed(made)):
        left = [kept.reference for _, kept in made[: len(made) - number]]
        try:
            await _take_back(entry, row)
        except EntryInDoubt:
            raise EntryInDoubt(
                f"{refused} Annulation en doute. Écrit dans l'application : {', '.join(left)}."
            ) from None
        except BusinessException as no:
            what = f"{refused} Annulation refusée : {no} Écrit dans l'application, à annuler : {', '.join(left)}."
            return BusinessException(refused.code, what)
        entry.tell_undone(row)
    if not made:
        return refused
    numbers = ", ".join(row.reference for _, row in made)
    return BusinessException(refused.code, f"{refused} Toutes ou aucune : {numbers} annulée(s) par le robot.")


async def doubt_settled(entry: Entering, row: EntryRow | None) -> bool:
    """Look whether an entry was taken back when that is in doubt; True when it is proven. Raises ``EntryInDoubt``."""
    undo = _undo(entry, row) if row is not None and row.state == "confirmed" and row.ours else None
    before = await undo.known() if undo is not None else None
    if row is None or undo is None or before is None or before.state != "doubtful":
        return False
    try:
        return (await undo.before_reading()) is not None
    except EntryInDoubt as doubt:
        raise EntryInDoubt(f"Annulation en doute. Écrit dans l'application : {row.reference}. {doubt}") from None


async def undone_by_hand(entries: Sequence[Entering], reference: str, person: str) -> bool:
    """Prove that a person took back the entry of this number; False when no entry of ours that may be taken back has it.

    Raises ``BusinessException`` when it still stands.
    """
    for entry in entries:
        row = await _made(entry)
        undo = _undo(entry, row) if row is not None and row.reference == reference else None
        if undo is not None and await undo.read_back(reference, person) is None:
            raise BusinessException("RELECTURE", f"{reference} n'est pas annulée dans l'application.")
        if undo is not None:
            return True
    return False


def refuse_again(rows: Sequence[tuple[Entering, EntryRow]]) -> None:
    """A robot does not make again what was taken back: that is for a person."""
    undone = [row.reference for _, row in rows if row.undone]
    if undone:
        numbers = ", ".join(undone)
        raise BusinessException(
            "ANNULE", f"Le robot a annulé {numbers} : il ne refait pas ces saisies, une personne décide."
        )


async def _with_those_by_hand(entries: Sequence[Entering], refused: BusinessException) -> BusinessException:
    """Say what a person entered beside it: no robot takes that back."""
    rows = [await entry.known() for entry in entries if entry.due.undo is not None]
    numbers = ", ".join(row.reference for row in rows if row is not None and row.ours and row.state == "by_hand")
    said = f"{refused} Saisi à la main, à annuler par une personne : {numbers}."
    return BusinessException(refused.code, said) if numbers else refused


async def _made(entry: Entering) -> EntryRow | None:
    row = await entry.known() if entry.due.undo is not None else None
    return row if row is not None and row.ours and row.state == "confirmed" else None


async def _take_back(entry: Entering, row: EntryRow) -> None:
    undo = _undo(entry, row)
    if undo is None:
        raise TypeError("une saisie sans annulation")
    planned = await undo.plan()
    if not planned.settled and not isinstance(await undo.make(undo.planned(planned)), Done):
        raise TypeError("une annulation ne relit aucune étape")


def _undo(entry: Entering, row: EntryRow) -> Entering | None:
    due = entry.due.taken_back(row.id, row.reference, row.ordinal)
    return Entering(entry.attempt, due) if due is not None else None
