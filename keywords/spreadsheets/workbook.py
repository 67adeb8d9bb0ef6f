"""RPA.Excel.Files at work, in the helper process: cells as JSON, amounts as texts of decimals, days as ISO dates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from orchestrator.domain.errors import BusinessException

_FORMATS = {"euros": '#,##0.00" €"', "date": "DD/MM/YYYY", "text": "@"}
#: Rows; a larger sheet is a delivery, which a scenario's source reads.
LONGEST = 100_000


def read(path: str, sheet: str) -> list[list[Any]]:
    """Return the cells of a sheet, each a text, a whole number, a truth, None, or ``{"number"|"date": text}``."""
    from RPA.Excel.Files import Files  # noqa: PLC0415 - only the helper process imports it

    book = Files()
    try:
        book.open_workbook(path, read_only=True)
        names = book.list_worksheets()
        if sheet not in names:
            raise BusinessException("FEUILLE", f"Pas de feuille « {sheet} » (feuilles : {', '.join(names)}).")
        rows = book.read_worksheet(sheet, header=False)
    except (ValueError, KeyError, OSError, BadZipFile, TypeError):
        why = f"« {Path(path).name} » n'est pas un classeur lisible (abîmé, protégé, ou d'un autre format)."
        raise BusinessException("FICHIER-ILLISIBLE", why) from None
    finally:
        book.close_workbook()
    if len(rows) > LONGEST:
        raise BusinessException("FICHIER-ILLISIBLE", f"« {sheet} » a plus de {LONGEST} lignes.")
    return [[_plain(cell) for cell in row.values()] for row in rows]


def write(path: str, sheet: str, head: Sequence[str], kinds: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Write one sheet: texts stay texts, amounts are numbers exact to the centime, days are real dates."""
    from RPA.Excel.Files import Files  # noqa: PLC0415

    book = Files()
    book.create_workbook(path, fmt="xlsx", sheet_name=sheet)
    try:
        cells = [[_cell(kind, value) for kind, value in zip(kinds, row, strict=True)] for row in rows]
        book.append_rows_to_worksheet([[_safe(title) for title in head], *cells], name=sheet)
        for column, kind in enumerate(kinds, start=1):
            for line in range(2, len(rows) + 2):
                if kind in _FORMATS:
                    book.set_cell_format(line, column, _FORMATS[kind], name=sheet)
        book.save_workbook()
    finally:
        book.close_workbook()


def _plain(cell: object) -> Any:  # noqa: ANN401 - JSON
    match cell:
        case None | bool() | int() | str():
            return cell
        case datetime():
            return {"date": cell.date().isoformat()}
        case date():
            return {"date": cell.isoformat()}
        case float() | Decimal():
            return {"number": str(Decimal(repr(cell)) if isinstance(cell, float) else cell)}
    return str(cell)


def _cell(kind: str, value: Any) -> object:  # noqa: ANN401 - JSON
    if value is None:
        return None
    match kind:
        case "euros":
            return Decimal(value).scaleb(-2)
        case "decimal":
            return Decimal(value)
        case "integer":
            return int(value)
        case "date":
            return date.fromisoformat(value)
    return _safe(value)


def _safe(text: str) -> str:
    """Keep a text that comes from elsewhere a text: no formula, no invisible character."""
    shown = "".join(c if c.isprintable() else "?" for c in text)
    return f"'{shown}" if shown.startswith(("=", "+", "-", "@")) else shown
