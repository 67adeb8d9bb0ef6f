"""Keyset pages: the address carries the last row's instant and identifier, never an offset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Self
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = UUID(int=0)
_LAST = UUID(int=2**128 - 1)
#: Beyond any priority or line.
_HUGE = 2**30


@dataclass(frozen=True, kw_only=True)
class Mark:
    """The row after which a page begins."""

    at: datetime
    id: UUID

    @classmethod
    def read(cls, text: str | None, *, newest_first: bool = False) -> Self:
        """Read a mark of an address; anything else is the first page."""
        instant, _, identifier = (text or "").partition("_")
        try:
            return cls(at=_EPOCH + timedelta(microseconds=int(instant)), id=UUID(identifier))
        except (ValueError, OverflowError):
            return cls._start(newest_first=newest_first)

    @classmethod
    def _start(cls, *, newest_first: bool) -> Self:
        if newest_first:
            return cls(at=datetime(9000, 1, 1, tzinfo=UTC), id=_LAST)
        return cls(at=_EPOCH, id=_FIRST)


#: The due date of what has none: after all others.
NO_DUE = date(9999, 12, 31)


@dataclass(frozen=True, kw_only=True)
class UrgencyMark:
    """The row after which a page begins, in the order of work: priority, due date, arrival."""

    #: Minus the priority.
    rank: int
    #: The due date; :data:`NO_DUE` without one.
    due: date
    #: When the case arrived, and on which line of its delivery.
    at: datetime
    line: int
    id: UUID

    @classmethod
    def read(cls, text: str | None) -> Self:
        """Read a mark of an address; anything else is the first page."""
        try:
            rank, due, instant, line, identifier = (text or "").split("_")
            at = _EPOCH + timedelta(microseconds=int(instant))
            return cls(
                rank=_within(rank, _HUGE),
                due=date.fromisoformat(due),
                at=at,
                line=_within(line, _HUGE),
                id=UUID(identifier),
            )
        except (ValueError, OverflowError):
            return cls(rank=-_HUGE, due=date(1, 1, 1), at=_EPOCH, line=0, id=_FIRST)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Return the mark of a row with ``priority``, ``due``, ``created_at``, ``line`` and ``case_id``."""
        where = {"at": row["created_at"], "line": row["line"], "id": row["case_id"]}
        return cls(rank=-row["priority"], due=row["due"] or NO_DUE, **where)

    @property
    def parameters(self) -> dict[str, Any]:
        """What the queries call it."""
        known = {"rank": self.rank, "due": self.due, "at": self.at, "line": self.line, "id": self.id}
        return {f"after_{name}": value for name, value in known.items()}

    def __str__(self) -> str:
        instant = (self.at - _EPOCH) // timedelta(microseconds=1)
        return f"{self.rank}_{self.due}_{instant}_{self.line}_{self.id}"


def cut_by_urgency(rows: Sequence[Any], size: int) -> tuple[Sequence[Any], str | None]:
    """Return a page of rows, and the mark of the next page when one row more was found."""
    return (rows, None) if len(rows) <= size else (rows[:size], str(UrgencyMark.of(rows[size - 1])))


def _within(text: str, most: int) -> int:
    number = int(text)
    if abs(number) >= most:
        raise ValueError(text)
    return number


def cut(rows: Sequence[Any], size: int, column: str) -> tuple[Sequence[Any], str | None]:
    """Return a page of rows, and the mark of the next page when one row more was found."""
    if len(rows) <= size:
        return rows, None
    last = rows[size - 1]
    return rows[:size], write(last[column], last["id"])


def write(at: datetime, identifier: UUID) -> str:
    """Write a mark: microseconds since 1970, exact."""
    return f"{(at - _EPOCH) // timedelta(microseconds=1)}_{identifier}"


@dataclass(frozen=True, kw_only=True)
class LineMark:
    """The row after which a page of a list begins that is sorted by a number, then by its lines."""

    number: int
    line: int

    @classmethod
    def read(cls, text: str | None) -> Self:
        """Read a mark of an address; anything else is the first page."""
        number, _, line = (text or "").partition("_")
        try:
            return cls(number=_within(number, 2**62), line=_within(line, _HUGE))
        except ValueError:
            return cls(number=-(2**62), line=0)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Return the mark of a row with ``rank`` and ``line``."""
        return cls(number=row["rank"], line=row["line"])

    def __str__(self) -> str:
        return f"{self.number}_{self.line}"
