"""ODS, one row at a time, straight from its ``content.xml`` (OASIS OpenDocument 1.2, part 1, chapter 9).

Repeats are unrolled only where something is written: a sheet ends with a million empty rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import IO, Any, BinaryIO

from orchestrator.drivers.deliveries_rules import refuse
from orchestrator.drivers.sheet_cells import BadCell, Cell, exact, refuse_hidden, refuse_merged, the_sheet, unpacked
from orchestrator.drivers.xml_events import events, forget

_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_NUMBERS = {"float", "currency", "percentage"}
#: Beyond, a repeated cell or row that holds something is no delivery.
_MOST_REPEATED = 1000


def ods_rows(file: BinaryIO, sheet: str | None) -> Iterator[tuple[int, list[Cell]]]:
    """Give the rows of a sheet that are not empty; raises ``RefusedFile``."""
    with unpacked(file, "OpenDocument (.ods)") as archive:
        with archive.open("content.xml") as part:
            place = the_sheet(_titles(part), sheet)
        with archive.open("content.xml") as part:
            yield from _rows(part, place)


def _titles(part: IO[bytes]) -> list[str]:
    titles = []
    for event, element in events(part, f"{_TABLE}table", f"{_TABLE}table-row"):
        if element.tag == f"{_TABLE}table-row":
            if event == "end":
                forget(element)
        elif event == "start":
            titles.append(element.get(f"{_TABLE}name", ""))
    return titles


def _rows(part: IO[bytes], place: int) -> Iterator[tuple[int, list[Cell]]]:
    table, number = -1, 0
    for event, element in events(part, f"{_TABLE}table", f"{_TABLE}table-row"):
        if element.tag == f"{_TABLE}table":
            table += event == "start"
            continue
        if event == "start":
            continue
        if table == place:
            times = _times(element, "number-rows-repeated")
            cells = _cells(element, number + 1)
            if cells:
                if element.get(f"{_TABLE}visibility") in {"collapse", "filter"}:
                    refuse_hidden([number + 1])
                if times > _MOST_REPEATED:
                    refuse(number + 1, "ligne répétée plus de mille fois : ce n'est pas une livraison")
                yield from ((number + one, list(cells)) for one in range(1, times + 1))
            number += times
        forget(element)


def _cells(row: Any, line: int) -> list[Cell]:  # noqa: ANN401
    """Return the cells up to the last that holds something."""
    found: list[Cell] = []
    empty = 0
    for element in row.iterchildren(f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
        times, cell = _times(element, "number-columns-repeated"), _cell(element)
        spans = [element.get(f"{_TABLE}number-{what}-spanned", "1") for what in ("columns", "rows")]
        if spans != ["1", "1"] or element.tag.endswith("covered-table-cell"):
            refuse_merged(line)
        if cell.empty:
            empty += times
            continue
        if empty + times > _MOST_REPEATED:
            refuse(line, "plus de mille colonnes : ce n'est pas une livraison")
        found += [Cell(value=None)] * empty + [cell] * times
        empty = 0
    return found


def _times(element: Any, what: str) -> int:  # noqa: ANN401
    return int(element.get(f"{_TABLE}{what}", "1"))


def _cell(element: Any) -> Cell:  # noqa: ANN401
    kind = element.get(f"{_OFFICE}value-type")
    shown = "\n".join(_said(each) for each in element.iterchildren(f"{_TEXT}p"))
    if kind is None:
        return Cell(value=shown or None)
    if kind == "string":
        return Cell(value=element.get(f"{_OFFICE}string-value", shown))
    if kind == "boolean":
        return Cell(value=element.get(f"{_OFFICE}boolean-value") == "true")
    try:
        return _date(element) if kind == "date" else _number(element, kind, shown)
    except (ValueError, InvalidOperation):
        return Cell(value=BadCell())


def _date(element: Any) -> Cell:  # noqa: ANN401
    text = element.get(f"{_OFFICE}date-value", "")
    return Cell(value=datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text))


def _number(element: Any, kind: str, shown: str) -> Cell:  # noqa: ANN401
    if kind not in _NUMBERS:
        return Cell(value=BadCell())
    number = exact(float(Decimal(element.get(f"{_OFFICE}value", ""))))
    zeros = re.fullmatch(r"0[0-9]+", shown) and Decimal(shown) == number
    return Cell(value=number, padded=shown if zeros else "")


def _said(element: Any) -> str:  # noqa: ANN401
    """The text of a paragraph; spaces, tabs and line breaks are elements of their own."""
    said = element.text or ""
    for child in element.iterchildren():
        if child.tag == f"{_TEXT}s":
            said += " " * min(int(child.get(f"{_TEXT}c", "1")), _MOST_REPEATED)
        elif child.tag == f"{_TEXT}tab":
            said += "\t"
        elif isinstance(child.tag, str) and "annotation" not in child.tag:
            said += _said(child)
        said += child.tail or ""
    return said
