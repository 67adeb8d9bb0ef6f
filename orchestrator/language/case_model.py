"""What one case is made of: the fields of a row of the delivery, or those of a group of rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.language.fields import Field
from orchestrator.language.items import Item
from orchestrator.language.templates import Template


@dataclass(frozen=True, kw_only=True)
class RowsModel:
    """The rows that ``group_by`` gathers into one case."""

    #: The name of the list in expressions.
    name: str
    #: What tells a row from the others of its case: identifiers only.
    key: Template
    #: The fields of a row by name, in the order of the file, after those of the case.
    fields: Mapping[str, Field]


@dataclass(frozen=True, kw_only=True)
class CaseModel:
    """What one case is made of."""

    #: Its key: identifiers only, unique in a delivery and among open cases.
    key: Template
    #: Its fields by name, in the order of the file.
    fields: Mapping[str, Field]
    #: The field whose equal values make one case; empty when each row of the delivery is one.
    group_by: str = ""
    #: What each row of a group is, when there are groups.
    rows: RowsModel | None = None

    @property
    def columns(self) -> Mapping[str, Field]:
        """What a row of the delivery gives: the case's own fields, then those of a row."""
        return {**self.fields, **(self.rows.fields if self.rows else {})}

    def names_of(self, payload: Mapping[str, Any]) -> dict[str, object]:
        """Return what expressions see of a delivered case: ``{"fields": texts, "rows": [{"line": …, "fields": texts}]}``.

        Raises ``KeyError`` with the name of a field that it lacks.
        """
        names: dict[str, object] = _parsed(self.fields, payload["fields"])
        if self.rows is not None:
            rows = payload.get("rows", [])
            names[self.rows.name] = [Item(_parsed(self.rows.fields, row["fields"]), row["line"]) for row in rows]
        return names


def _parsed(fields: Mapping[str, Field], texts: Mapping[str, str]) -> dict[str, object]:
    return {name: field.parse(texts[name]) for name, field in fields.items()}
