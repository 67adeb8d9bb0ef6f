"""The frame of a delivery: physical lines, header, rows, trailer; what is wrong here refuses the whole file.

One record is one physical line (``\\n``, ``\\r\\n``), decoded strictly by itself, so that a broken line never spoils or
swallows its neighbours. Source: DOMAIN §3.3.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn

from orchestrator.domain.errors import BadDelivery
from orchestrator.drivers.deliveries_rules import DeliveryRules, SourceRules

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_TRAILER = "FIN"


class BadRowCode(StrEnum):
    """Why a row was set aside."""

    #: A byte that the encoding does not have, or a control character.
    CHARACTERS = "CARACTERES"
    #: A quotation mark left open.
    QUOTES = "GUILLEMETS"
    #: Too few or too many columns.
    COLUMNS = "COLONNES"
    #: A value that its column does not allow.
    VALUE = "VALEUR"
    #: The key of a row before.
    TWICE = "DOUBLON"


class BadLine(Exception):
    """This line is a bad row."""

    def __init__(self, code: BadRowCode, reason: str) -> None:
        self.code, self.reason = code, reason


@dataclass(frozen=True, kw_only=True)
class Line:
    """A physical line that is not empty."""

    number: int
    content: bytes


class Frame:
    """The frame of the file: header, rows, trailer."""

    def __init__(self, name: str, content: bytes, rules: DeliveryRules) -> None:
        self._name = name
        self._source = rules.source
        self._columns = [known.column for known in rules.case.fields.values()]
        self._lines = list(_physical(content))

    def body(self) -> list[Line]:
        """Return the lines of rows, header and trailer checked."""
        if not self._lines:
            self.refuse(1, f"un en-tête de {len(self._columns)} colonnes était attendu, le fichier est vide")
        self._check_header(self._lines[0])
        return self._without_trailer(self._lines[1:]) if self._source.trailer_rows else self._lines[1:]

    def refuse(self, line: int, reason: str) -> NoReturn:
        """Refuse the whole file."""
        raise BadDelivery(f"Livraison « {self._name} » refusée, ligne {line} : {reason}. Rien n'a été chargé.")

    def _check_header(self, line: Line) -> None:
        expected = self._source.delimiter.join(self._columns)
        if b"\x00" in line.content or line.content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
            self.refuse(
                line.number, f"un texte en {self._source.encoding} était attendu, ce fichier est d'un autre jeu"
            )
        found = cells_or_none(line.content, self._source)
        if found == self._columns:
            return
        if cells_or_none(line.content.removeprefix(b"\xef\xbb\xbf"), self._source, "utf-8") == self._columns:
            self.refuse(line.number, f"un texte en {self._source.encoding} était attendu, ce fichier est en UTF-8")
        missing = [f"« {name} »" for name in self._columns if name not in (found or [])]
        if len(missing) == len(self._columns):
            self.refuse(line.number, f"l'en-tête « {expected} » était attendu, il manque")
        # what was found is not quoted: a file without header would show a person
        what = f"il manque {', '.join(missing)}" if missing else f"{len(found or [])} colonnes, ou un autre ordre"
        self.refuse(line.number, f"l'en-tête « {expected} » était attendu, trouvé autre chose : {what}")

    def _without_trailer(self, lines: list[Line]) -> list[Line]:
        last = lines[-1] if lines else self._lines[0]
        announced = self._announced(last) if lines else None
        form = f"{_TRAILER}{self._source.delimiter}<nombre de lignes>"
        if announced is None:
            earlier = [line.number for line in lines if self._announced(line) is not None]
            found = (
                f"la ligne {earlier[0]} a été suivie d'autres" if earlier else "elle manque : le fichier est incomplet"
            )
            self.refuse(last.number, f"une dernière ligne {form} était attendue, {found}")
        if announced != len(lines) - 1:
            self.refuse(last.number, f"{announced} lignes étaient annoncées, {len(lines) - 1} trouvées")
        return lines[:-1]

    def _announced(self, line: Line) -> int | None:
        cells = cells_or_none(line.content, self._source) or []
        while cells and not cells[-1]:
            cells.pop()
        return (
            int(cells[1])
            if len(cells) == 2 and cells[0] == _TRAILER and re.fullmatch(r"[0-9]{1,9}", cells[1])
            else None
        )


def _physical(content: bytes) -> Iterator[Line]:
    for number, line in enumerate(content.split(b"\n"), start=1):
        if line.strip():
            yield Line(number=number, content=line.removesuffix(b"\r"))


def cells_or_none(content: bytes, source: SourceRules, encoding: str | None = None) -> list[str] | None:
    """Return the cells of a line, or None when it cannot be read."""
    try:
        return cells(decoded(content, encoding or source.encoding), source.delimiter)
    except BadLine:
        return None


def decoded(content: bytes, encoding: str) -> str:
    """Return the text of a line; raises :class:`BadLine` when it is not of that encoding."""
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        reason = f"octet {error.start + 1} de la ligne inconnu en {encoding} : redemander le fichier"
        raise BadLine(BadRowCode.CHARACTERS, reason) from None
    if _CONTROL.search(text):
        raise BadLine(BadRowCode.CHARACTERS, "caractère de contrôle dans la ligne : redemander le fichier")
    return text


def cells(text: str, delimiter: str) -> list[str]:
    """Split one line alone; an open quotation mark is an error of this line."""
    try:
        return [cell.strip() for cell in next(csv.reader([text], delimiter=delimiter, strict=True))]
    except csv.Error:
        raise BadLine(BadRowCode.QUOTES, "guillemet mal placé ou non refermé") from None
