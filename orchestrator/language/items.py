"""One item of a repeated step, or one row of a case, as conditions see it: ``one.person.birth_name``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Item:
    """What an item has, by name; what a skipped step would have given is None."""

    _values: Mapping[str, object] = field(repr=False)
    #: Its line in the delivery, when it comes from one.
    _line: int | None = None

    def __getattr__(self, name: str) -> object:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._values.get(name)


def line_of(item: object) -> int | None:
    """Return the line of the delivery that an item comes from, when it does."""
    return item._line if isinstance(item, Item) else None  # noqa: SLF001 - its names are the scenario's


def label_of(item: object, place: int) -> str:
    """Say to people which item it is: its line, or its place (from 1) in a list that was read; nothing personal."""
    line = line_of(item)
    return f"élément {place}" if line is None else f"ligne {line}"
