"""What the terminal holds, as rows of characters in which it can be seen where each field of the host begins."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

#: Stands where a field begins: a cell that shows nothing, and that no value goes over. White space to ``strip`` and ``split``.
ATTRIBUTE = "\x1d"
_COLUMNS = 80
#: The basic attribute of a field; these two bits together: it is not shown.
_FIELD, _BASIC, _NOT_SHOWN = re.compile(r"SF\([^)]*\)"), re.compile(r"c0=([0-9a-f]{2})"), 0x0C


class _Cells(dict[str, str]):
    """What each word shows, once it was met."""

    def __missing__(self, word: str) -> str:
        self[word] = _shown(word)
        return self[word]


_CELLS = _Cells()


def rows_of(lines: Sequence[str]) -> tuple[str, ...]:
    """Return the rows that ``ReadBuffer(Ascii)`` tells, 80 characters each; what is hidden is blank.

    A word is a cell (the UTF-8 of its character, ``00`` for none), ``SF(…)`` the cell where a field begins, ``SA(…)`` no cell.
    """
    words = [line.split() for line in lines]
    fields = [word for line in lines for word in _FIELD.findall(line)]
    if any(map(_is_hidden, fields)):
        words = list(_unhidden(words, hidden=_is_hidden(fields[-1])))  # the last field goes on at the top
    return tuple("".join(map(_CELLS.__getitem__, row)).ljust(_COLUMNS) for row in words)


def _unhidden(words: Iterable[Sequence[str]], *, hidden: bool) -> Iterator[list[str]]:
    for row in words:
        cells = []
        for word in row:
            hidden = _is_hidden(word) if word.startswith("SF(") else hidden
            cells.append("00" if hidden and "(" not in word else word)
        yield cells


def _is_hidden(word: str) -> bool:
    found = _BASIC.search(word)
    return found is not None and int(found[1], 16) & _NOT_SHOWN == _NOT_SHOWN


def _shown(word: str) -> str:
    """Return what a cell shows, one character; the second half of a wide one shows nothing."""
    if "(" in word:
        return ATTRIBUTE if word.startswith("SF(") else ""
    text = " " if word in {"00", "-"} else bytes.fromhex(word).decode("utf-8", "replace")
    return text if text.isprintable() and len(text) == 1 else " "
