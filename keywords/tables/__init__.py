"""Tables: read, filter, group and sum, join, compare. Amounts are exact; pandas does the work, in whole centimes."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from typing import Any

from keywords.files.models import FoundFile
from keywords.tables import frames
from keywords.tables.models import Column, Comparison, Table
from orchestrator.domain.errors import BusinessException
from orchestrator.domain.keywords import compute, extract
from orchestrator.domain.money import Euros
from orchestrator.domain.ports import Workshop

#: Bytes; a larger file is a delivery, which a scenario's source reads.
LARGEST = 20_000_000


@extract("tables.read", "Lignes typées d'un fichier CSV.")
async def read(
    workshop: Workshop, *, file: FoundFile, columns: str, delimiter: str = ";", encoding: str = "utf-8-sig"
) -> Table:
    """Read a CSV file whose first line names its columns; ``columns`` says which are wanted and their types.

    Raises ``BusinessException`` COLONNE (a column is missing), CELLULE (a cell is not of its type: line and column are
    said, never the content), FICHIER-ILLISIBLE (encoding, too large, ragged lines). Amounts are read to the centime.
    Example: ``extract: tables.read`` with ``file: ${found.first}`` and ``columns: "Dossier: text, Montant: euros"``.
    """
    path = file.path(workshop)
    if file.size > LARGEST:
        raise BusinessException("FICHIER-ILLISIBLE", f"« {file.name} » dépasse {LARGEST // 1_000_000} Mo.")
    try:
        text = path.read_text(encoding=encoding)
        lines = list(csv.reader(text.splitlines(), delimiter=delimiter, strict=True))
    except (UnicodeDecodeError, LookupError, csv.Error, TypeError) as error:
        why = f"« {file.name} » ne se lit pas en {encoding}, séparateur « {delimiter} » ({type(error).__name__})."
        raise BusinessException("FICHIER-ILLISIBLE", why) from None
    return chosen(lines, Column.all(columns))


@compute("tables.of", "Tableau fait des lignes lues dans une application.")
def of(*, rows: list[Any], columns: str) -> Table:
    """Make a table of what a keyword has read; columns name the fields of its rows, in order.

    Raises ``BusinessException`` COLONNE for a field that the rows do not have.
    Example: ``compute: tables.of`` with ``rows: ${entries}`` and ``columns: "reference: text, amount: euros"``.
    """
    wanted = Column.all(columns)
    return Table(columns=wanted, rows=tuple(tuple(_field(row, column) for column in wanted) for row in rows))


@compute("tables.where", "Lignes dont une colonne a une valeur.")
def where(*, table: Table, column: str, value: str) -> Table:
    """Keep the rows whose cell equals the value, read as the column's type; an empty value keeps empty cells.

    Example: ``compute: tables.where`` with ``table: ${ledger}``, ``column: État`` and ``value: PROPOSEE``.
    """
    place = table.place(column)
    try:
        wanted = table.columns[place].read(value)
    except ValueError as error:
        raise BusinessException("CELLULE", f"« {column} » : {error}.") from None
    return table.with_rows([row for row in table.rows if row[place] == wanted])


@compute("tables.total", "Somme exacte d'une colonne de montants.")
def total(*, table: Table, column: str) -> Euros:
    """Return the sum of a column of euros; empty cells count for nothing.

    Example: ``compute: tables.total`` with ``table: ${ledger}`` and ``column: Montant``.
    """
    place = table.place(column)
    if table.columns[place].type != "euros":
        raise BusinessException("COLONNE", f"« {column} » n'est pas une colonne de montants (euros).")
    return Euros(sum(cell.centimes for cell in table.values(column) if cell is not None))


@compute("tables.grouped", "Nombre de lignes, et somme exacte d'une colonne, par valeur d'une autre.")
def grouped(*, table: Table, by: str, total: str) -> Table:
    """Group rows: a row for each value of ``by``, with ``Lignes`` and the exact sum of the column of euros.

    Example: ``compute: tables.grouped`` with ``table: ${ledger}``, ``by: État`` and ``total: Montant``.
    """
    return frames.grouped(table, by, total)


@compute("tables.joined", "Deux tableaux réunis par une colonne commune.")
def joined(*, left: Table, right: Table, on: str) -> Table:
    """Join two tables on a column that both have: each left row with the columns of its right row, empty without one.

    Raises ``BusinessException`` CLE-DOUBLE when a key stands twice on the right.
    Example: ``compute: tables.joined`` with ``left: ${a}``, ``right: ${b}`` and ``on: Dossier``.
    """
    _once(right, on, "droite")
    return frames.joined(left, right, on)


@compute("tables.compared", "Rapprochement de deux tableaux : lignes manquantes, en trop, différentes.")
def compared(*, left: Table, right: Table, key: str) -> Comparison:
    """Compare two tables by a key column, on every other column that both have.

    Raises ``BusinessException`` CLE-DOUBLE when a key stands twice, CLE-VIDE when one is empty.
    Example: ``compute: tables.compared`` with ``left: ${extract}``, ``right: ${ledger}`` and ``key: Référence``, then
    ``C-21: comparison.equal``.
    """
    _once(left, key, "gauche")
    _once(right, key, "droite")
    return frames.compared(left, right, key)


def chosen(lines: Sequence[Sequence[object]], columns: tuple[Column, ...]) -> Table:
    """Return the wanted columns of lines whose first names them; empty lines at the end are left out."""
    head = [str(cell or "").strip() for cell in lines[0]] if lines else []
    absent = [column.name for column in columns if head.count(column.name) != 1]
    if absent:
        raise BusinessException("COLONNE", f"Colonne absente, ou présente deux fois : {', '.join(absent)}.")
    places = [head.index(column.name) for column in columns]
    body = list(lines[1:])
    while body and not any(cell not in (None, "") for cell in body[-1]):
        body.pop()
    ragged = next((number for number, line in enumerate(body, start=2) if len(line) != len(head)), None)
    if ragged is not None:
        raise BusinessException("FICHIER-ILLISIBLE", f"Ligne {ragged} : {len(head)} colonnes attendues.")
    return Table(columns=columns, rows=tuple(tuple(line[place] for place in places) for line in body))


def _field(row: object, column: Column) -> object:
    found = row.get(column.name, ...) if isinstance(row, dict) else getattr(row, column.name, ...)
    if found is ...:
        raise BusinessException("COLONNE", f"Les lignes n'ont pas de champ « {column.name} ».")
    return found


def _once(table: Table, key: str, side: str) -> None:
    counted = Counter(table.values(key))
    if counted[None]:
        raise BusinessException("CLE-VIDE", f"Colonne « {key} » à {side} : {counted[None]} clé(s) vide(s).")
    twice = sum(count > 1 for count in counted.values())
    if twice:
        raise BusinessException("CLE-DOUBLE", f"Colonne « {key} » à {side} : {twice} clé(s) présente(s) deux fois.")
