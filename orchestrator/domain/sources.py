"""Where cases come from, as declared: how a file is written, field by field, and what a bad row does to it.

The language compiles these values, the drivers read by them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

BadRows = Literal["set aside", "refuse the file"]


class Sign(StrEnum):
    """How a fixed-width number writes its sign."""

    #: None: positive.
    NONE = "none"
    #: ``+``, ``-`` or a blank before the digits.
    LEADING = "leading"
    #: ``+``, ``-`` or a blank after the digits.
    TRAILING = "trailing"
    #: In the last digit, as COBOL's zoned decimals: ``{`` is +0, ``}`` is -0.
    OVERPUNCH = "overpunch"
    #: Two digits a byte, the sign in the last half (COMP-3).
    PACKED = "packed"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a value stands in a fixed-width line, and how it is written."""

    #: First byte, from 1.
    start: int
    #: Bytes.
    length: int
    #: Of a date, e.g. ``AAAAMMJJ``; None otherwise.
    format: str | None = None
    #: Implied decimals of a number; None when it is no number.
    decimals: int | None = None
    #: Of a number.
    sign: Sign = Sign.NONE


@dataclass(frozen=True, kw_only=True)
class Total:
    """A control total: the exact sum of one field over all rows."""

    #: The field, of type ``euros``.
    of: str
    #: Where a fixed-width trailer writes it.
    place: Place | None = None
    #: Where an XML file writes it.
    path: str = ""


@dataclass(frozen=True, kw_only=True)
class CsvSource:
    """Delimited text with a header."""

    #: Pattern of the file name.
    pattern: str
    #: Encoding, as Python names it; ``utf-8-sig`` begins with its mark.
    encoding: str
    #: One character.
    delimiter: str
    #: True when the last line is ``FIN;<number of rows>``.
    trailer_rows: bool
    #: What a bad row does to the delivery.
    bad_rows: BadRows
    #: The total that follows the number of rows, ``FIN;<rows>;<total>``.
    total: Total | None = None


@dataclass(frozen=True, kw_only=True)
class SheetSource:
    """One sheet of a workbook, with a header."""

    #: Which program wrote it.
    kind: Literal["excel", "ods"]
    #: Pattern of the file name.
    pattern: str
    #: Title of the sheet; None: the only one.
    sheet: str | None
    #: Row of the header, from 1.
    header: int
    #: True when the last row is ``FIN``, number of rows.
    trailer_rows: bool
    #: What a bad row does to the delivery.
    bad_rows: BadRows
    #: The total in the third cell of the last row.
    total: Total | None = None


@dataclass(frozen=True, kw_only=True)
class RecordKinds:
    """How the lines of a fixed-width file say what they are."""

    #: Where they say it.
    place: Place
    #: What a header says; empty: there is none.
    header: str
    #: What a row says.
    detail: str
    #: What a trailer says; empty: there is none.
    trailer: str


@dataclass(frozen=True, kw_only=True)
class FixedWidthSource:
    """Lines of one length, each value at its place; one character is one byte."""

    #: Pattern of the file name.
    pattern: str
    #: Encoding, as Python names it, or ``cp297``, ``cp1147``.
    encoding: str
    #: Bytes of a line, without its end.
    length: int
    #: False when lines follow each other without any end, as mainframes write them.
    line_ends: bool
    #: Where each field stands.
    places: Mapping[str, Place]
    #: None: every line is a row.
    records: RecordKinds | None
    #: Where the trailer writes the number of rows.
    rows: Place | None
    #: Where the trailer writes a total.
    total: Total | None
    #: What a bad row does to the delivery.
    bad_rows: BadRows


@dataclass(frozen=True, kw_only=True)
class XmlSource:
    """A repeated element, each value under it or beside it."""

    #: Pattern of the file name.
    pattern: str
    #: Namespace of every element; empty: none.
    namespace: str
    #: Path of the element that is one row, from the root's name on: ``Document/…/TxDtls``.
    each: str
    #: Path of an element above it that holds one at least: ``Document/…/Ntry``; one without any is a bad row. Empty: none.
    within: str
    #: Path of each field from that element: ``Refs/EndToEndId``, ``Amt/@Ccy``, ``../BookgDt/Dt``.
    paths: Mapping[str, str]
    #: Path of the announced number of rows, or of elements ``within`` when these are named; empty: none.
    rows: str
    #: The announced total.
    total: Total | None
    #: What a bad row does to the delivery.
    bad_rows: BadRows


@dataclass(frozen=True, kw_only=True)
class DsnSource:
    """Lines of a DSN, ``S21.G00.30.001,'value'``: one row for each block of one kind."""

    #: Pattern of the file name.
    pattern: str
    #: The block that is one row: ``S21.G00.60``.
    each: str
    #: The blocks above it, from the outermost: what they say holds until they begin again.
    within: tuple[str, ...]
    #: The rubric of each field: ``S21.G00.30.001``.
    rubrics: Mapping[str, str]
    #: What a bad row does to the delivery.
    bad_rows: BadRows


@dataclass(frozen=True, kw_only=True)
class ApiSource:
    """Rows that a machine sends to the console."""

    #: What deliveries are called, after the machine that sends them.
    name: str
    #: What a bad row does to the delivery.
    bad_rows: BadRows


FileSource = CsvSource | SheetSource | FixedWidthSource | XmlSource | DsnSource


@dataclass(frozen=True, kw_only=True)
class CasesSource:
    """Cases that another scenario ended under a name, on the day of the run (ADR 44)."""

    #: The other scenario.
    scenario: str
    #: The end.
    ended: str
    #: The field of the other scenario's case that each field is, by field.
    parts: Mapping[str, str]
    #: What a bad row does to the delivery.
    bad_rows: BadRows
