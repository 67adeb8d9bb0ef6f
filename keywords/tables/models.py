"""Tables of typed rows, and what comparing two of them gives; amounts are exact, personal cells stay masked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from orchestrator.domain.civil import french_date, parse_french_date
from orchestrator.domain.errors import BusinessException
from orchestrator.domain.money import Euros
from orchestrator.domain.personal import Iban, Nir, PersonName, PrivateText


def _number(text: str) -> int:
    if not re.fullmatch(r"-?\d{1,18}", text, re.ASCII):
        raise ValueError("nombre entier attendu")
    return int(text)


def _decimal(text: str) -> Decimal:
    if not re.fullmatch(r"-?\d{1,18}([.,]\d{1,18})?", text, re.ASCII):
        raise ValueError("nombre décimal attendu")
    return Decimal(text.replace(",", "."))


def _day(text: str) -> date:
    return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII) else parse_french_date(text)


#: How each type of column is read from text; an empty cell is None.
READERS: Mapping[str, Callable[[str], Any]] = {
    "text": str,
    "integer": _number,
    "decimal": _decimal,
    "euros": Euros.parse,
    "date": _day,
    "nir": Nir.parse,
    "iban": Iban.parse,
    "name": PersonName,
    "private": PrivateText,
}
#: What a cell of each type is.
_PYTHON: Mapping[str, type] = {
    "text": str, "integer": int, "decimal": Decimal, "euros": Euros, "date": date,
    "nir": Nir, "iban": Iban, "name": PersonName, "private": PrivateText,
}  # fmt: skip


class Column(BaseModel, frozen=True):
    """One column."""

    #: Its title in the file.
    name: str
    #: One of :data:`READERS`.
    type: str

    @classmethod
    def all(cls, said: str) -> tuple[Column, ...]:
        """Read ``Dossier: text, Montant: euros``; raises ``BusinessException`` COLONNE."""
        found = tuple(cls._one(part.strip()) for part in said.split(","))
        names = [column.name for column in found]
        if len(set(names)) != len(names):
            raise BusinessException("COLONNE", f"Une colonne est dite deux fois : « {said} ».")
        return found

    @classmethod
    def _one(cls, part: str) -> Self:
        name, _, kind = (each.strip() for each in part.rpartition(":"))
        if not name or kind not in READERS:
            raise BusinessException(
                "COLONNE", f"« {part} » : « Titre: type » est attendu, le type étant {', '.join(READERS)}."
            )
        return cls(name=name, type=kind)

    def read(self, cell: object) -> object:
        """Return a cell as this column's type; raises ``ValueError`` that quotes nothing."""
        if cell is None or cell == "":
            return None
        if isinstance(cell, str):
            return READERS[self.type](cell.strip())
        if isinstance(cell, _PYTHON[self.type]) and not isinstance(cell, bool):
            return cell
        raise ValueError(f"{self.type} attendu")


class Table(BaseModel):
    """Rows under typed columns."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    columns: tuple[Column, ...] = Field(title="Colonnes", repr=False)
    #: Each as long as the columns.
    rows: tuple[tuple[Any, ...], ...] = Field(title="Lignes", repr=False)

    @model_validator(mode="after")
    def _typed(self) -> Self:
        rows = tuple(self._row(number, row) for number, row in enumerate(self.rows, start=1))
        object.__setattr__(self, "rows", rows)
        return self

    def _row(self, number: int, row: Sequence[object]) -> tuple[object, ...]:
        if len(row) != len(self.columns):
            raise BusinessException(
                "COLONNE", f"Ligne {number} : {len(self.columns)} colonnes attendues, {len(row)} trouvées."
            )
        return tuple(self._cell(number, column, cell) for column, cell in zip(self.columns, row, strict=True))

    @staticmethod
    def _cell(number: int, column: Column, cell: object) -> object:
        try:
            return column.read(cell)
        except ValueError as error:
            raise BusinessException("CELLULE", f"Ligne {number}, colonne « {column.name} » : {error}.") from None

    @property
    def count(self) -> int:
        """How many rows."""
        return len(self.rows)

    def place(self, name: str) -> int:
        """Return where a column is; raises ``BusinessException`` COLONNE."""
        names = [column.name for column in self.columns]
        if name not in names:
            raise BusinessException("COLONNE", f"Pas de colonne « {name} » (colonnes : {', '.join(names)}).")
        return names.index(name)

    def values(self, name: str) -> list[Any]:
        """Return the cells of a column."""
        place = self.place(name)
        return [row[place] for row in self.rows]

    def with_rows(self, rows: Sequence[Sequence[object]]) -> Table:
        """Return other rows under the same columns."""
        return Table(columns=self.columns, rows=tuple(tuple(row) for row in rows))


class Difference(BaseModel, frozen=True):
    """One cell that differs between two tables."""

    #: The key of its row, as text; masked where the column is personal.
    key: str = Field(title="Clé")
    column: str = Field(title="Colonne")
    left: str = Field(title="À gauche")
    right: str = Field(title="À droite")


class Comparison(BaseModel, frozen=True):
    """What a reconciliation needs to know of two tables."""

    #: Rows of the left table that the right one lacks, and the other way round.
    missing: Table = Field(title="Manquantes à droite")
    extra: Table = Field(title="En trop à droite")
    different: tuple[Difference, ...] = Field(title="Écarts")
    #: Rows with a key in both and every compared cell equal.
    same: int = Field(title="Lignes identiques")

    @property
    def equal(self) -> bool:
        """True when nothing is missing, extra or different."""
        return not (self.missing.rows or self.extra.rows or self.different)


def written(cell: object) -> str:
    """Write a cell for people: French dates and amounts, masks for what is personal."""
    if cell is None:
        return ""
    return french_date(cell) if isinstance(cell, date) else str(cell)
