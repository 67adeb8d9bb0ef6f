"""The same tables as frames of pandas: every cell an object, so that nothing is guessed and no amount becomes a float."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keywords.tables.models import Column, Comparison, Difference, Table, written
from orchestrator.domain.errors import BusinessException
from orchestrator.domain.money import Euros

if TYPE_CHECKING:
    import pandas as pd


def grouped(table: Table, by: str, total: str) -> Table:
    """Return how many rows, and their exact sum, for each value of a column, in the order of their first rows."""
    if table.columns[table.place(total)].type != "euros":
        raise BusinessException("COLONNE", f"« {total} » n'est pas une colonne de montants (euros).")
    kind = table.columns[table.place(by)]
    frame = _frame(table)
    frame["centimes"] = frame[total].map(lambda cell: 0 if cell is None else cell.centimes).astype(object)
    rows = [
        (None if _missing(value) else value, len(cells), Euros(sum(cells["centimes"])))
        for value, cells in frame.groupby(by, sort=False, dropna=False)
    ]
    columns = (kind, Column(name="Lignes", type="integer"), Column(name=total, type="euros"))
    return Table(columns=columns, rows=tuple(rows))


def joined(left: Table, right: Table, on: str) -> Table:
    """Return each left row with the other columns of its right row."""
    here = {column.name for column in left.columns}
    others = [column for column in right.columns if column.name != on]
    twice = sorted(here & {column.name for column in others})
    if twice:
        raise BusinessException("COLONNE", f"Colonne des deux côtés : {', '.join(twice)}. La renommer d'un côté.")
    merged = _frame(left).merge(_frame(right), on=on, how="left")
    return _table(merged, (*left.columns, *others))


def compared(left: Table, right: Table, key: str) -> Comparison:
    """Return what is missing, extra and different, in the order of the left table, then of the right."""
    common = [c.name for c in left.columns if c.name != key and c.name in {d.name for d in right.columns}]
    both = _frame(left).merge(_frame(right), on=key, how="outer", indicator=True, suffixes=("", " "))
    sides = dict(zip(both[key], both["_merge"], strict=True))
    shared = both[both["_merge"] == "both"]
    different = [
        Difference(key=written(row[key]), column=name, left=written(row[name]), right=written(row[f"{name} "]))
        for row in shared.to_dict("records")
        for name in common
        if not _same(row[name], row[f"{name} "])
    ]
    return Comparison(
        missing=left.with_rows([row for row in left.rows if sides[row[left.place(key)]] == "left_only"]),
        extra=right.with_rows([row for row in right.rows if sides[row[right.place(key)]] == "right_only"]),
        different=tuple(different),
        same=sum(all(_same(row[name], row[f"{name} "]) for name in common) for row in shared.to_dict("records")),
    )


def _same(left: object, right: object) -> bool:
    return (_missing(left) and _missing(right)) or left == right


def _missing(cell: object) -> bool:
    return cell is None or cell != cell  # noqa: PLR0124 - pandas writes what a merge did not find as NaN


def _frame(table: Table) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415 - a third of a second, for those who compute

    names = [column.name for column in table.columns]
    return pd.DataFrame([list(row) for row in table.rows], columns=names, dtype=object)


def _table(frame: pd.DataFrame, columns: tuple[Column, ...]) -> Table:
    rows: list[tuple[Any, ...]] = [
        tuple(None if _missing(row[column.name]) else row[column.name] for column in columns)
        for row in frame.to_dict("records")
    ]
    return Table(columns=columns, rows=tuple(rows))
