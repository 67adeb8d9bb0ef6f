"""XLSX through openpyxl, read-only: one row at a time, both date systems, what formulas gave last.

Hidden rows and merged cells are looked for first, in the sheet's own part: openpyxl does not tell them when it reads only.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, BinaryIO
from zipfile import ZipFile

import openpyxl

from orchestrator.drivers.sheet_cells import BadCell, Cell, exact, refuse_hidden, refuse_merged, the_sheet, unpacked
from orchestrator.drivers.xml_events import elements

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def excel_rows(file: BinaryIO, sheet: str | None) -> Iterator[tuple[int, list[Cell]]]:
    """Give the rows of a sheet that are not empty; raises ``RefusedFile``."""
    with unpacked(file, "Excel (.xlsx)") as archive:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        title = book.sheetnames[the_sheet(book.sheetnames, sheet)]
        _check_shown(archive, title)
        for number, row in enumerate(book[title].iter_rows(), start=1):
            cells = [_cell(cell) for cell in row]
            if any(not cell.empty for cell in cells):
                yield number, cells


def _cell(cell: Any) -> Cell:  # noqa: ANN401 - openpyxl's read-only cell, or its empty one
    value = cell.value
    if value is None or (isinstance(value, str | bool | date) and cell.data_type != "e"):
        return Cell(value=value)
    if isinstance(value, int | float):
        number = exact(value)
        return Cell(value=number, padded=_padded(number, str(cell.number_format)))
    return Cell(value=BadCell())


def _padded(number: Decimal, form: str) -> str:
    """Return the digits that a format such as ``000000000`` shows."""
    shows = len(form) > 1 and set(form) == {"0"} and number >= 0 and number == number.to_integral_value()
    return f"{number:f}".zfill(len(form)) if shows else ""


def _check_shown(archive: ZipFile, title: str) -> None:
    hidden = []
    with archive.open(_part(archive, title)) as part:
        for element in elements(part, f"{_MAIN}row", f"{_MAIN}mergeCell"):
            if element.tag == f"{_MAIN}mergeCell":
                refuse_merged(int("".join(c for c in element.get("ref", "1").partition(":")[0] if c.isdigit())))
            elif element.get("hidden") in {"1", "true"}:
                hidden.append(int(element.get("r", "1")))
    refuse_hidden(hidden)


def _part(archive: ZipFile, title: str) -> str:
    """Return the name of the part that holds a sheet."""
    with archive.open("xl/workbook.xml") as part:
        known = {each.get("name"): each.get(_RELATION) for each in elements(part, f"{_MAIN}sheet")}
    with archive.open("xl/_rels/workbook.xml.rels") as part:
        targets = {each.get("Id"): each.get("Target", "") for each in elements(part, "{*}Relationship")}
    return posixpath.normpath(posixpath.join("/xl", targets[known[title]])).lstrip("/")
