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
from orchestrator.drivers.deliveries_places import Places
from orchestrator.drivers.deliveries_rules import (
    BadLine,
    BadRow,
    BadRowCode,
    CaseRules,
    Record,
    refuse,
)
from orchestrator.drivers.deliveries_totals import Sum

_CHUNK = 1 << 16


def read_fixed_width(file: BinaryIO, case: CaseRules, source: FixedWidthSource) -> Iterator[Record | BadRow]:
    """Give every row, good or bad, in the order of the file; raises ``RefusedFile``."""
    frame, places = _Frame(source), Places(case, source)
    summed = Sum(source.total, case)
    for line, content in frame.rows(_lines(file, source)):
        try:
            _check_length(content, source.length)
            frame.check_kind(content)
            texts = places.texts(content)
            summed.add(texts)
        except BadLine as error:
            yield summed.without(error, line)
        else:
            yield Record(line=line, texts=texts, places=places.said)
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
        self._said: bytes | None = None
        self._known: str | None = None

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
        said = _slice(content, self._kinds.place)
        if said != self._said:  # most lines say the same as the one before
            self._said, self._known = said, self._decoded(said)
        return self._known

    def _decoded(self, said: bytes) -> str | None:
        try:
            return decode(said, self._source.encoding)
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
