"""The frame of a table: header, rows, and a last row ``FIN;<rows>;<total>``; what is wrong here refuses the whole file.

Rows pass through one at a time: only the last is held back, until it is known whether it is the trailer. Source: DOMAIN §3.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from orchestrator.drivers.deliveries_rules import refuse

T = TypeVar("T")
_TRAILER = "FIN"


@dataclass(frozen=True, kw_only=True)
class Row(Generic[T]):
    """A row of a table that is not empty."""

    #: Physical line or row, from 1.
    line: int
    #: What the reader needs of it.
    content: T
    #: Its cells as text; None when it cannot be read.
    cells: Sequence[str] | None


@dataclass(frozen=True, kw_only=True)
class Announced:
    """What a trailer says."""

    #: Where it stands.
    line: int
    #: Number of rows.
    rows: int
    #: Total, as written; None when there is none.
    total: str | None


class Trailer(Generic[T]):
    """Passes the rows of a table on, and keeps its trailer for the end."""

    def __init__(self, delimiter: str, *, wanted: bool, total: bool) -> None:
        self._wanted = wanted
        self._wide = 3 if total else 2
        forms = (_TRAILER, "<nombre de lignes>", "<total>")
        self._form = delimiter.join(forms[: self._wide])
        self.announced: Announced | None = None

    def rows(self, table: Iterator[Row[T]], header: int) -> Iterator[Row[T]]:
        """Give the rows; the last must be the trailer when one is wanted. Raises ``RefusedFile``."""
        if not self._wanted:
            yield from table
            return
        held: Row[T] | None = None
        count, last = 0, header
        earlier: int | None = None
        for row in table:
            if held is not None:
                if earlier is None and self._read(held) is not None:
                    earlier = held.line
                count += 1
                yield held
            held, last = row, row.line
        self.announced = self._read(held) if held is not None else None
        if self.announced is None:
            found = f"la ligne {earlier} a été suivie d'autres" if earlier else "elle manque : le fichier est incomplet"
            refuse(last, f"une dernière ligne {self._form} était attendue, {found}")
        check_count(last, self.announced.rows, count)

    def _read(self, row: Row[T]) -> Announced | None:
        cells = list(row.cells or ())
        while cells and not cells[-1]:
            cells.pop()
        if len(cells) != self._wide or cells[0] != _TRAILER or not re.fullmatch(r"[0-9]{1,9}", cells[1]):
            return None
        return Announced(line=row.line, rows=int(cells[1]), total=cells[2] if self._wide > 2 else None)


def may_end(cells: Sequence[str]) -> bool:
    """Say whether a row might be the trailer: only then are its cells looked at."""
    return bool(cells) and cells[0].strip() == _TRAILER


def check_count(line: int, announced: int, found: int) -> None:
    """Refuse a file that announced another number of rows."""
    if announced != found:
        refuse(line, f"{announced} lignes étaient annoncées, {found} trouvées")


def check_header(line: int, found: Sequence[str] | None, columns: Sequence[str], delimiter: str) -> None:
    """Refuse a table whose columns are not exactly those of the case; never quotes what was found."""
    if found is not None and list(found) == list(columns):
        return
    expected = delimiter.join(columns)
    missing = [f"« {name} »" for name in columns if name not in (found or [])]
    if len(missing) == len(columns):
        refuse(line, f"l'en-tête « {expected} » était attendu, il manque")
    # what was found is not quoted: a file without header would show a person
    what = f"il manque {', '.join(missing)}" if missing else f"{len(found or [])} colonnes, ou un autre ordre"
    refuse(line, f"l'en-tête « {expected} » était attendu, trouvé autre chose : {what}")
