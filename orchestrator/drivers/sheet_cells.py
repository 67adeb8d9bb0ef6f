"""A cell of a workbook, the same whichever program wrote it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import BinaryIO
from zipfile import BadZipFile, ZipFile

from orchestrator.drivers.deliveries_rules import refuse

#: Bytes of the parts of a workbook once unpacked, and how much smaller they may have been: beyond, it is no delivery.
LARGEST, MOST_PACKED = 1_000_000_000, 200


class BadCell:
    """A cell in error, or one whose content is none of ours."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell."""

    #: Text, exact number, truth, date, nothing, or what is wrong; personal, never to be logged.
    value: str | Decimal | bool | date | BadCell | None = field(repr=False)
    #: The digits that the sheet itself shows with leading zeros; empty otherwise.
    padded: str = field(default="", repr=False)

    @property
    def empty(self) -> bool:
        """True without content."""
        return self.value is None or (isinstance(self.value, str) and not self.value.strip())


def exact(number: float) -> Decimal:
    """Return a number as spreadsheets show it, to 15 significant digits: 0.1 + 0.2 is 0.3."""
    return Decimal(f"{number:.15g}")


#: What openpyxl, zipfile and zlib raise on a workbook that is none, is damaged or is locked.
_UNREADABLE = (BadZipFile, zlib.error, KeyError, ValueError, TypeError, AttributeError, SyntaxError, RuntimeError)


@contextmanager
def unpacked(file: BinaryIO, what: str) -> Iterator[ZipFile]:
    """Open a workbook; refuses what is none, what is damaged, and what would fill memory once unpacked."""
    try:
        with ZipFile(file) as archive:
            parts = archive.infolist()
            size, packed = sum(part.file_size for part in parts), sum(part.compress_size for part in parts)
            if size > LARGEST or size > MOST_PACKED * max(packed, 1):
                refuse(1, "classeur démesuré une fois décompressé : ce n'est pas une livraison")
            yield archive
    except _UNREADABLE:  # their messages may quote the file
        refuse(1, f"un classeur {what} lisible était attendu, ni protégé par mot de passe, ni d'un autre format")


def the_sheet(titles: Sequence[str], wanted: str | None) -> int:
    """Return the place of the sheet to read; titles are not quoted, they may be anything."""
    if wanted is None:
        if len(titles) != 1:
            refuse(1, f"une seule feuille était attendue, {len(titles)} trouvées : dire laquelle avec sheet")
        return 0
    if wanted not in titles:
        refuse(1, f"la feuille « {wanted} » était attendue, elle manque")
    return list(titles).index(wanted)


def refuse_hidden(rows: Sequence[int]) -> None:
    """Refuse a sheet of which a person does not see every row."""
    if rows:
        said = ", ".join(str(row) for row in rows[:5]) + ("…" if len(rows) > 5 else "")
        refuse(rows[0], f"ligne(s) masquée(s) ou filtrée(s) : {said}. Les afficher ou les supprimer, puis redéposer")


def refuse_merged(line: int) -> None:
    """Refuse a sheet with merged cells: which row or column holds the value would be a guess."""
    refuse(line, "cellules fusionnées : les défusionner, puis redéposer")
