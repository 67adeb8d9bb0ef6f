"""A case that a person took from the robots: each of its entries, and what was said of it (ADR 21, ADR 27)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from orchestrator.console.errors import LostRace, won
from orchestrator.store.database import Transaction


class Word(StrEnum):
    """What a person says of one entry; the value is the query that writes it."""

    #: Entered, under a number.
    DECLARED = "by_hand.declare"
    #: Not entered: the robots may, and look first.
    LEFT = "by_hand.leave"
    #: Not to be entered at all.
    NOT_DUE = "by_hand.not_due"
    #: Not said yet: it stays with a person.
    KEPT = "by_hand.keep"


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a person now says of one entry."""

    #: The entry.
    entry: UUID
    #: What.
    word: Word
    #: The application's own number, when it was entered.
    reference: str = ""
    #: Centimes, when it was entered and has an amount.
    amount_c: int | None = None


@dataclass(frozen=True, kw_only=True)
class HeldLine:
    """One entry of a case that a person holds."""

    #: The entry.
    entry: UUID
    #: How it is called: its step, its line.
    title: str
    #: In which application.
    application: str
    #: Whether money is in it.
    has_amount: bool
    #: Centimes that the robot would have entered; None when that is not known.
    computed_c: int | None
    #: What stands of it now.
    word: Word
    #: The declared number; empty when there is none.
    reference: str
    #: Its amount in centimes.
    amount_c: int | None
    #: Who declared it, and when.
    declarer: str
    declared_at: datetime | None
    #: True once a robot has read it back.
    proven: bool

    @property
    def standing(self) -> bool:
        """True for a declared number that no robot has read back."""
        return self.word is Word.DECLARED and not self.proven


@dataclass(frozen=True, kw_only=True)
class Held:
    """A case that a person holds."""

    #: The application that was closed to robots.
    application: str
    #: What it waited for when it was taken, and until when; None when it did not wait.
    waits_for: str | None
    wait_until: datetime | None
    #: Its entries, in the order of the scenario.
    lines: Sequence[HeldLine]

    @classmethod
    async def of(cls, tx: Transaction, case: object) -> Self | None:
        """Return who works a case by hand and what was said; None when nobody does."""
        rows = await tx.all("by_hand.held", case_id=case)
        if not rows:
            return None
        return cls(
            application=rows[0]["application"],
            waits_for=rows[0]["waits_for"],
            wait_until=rows[0]["wait_until"],
            lines=[_line(row) for row in rows],
        )

    @property
    def standing(self) -> list[HeldLine]:
        """The declared numbers that no robot has read back."""
        return [line for line in self.lines if line.standing]

    @property
    def proven(self) -> bool:
        """True once one of them is read back."""
        return any(line.proven for line in self.lines)


async def say(tx: Transaction, case: object, caisse: str, login: str, said: Sequence[Said]) -> None:
    """Write what a person says of entries; raises ``LostRace`` when one of them does not stand there any more."""
    about = {"case_id": case, "caisse": caisse}
    for each in said:
        match each.word:
            case Word.DECLARED:
                number = {"reference": each.reference, "amount_c": each.amount_c}
                won(await tx.run("by_hand.declare", entry=each.entry, login=login, **number, **about))
            case Word.KEPT:
                won(await tx.run("by_hand.keep", entry=each.entry, **about))
            case word:
                won(await tx.run(word, entry=each.entry, login=login, **about))


@dataclass(frozen=True, kw_only=True)
class Wait:
    """The wait that a case was taken out of, and that goes on."""

    #: Until when.
    until: datetime
    #: ``date``, ``document``, or None for a new try.
    waits_for: str | None


async def give_back(tx: Transaction, case: object, caisse: str, login: str) -> Wait | None:
    """Leave the rest of a case to the robots; returns the wait that it was taken out of, unless its document came meanwhile.

    Raises ``LostRace`` when nobody holds it any more.
    """
    about = {"case_id": case, "caisse": caisse, "login": login}
    await tx.run("by_hand.leave_rest", **about)
    held = await tx.first("by_hand.give_back", **about)
    if held is None:
        raise LostRace
    waits = held["wait_until"] is not None and held["document_at"] is None
    return Wait(until=held["wait_until"], waits_for=held["waits_for"]) if waits else None


def _line(row: dict[str, Any]) -> HeldLine:
    return HeldLine(
        entry=row["entry"],
        title=row["title"],
        application=row["line_application"],
        has_amount=row["has_amount"],
        computed_c=row["computed_c"],
        word=_word(row),
        reference=row["reference"] or "",
        amount_c=row["amount_c"],
        declarer=row["declarer"] or "",
        declared_at=row["declared_at"],
        proven=row["read_back_at"] is not None,
    )


def _word(row: dict[str, Any]) -> Word:
    if row["reference"] is not None:
        return Word.DECLARED
    if row["left_at"] is not None:
        return Word.LEFT
    return Word.NOT_DUE if row["not_due_at"] is not None else Word.KEPT
