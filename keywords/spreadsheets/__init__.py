"""Workbooks: a sheet as typed rows, and rows as a sheet; amounts exact, days real, no formula from anybody's text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from keywords.files import placed
from keywords.files.models import FoundFile
from keywords.spreadsheets import workbook
from keywords.tables import chosen
from keywords.tables.models import Column, Table
from orchestrator.domain.errors import BusinessException
from orchestrator.domain.keywords import extract, hand_over
from orchestrator.domain.money import Euros
from orchestrator.domain.personal import Masked
from orchestrator.domain.ports import Workshop

#: A whole number this long has lost digits, or will: an identifier must be a text.
_TOO_LONG = 10**11


@extract("spreadsheets.read", "Lignes typées d'une feuille d'un classeur Excel.")
async def read(workshop: Workshop, *, file: FoundFile, sheet: str, columns: str) -> Table:
    """Read a sheet whose first line names its columns; ``columns`` says which are wanted and their types.

    Raises ``BusinessException`` FICHIER-ILLISIBLE, FEUILLE, COLONNE, CELLULE. A NIR or a number that Excel has turned into
    ``1,85026E+14`` is refused, an amount with a part of a centime too: nothing is guessed.
    Example: ``extract: spreadsheets.read`` with ``file: ${found.first}``, ``sheet: Dossiers`` and
    ``columns: "Dossier: text, Montant: euros"``.
    """
    wanted = Column.all(columns)
    cells = await workshop.run(workbook.read, path=str(file.path(workshop)), sheet=sheet)
    kinds = {column.name: column.type for column in wanted}
    head = [str(title or "").strip() for title in cells[0]] if cells else []
    lines = [
        [_typed(number, title, kinds.get(title), cell) for title, cell in zip(head, line, strict=False)]
        for number, line in enumerate(cells[1:], start=2)
    ]
    return chosen([head, *lines], wanted)


@hand_over("spreadsheets.write", "Classeur Excel fait d'un tableau, dans un dossier déclaré.", visible=True)
async def write(workshop: Workshop, *, folder: str, name: str, sheet: str, table: Table) -> FoundFile:
    """Write a table as a workbook of one sheet, never over another file: amounts as exact numbers, days as real dates.

    Raises ``BusinessException`` PERSONNEL for a column of personal values, FICHIER-PRESENT. A text that looks like a
    formula stays a text.
    Example: ``spreadsheets.write    folder=bordereaux    name=ecarts.xlsx    sheet=Écarts    table=${t}    effect_key=ecarts``.
    """
    if any(isinstance(cell, Masked) for row in table.rows for cell in row):
        raise BusinessException("PERSONNEL", f"« {name} » : une colonne personnelle ne s'écrit pas dans un classeur.")
    draft = workshop.drafts() / "classeur.xlsx"
    await workshop.run(
        workbook.write,
        path=str(draft),
        sheet=sheet,
        head=[column.name for column in table.columns],
        kinds=[column.type for column in table.columns],
        rows=[[_json(cell) for cell in row] for row in table.rows],
    )
    return placed(workshop, folder, name, draft)


def _typed(number: int, title: str, kind: str | None, cell: Any) -> object:  # noqa: ANN401 - JSON
    """Return a cell as its column reads it; numbers of Excel are exact again, or refused."""
    if isinstance(cell, Mapping) and "date" in cell:
        return cell["date"]
    if isinstance(cell, bool):
        return "oui" if cell else "non"
    figure = cell["number"] if isinstance(cell, Mapping) else str(cell) if isinstance(cell, int) else None
    if figure is None or kind is None:
        return cell
    exact = Decimal(figure)
    if kind == "euros":
        centimes = exact.scaleb(2)
        if centimes != centimes.to_integral_value() or abs(centimes) >= _TOO_LONG * 1000:
            raise _refused(number, title, "un montant au centime est attendu")
        return Euros(int(centimes))
    if kind in {"integer", "decimal"}:
        return str(exact.normalize()) if not re.search("[eE]", str(exact.normalize())) else str(int(exact))
    if abs(exact) >= _TOO_LONG or exact != exact.to_integral_value():
        raise _refused(number, title, "texte abîmé par un tableur (nombre) : redemander le fichier en texte")
    return str(int(exact))


def _refused(number: int, title: str, why: str) -> BusinessException:
    return BusinessException("CELLULE", f"Ligne {number}, colonne « {title} » : {why}.")


def _json(cell: object) -> str | int | None:
    match cell:
        case None | str() | int():
            return cell
        case Euros():
            return cell.centimes
    return cell.isoformat() if hasattr(cell, "isoformat") else str(cell)
