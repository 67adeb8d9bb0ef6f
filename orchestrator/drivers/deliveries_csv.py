"""CSV: one record is one physical line, decoded strictly by itself, so that a broken line never spoils or swallows its
neighbours. Source: DOMAIN §3.3.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from typing import BinaryIO, TypeAlias

from orchestrator.domain.sources import CsvSource
from orchestrator.drivers.deliveries_frame import Row, Trailer, check_header, may_end
from orchestrator.drivers.deliveries_lines import physical
from orchestrator.drivers.deliveries_rules import BadLine, BadRow, BadRowCode, CaseRules, Record, refuse
from orchestrator.drivers.deliveries_totals import Sum

#: The cells of a line, or what is wrong with it.
_Found: TypeAlias = list[str] | BadLine
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
#: What cp1252 writes where latin-1 has control characters: œ, €, ’.
_CP1252_ONLY = re.compile(r"[\x80-\x9f]")
_MARK = b"\xef\xbb\xbf"


def read_csv(file: BinaryIO, case: CaseRules, source: CsvSource) -> Iterator[Record | BadRow]:
    """Give every row, good or bad, in the order of the file; raises ``RefusedFile``."""
    lines = physical(file)
    first = next(lines, None)
    columns = [known.column for known in case.fields.values()]
    if first is None:
        refuse(1, f"un en-tête de {len(columns)} colonnes était attendu, le fichier est vide")
    _check_first(*first, columns, source)
    trailer: Trailer[_Found] = Trailer(source.delimiter, wanted=source.trailer_rows, total=source.total is not None)
    table = (_row(line, content, source) for line, content in lines)
    summed = Sum(source.total, case)
    for row in trailer.rows(table, first[0]):
        try:
            texts = dict(zip(case.fields, _sound(row.content, len(columns)), strict=True))
            summed.add(texts)
        except BadLine as error:
            yield summed.without(error, row.line)
        else:
            yield Record(line=row.line, texts=texts)
    if trailer.announced is not None:
        summed.check(trailer.announced.line, trailer.announced.total)


def _check_first(line: int, content: bytes, columns: list[str], source: CsvSource) -> None:
    """Refuse another encoding than the declared one, as far as the header shows it, then another header."""
    declared = source.encoding
    if b"\x00" in content or content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        refuse(line, f"un texte en {declared} était attendu, ce fichier est d'un autre jeu")
    if declared == "utf-8" and content.startswith(_MARK):
        refuse(line, "un texte en utf-8 sans marque était attendu, ce fichier commence par une marque d'ordre (BOM) : "
                     "écrire encoding: utf-8-sig si c'est voulu")  # fmt: skip
    if declared == "utf-8-sig":
        content = content.removeprefix(_MARK)
    found = _cells_or_none(content, source)
    if found != columns:
        for other in ("utf-8", "cp1252"):
            if other != declared and _cells_or_none(content.removeprefix(_MARK), source, other) == columns:
                said = {"utf-8": "UTF-8", "cp1252": "cp1252 (ou latin-1)"}[other]
                refuse(line, f"un texte en {declared} était attendu, ce fichier est en {said}")
    check_header(line, found, columns, source.delimiter)


def _row(line: int, content: bytes, source: CsvSource) -> Row[_Found]:
    """Read a line once: its cells, or what is wrong with it; those of a trailer are for the frame to look at."""
    try:
        found = _cells(_decoded(content, source.encoding), source.delimiter)
    except BadLine as error:
        return Row(line=line, content=error, cells=None)
    return Row(line=line, content=found, cells=[cell.strip() for cell in found] if may_end(found) else None)


def _sound(found: _Found, expected: int) -> list[str]:
    if isinstance(found, BadLine):
        raise found
    if len(found) != expected:
        raise BadLine(BadRowCode.COLUMNS, f"{expected} colonnes attendues, {len(found)} trouvées")
    return found


def _cells_or_none(content: bytes, source: CsvSource, encoding: str | None = None) -> list[str] | None:
    """Return the trimmed cells of a line, or None when it cannot be read."""
    try:
        return [cell.strip() for cell in _cells(_decoded(content, encoding or source.encoding), source.delimiter)]
    except BadLine:
        return None


def _decoded(content: bytes, encoding: str) -> str:
    """Return the text of a line; raises :class:`BadLine` when it is not of that encoding."""
    try:
        text = content.decode("utf-8" if encoding == "utf-8-sig" else encoding)
    except UnicodeDecodeError as error:
        reason = f"octet {error.start + 1} de la ligne inconnu en {encoding} : redemander le fichier"
        raise BadLine(BadRowCode.CHARACTERS, reason) from None
    if encoding == "iso8859-1" and _CP1252_ONLY.search(text):
        reason = "caractère que latin-1 n'a pas (œ, €, ’) : le fichier est sans doute en cp1252, à écrire sous encoding"
        raise BadLine(BadRowCode.CHARACTERS, reason)
    if _CONTROL.search(text):
        raise BadLine(BadRowCode.CHARACTERS, "caractère de contrôle dans la ligne : redemander le fichier")
    return text


def _cells(text: str, delimiter: str) -> list[str]:
    """Split one line alone; an open quotation mark is an error of this line."""
    if '"' not in text:
        return text.split(delimiter)
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error:
        raise BadLine(BadRowCode.QUOTES, "guillemet mal placé ou non refermé") from None
