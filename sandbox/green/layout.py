"""Screens as they are drawn in ``screens.txt``: ``[typed]``, ``(typed, hidden)``, ``{shown}``, ``{rows*lines*height}``.

What release 2 draws otherwise is in ``screens-2.txt``.

A bracket stands where the terminal has the attribute byte of the field; a field is as long as what the brackets enclose.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from sandbox.green.codepage import encode

COLUMNS, CELLS = 80, 24 * 80
_FIELD = re.compile(r"\[(\w+)\s*\]|\((\w+)\s*\)|\{(\w+)(?:\*(\d+)\*(\d+))?\s*\}")
_PROTECTED, _SHOWN, _TYPED, _HIDDEN = 0xF0, 0xF8, 0x40, 0x4C
_SBA, _SF, _IC = b"\x11", b"\x1d", b"\x13"
_SIX_BITS = bytes(
    0x40 | n if n in {0, *range(10, 17), *range(26, 34), *range(42, 48), *range(58, 64)} else n | 0xC0
    for n in range(64)
)


def address(cell: int) -> bytes:
    """The address of a cell, 0 at the top left, in the twelve bits of a terminal of 24 by 80."""
    return bytes((_SIX_BITS[cell >> 6], _SIX_BITS[cell & 63]))


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of a screen."""

    name: str
    #: Its attribute byte's cell; the text begins at the next.
    cell: int
    length: int
    attribute: int


@dataclass(frozen=True, kw_only=True)
class Layout:
    """One drawn screen."""

    name: str
    texts: tuple[tuple[int, str], ...]
    fields: tuple[Field, ...]
    typed: Mapping[int, str] = field(default_factory=dict)

    def stream(self, values: Mapping[str, str], *, unlock: bool = True) -> bytes:
        """The orders that show it from an empty screen; without ``unlock`` the keyboard stays locked."""
        out = bytearray(b"\xf5\xc3" if unlock else b"\xf5\xc1") + _SBA + address(0) + _SF + bytes([_PROTECTED])
        for cell, drawn in self.texts:
            out += _SBA + address(cell) + encode(drawn)
        for one in self.fields:
            text = encode(values.get(one.name, "").replace("œ", "oe").replace("Œ", "OE"))[: one.length]
            out += _SBA + address(one.cell) + _SF + bytes([one.attribute]) + text
            out += _SBA + address(one.cell + 1 + one.length) + _SF + bytes([_PROTECTED])
        first = min(self.typed, default=0)
        return bytes(out + _SBA + address(first) + _IC)

    def rows(self, lines: Sequence[str]) -> dict[str, str]:
        """The values of a list: each line at its place."""
        return {f"rows.{number}": line for number, line in enumerate(lines)}


@cache
def layouts(release: str = "1") -> dict[str, Layout]:
    """Every screen of a release by its code."""
    drawn = _drawn("screens.txt") | (_drawn("screens-2.txt") if release == "2" else {})
    return {name: _layout(name, text.replace(" V01 ", f" V0{release} ")) for name, text in drawn.items()}


def _drawn(file: str) -> dict[str, str]:
    drawn = files("sandbox.green").joinpath(file).read_text("utf-8").split("=== ")[1:]
    return dict(text.split("\n", 1) for text in drawn)


def _layout(name: str, drawing: str) -> Layout:
    texts: list[tuple[int, str]] = []
    fields: list[Field] = []
    row = 0
    for line in drawing.rstrip("\n").split("\n"):
        height = 1
        for found in _FIELD.finditer(line):
            fields += (made := _fields(found, row))
            height = max(height, (made[-1].cell - made[0].cell) // COLUMNS + 1)
        bare = _FIELD.sub(lambda found: " " * len(found[0]), line)
        texts += [(row * COLUMNS + piece.start(), piece[0]) for piece in re.finditer(r"\S+(?: \S+)*", bare)]
        row += height
    typed = {one.cell + 1: one.name for one in fields if one.attribute in {_TYPED, _HIDDEN}}
    return Layout(name=name, texts=tuple(texts), fields=tuple(fields), typed=typed)


def _fields(found: re.Match[str], row: int) -> list[Field]:
    typed, hidden, shown, lines, height = found.groups()
    attribute = _TYPED if typed else _HIDDEN if hidden else _SHOWN
    cell, length = row * COLUMNS + found.start(), len(found[0]) - 2
    one = Field(name=typed or hidden or shown, cell=cell, length=length, attribute=attribute)
    if lines is None:
        return [one]
    return [
        Field(name=f"{one.name}.{n}", cell=cell + n * COLUMNS, length=length, attribute=attribute)
        for n in range(int(lines) * int(height))
    ]
