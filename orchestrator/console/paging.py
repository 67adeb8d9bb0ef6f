"""Keyset pages: the address carries the last row's instant and identifier, never an offset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = UUID(int=0)
_LAST = UUID(int=2**128 - 1)


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


def cut(rows: Sequence[Any], size: int, column: str) -> tuple[Sequence[Any], str | None]:
    """Return a page of rows, and the mark of the next page when one row more was found."""
    if len(rows) <= size:
        return rows, None
    last = rows[size - 1]
    return rows[:size], write(last[column], last["id"])


def write(at: datetime, identifier: UUID) -> str:
    """Write a mark: microseconds since 1970, exact."""
    return f"{(at - _EPOCH) // timedelta(microseconds=1)}_{identifier}"
