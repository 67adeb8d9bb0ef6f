"""Workbooks: a sheet's rows as what a French CSV would hold, nothing guessed from what a spreadsheet lost.

A spreadsheet keeps numbers, not texts: leading zeros, the last digits of a long number and the day of an ambiguous date are
gone before we read. Whatever may have been lost is set aside with its reason. Source: DOMAIN §3.2, §3.3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import BinaryIO, Literal

from orchestrator.domain.sources import SheetSource
from orchestrator.drivers.deliveries_excel import excel_rows
from orchestrator.drivers.deliveries_frame import Row, Trailer, check_header
from orchestrator.drivers.deliveries_ods import ods_rows
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
from orchestrator.drivers.sheet_cells import Cell

_READERS: Mapping[Literal["excel", "ods"], Callable[[BinaryIO, str | None], Iterator[tuple[int, list[Cell]]]]] = {
    "excel": excel_rows,
    "ods": ods_rows,
}
_NUMBERS = {"euros", "decimal", "integer"}
_NIR = (
    "NIR enregistré comme un nombre par un tableur (1,85026E+14) : redemander le fichier, cette colonne au format Texte"
)
_ZEROS = (
    "nombre dans une colonne de texte, des zéros de tête ont pu être perdus : redemander le fichier, cette colonne au "
    "format Texte"
)


def read_sheet(file: BinaryIO, case: CaseRules, source: SheetSource) -> Iterator[Record | BadRow]:
    """Give every row, good or bad, in the order of the sheet; raises ``RefusedFile``."""
    columns = [known.column for known in case.fields.values()]
    rows = ((line, _without_tail(cells)) for line, cells in _READERS[source.kind](file, source.sheet))
    _check_header(next((row for row in rows if row[0] >= source.header), None), columns, source.header)
    trailer: Trailer[list[Cell]] = Trailer(" | ", wanted=source.trailer_rows, total=source.total is not None)
    table = (Row(line=line, content=cells, cells=[_shown(cell) for cell in cells]) for line, cells in rows if cells)
    summed = Sum(source.total, case)
    for row in trailer.rows(table, source.header):
        try:
            texts = _texts(row.content, case)
            summed.add(texts)
        except BadLine as error:
            yield summed.without(error, row.line)
        else:
            yield Record(line=row.line, texts=texts)
    if trailer.announced is not None:
        summed.check(trailer.announced.line, trailer.announced.total)


def _without_tail(cells: list[Cell]) -> list[Cell]:
    while cells and cells[-1].empty:
        cells.pop()
    return cells


def _check_header(found: tuple[int, list[Cell]] | None, columns: Sequence[str], header: int) -> None:
    if found is None or found[0] != header:
        refuse(header, f"un en-tête de {len(columns)} colonnes était attendu, la ligne est vide")
    check_header(header, [_shown(cell).strip() for cell in found[1]], columns, " | ")


def _shown(cell: Cell) -> str:
    """What the frame needs of a cell: text, whole number or amount."""
    if isinstance(cell.value, Decimal):
        return _plain(cell.value)
    return cell.value.strip() if isinstance(cell.value, str) else ""


def _texts(cells: Sequence[Cell], case: CaseRules) -> dict[str, str]:
    if len(cells) > len(case.fields):
        raise BadLine(BadRowCode.COLUMNS, f"{len(case.fields)} colonnes attendues, {len(cells)} trouvées")
    padded = [*cells, *(Cell(value=None) for _ in range(len(case.fields) - len(cells)))]
    return {name: _text(cell, rules) for cell, (name, rules) in zip(padded, case.fields.items(), strict=True)}


def _text(cell: Cell, rules: FieldRules) -> str:
    match cell.value:
        case None:
            return ""
        case str():
            return cell.value
        case bool():
            return "oui" if cell.value else "non"
        case datetime() | date():
            return _date(cell.value, rules)
        case Decimal():
            return _number(cell, cell.value, rules)
    raise bad_value(rules, "cellule en erreur, ou heure : une valeur simple était attendue")


def _date(value: date, rules: FieldRules) -> str:
    if rules.type not in {"date", "partial_date"}:
        raise bad_value(rules, "une date du tableur ne va que dans une colonne de dates")
    if isinstance(value, datetime) and value.time() != datetime.min.time():
        raise bad_value(rules, "date sans heure attendue")
    return f"{value:%d/%m/%Y}"


def _number(cell: Cell, value: Decimal, rules: FieldRules) -> str:
    """A binary float is rounded as the spreadsheet shows it, to 15 digits; beyond the centime an amount is refused."""
    if rules.type not in _NUMBERS:
        if rules.type != "nir" and cell.padded:
            return cell.padded
        wrong = "un nombre à la place d'une date" if rules.type in {"date", "partial_date"} else _ZEROS
        raise bad_value(rules, _NIR if rules.type == "nir" else wrong)
    if rules.type == "integer" and value != value.to_integral_value():
        raise bad_value(rules, "nombre entier attendu")
    if rules.type == "euros" and value != round(value, 2):
        raise bad_value(rules, "montant à plus de deux décimales : le tableur l'arrondit à l'affichage")
    return _plain(value)


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace(".", ",")
