"""Arrays in PostgreSQL's binary form, packed column by column: the driver asks each item of a list for its kind and its form,
which cost as much as sealing it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from struct import Struct
from typing import Any

import psycopg
from psycopg.adapt import Buffer, Dumper
from psycopg.pq import Format

#: Dimensions, whether any is null (PostgreSQL looks itself), kind of the items, their number, number of the first.
_HEAD = Struct(">iiIii")
_LENGTH = Struct(">i")
_NUMBER = Struct(">ii")
_NULL = _LENGTH.pack(-1)
#: PostgreSQL counts days from here.
_DAY_ZERO = date(2000, 1, 1).toordinal()


class Array(bytes):
    """An array in binary form; the statement says its type: ``%(name)b::uuid[]``."""


class _AsItIs(Dumper):
    format = Format.BINARY

    def dump(self, obj: Array) -> Buffer:
        return obj


psycopg.adapters.register_dumper(Array, _AsItIs)


def _bytes(value: bytes) -> bytes:
    return _LENGTH.pack(len(value)) + value


#: By the name of a type: its number in PostgreSQL's catalogue, and how an item is written.
_KINDS: dict[str, tuple[int, Callable[[Any], bytes]]] = {
    "bytea": (17, _bytes),
    "integer": (23, lambda value: _NUMBER.pack(4, value)),
    "text": (25, lambda value: _bytes(value.encode())),
    "date": (1082, lambda value: _NUMBER.pack(4, value.toordinal() - _DAY_ZERO)),
    "uuid": (2950, lambda value: _bytes(value.bytes)),
}


def packed(kind: str, items: Iterable[object]) -> Array:
    """Pack the values of one column, each of that type or None; raises ``KeyError`` for a type that nobody sends yet."""
    number, form = _KINDS[kind]
    cells = [_NULL if item is None else form(item) for item in items]
    return Array(_HEAD.pack(1, 0, number, len(cells), 1) + b"".join(cells))
