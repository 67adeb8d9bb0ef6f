"""Fixed width: each value at its bytes, in French EBCDIC or not, with a header and a trailer that counts and sums.

One character is one byte. A line of another length is set aside with its number, the others go on; without line ends nobody
could tell where the next one begins, so the file is then refused. Source: DOMAIN §3.3, C14.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from orchestrator.domain.ebcdic import decode, is_ebcdic
from orchestrator.domain.sources import FixedWidthSource, Place
from orchestrator.drivers.deliveries_frame import check_count
from orchestrator.drivers.deliveries_numbers import french, number_in
from orchestrator.drivers.deliveries_rules import (
    BadLine,
    BadRow,
    BadRowCode,
    CaseRules,
    FieldRules,
    Record,
    bad_value,
    refuse,
)
from orchestrator.drivers.deliveries_totals import Sum

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CHUNK = 1 << 16
#: How dates are written, and in which order their parts stand.
DATE_FORMATS = {
    "AAAAMMJJ": re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})", re.ASCII),
    "JJMMAAAA": re.compile(r"(?P<d>\d{2})(?P<m>\d{2})(?P<y>\d{4})", re.ASCII),
    "JJ/MM/AAAA": re.compile(r"(?P<d>\d{2})/(?P<m>\d{2})/(?P<y>\d{4})", re.ASCII),
    "AAAA-MM-JJ": re.compile(r"(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})", re.ASCII),
}


def read_fixed_width(file: BinaryIO, case: CaseRules, source: FixedWidthSource) -> Iterator[Record | BadRow]:
    """Give every row, good or bad, in the order of the file; raises ``RefusedFile``."""
    frame = _Frame(source)
    summed = Sum(source.total, case)
    for line, content in frame.rows(_lines(file, source)):
        try:
            _check_length(content, source.length)
            frame.check_kind(content)
            texts = {name: _text(content, source, name, rules) for name, rules in case.fields.items()}
            summed.add(texts)
        except BadLine as error:
            yield summed.without(error, line)
        else:
            yield Record(line=line, texts=texts)
    frame.check_trailer(summed)


def _check_length(content: bytes, expected: int) -> None:
    if len(content) != expected:
        raise BadLine(BadRowCode.LENGTH, f"ligne de {expected} octets attendue, {len(content)} trouvés")


class _Frame:
    """Header and trailer, when lines say what they are."""

    def __init__(self, source: FixedWidthSource) -> None:
        self._source = source
        self._kinds = source.records
        self._trailer: tuple[int, bytes] | None = None
        self._rows = 0
        self._last = 1

    def rows(self, lines: Iterator[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
        """Give the lines that should be rows; raises ``RefusedFile`` without header, or after the trailer."""
        header = self._kinds.header if self._kinds else ""
        for self._last, content in lines:
            if self._trailer is not None:
                refuse(self._last, f"rien n'était attendu après le trailer de la ligne {self._trailer[0]}")
            kind = self._kind(content)
            if header:
                if kind != header:
                    refuse(self._last, f"un en-tête « {header} » était attendu")
                header = ""
            elif self._kinds and self._kinds.trailer and kind == self._kinds.trailer:
                self._trailer = (self._last, content)
            else:
                self._rows += 1
                yield self._last, content
        if header:
            refuse(1, f"un en-tête « {header} » était attendu, le fichier est vide")

    def check_kind(self, content: bytes) -> None:
        """Raise :class:`BadLine` for a line that is no row; what it says is not quoted."""
        if self._kinds and self._kind(content) != self._kinds.detail:
            raise BadLine(
                BadRowCode.RECORD, f"type de ligne inconnu : « {self._kinds.detail} » attendu pour un dossier"
            )

    def check_trailer(self, summed: Sum) -> None:
        """Refuse a file whose trailer is absent, or says another count or total."""
        if not self._kinds or not self._kinds.trailer:
            return
        if self._trailer is None:
            message = f"un trailer « {self._kinds.trailer} » était attendu, il manque : le fichier est incomplet"
            refuse(self._last, message)
        line, content = self._trailer
        if self._source.rows is not None:
            check_count(line, int(self._number(line, content, self._source.rows, "un nombre de lignes")), self._rows)
        if self._source.total is not None and self._source.total.place is not None:
            summed.check(line, self._number(line, content, self._source.total.place, "un total"))

    def _kind(self, content: bytes) -> str | None:
        if self._kinds is None:
            return None
        try:
            return decode(_slice(content, self._kinds.place), self._source.encoding)
        except UnicodeDecodeError:
            return None

    def _number(self, line: int, content: bytes, place: Place, what: str) -> str:
        try:
            return french(number_in(_slice(content, place), place, self._source.encoding), place)
        except ValueError:
            refuse(line, f"{what} était attendu dans le trailer, il ne se lit pas")


def _lines(file: BinaryIO, source: FixedWidthSource) -> Iterator[tuple[int, bytes]]:
    return _ended(file, source) if source.line_ends else _joined(file, source)


def _joined(file: BinaryIO, source: FixedWidthSource) -> Iterator[tuple[int, bytes]]:
    """Lines without ends: the file must be a whole number of them."""
    number = 0
    while content := file.read(source.length):
        number += 1
        if len(content) != source.length:
            refuse(
                number,
                f"des lignes de {source.length} octets sans fin de ligne étaient attendues, il reste {len(content)} octets",
            )
        yield number, content


def _ended(file: BinaryIO, source: FixedWidthSource) -> Iterator[tuple[int, bytes]]:
    """Lines with ends; mainframes write NEL or LF, others LF or CR LF."""
    ends = re.compile(rb"\r?[\x15\x25]" if is_ebcdic(source.encoding) else rb"\r?\n")
    number, rest, longest = 0, b"", 4 * source.length + _CHUNK
    while chunk := file.read(_CHUNK):
        *whole, rest = ends.split(rest + chunk)
        for content in whole:
            number += 1
            yield number, content
        if len(rest) > longest:
            refuse(number + 1, f"des lignes de {source.length} octets étaient attendues, aucune fin de ligne trouvée")
    if rest and rest != b"\x1a":  # an end of file as DOS wrote it
        yield number + 1, rest.removesuffix(b"\r")


def _slice(content: bytes, place: Place) -> bytes:
    return content[place.start - 1 : place.start - 1 + place.length]


def _text(content: bytes, source: FixedWidthSource, name: str, rules: FieldRules) -> str:
    """Return what a French CSV would hold for a field."""
    place = source.places[name]
    found = _slice(content, place)
    try:
        if place.decimals is not None:
            return french(number_in(found, place, source.encoding), place)
        text = decode(found, source.encoding).strip()
    except UnicodeDecodeError:
        reason = f"octet inconnu en {source.encoding} dans la colonne « {rules.column} » : redemander le fichier"
        raise BadLine(BadRowCode.CHARACTERS, reason) from None
    except ValueError as error:
        raise bad_value(rules, error) from None
    if _CONTROL.search(text):
        reason = f"caractère de contrôle dans la colonne « {rules.column} » : redemander le fichier"
        raise BadLine(BadRowCode.CHARACTERS, reason)
    return _date(text, place.format, rules) if place.format else text


def _date(text: str, form: str, rules: FieldRules) -> str:
    if not text:
        return ""
    found = DATE_FORMATS[form].fullmatch(text)
    if not found:
        raise bad_value(rules, f"date attendue au format {form}")
    return f"{found['d']}/{found['m']}/{found['y']}"
