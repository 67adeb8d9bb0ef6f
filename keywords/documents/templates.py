"""Templates of letters and documents: texts with ``${name}``, filled with values as people write them."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from string import Template
from typing import Any

from pydantic import ValidationError

from keywords.tables.models import Table, written
from orchestrator.domain.errors import BusinessException

#: Characters that decide how much of a line a column of a table has.
NARROWEST, WIDEST, MARGIN = 8, 40, 3
_MENTION = (
    "<hr><p><i>Ce document a été préparé à l'aide d'un traitement algorithmique (robot {robot}, version {version}) dont la "
    "finalité est : {purpose}. Toute décision est prise par un agent. Vous pouvez demander communication des règles de ce "
    "traitement et des principales caractéristiques de sa mise en œuvre, ainsi qu'un réexamen par un agent, auprès de "
    "{contact} ; sans réponse dans un délai d'un mois, vous pouvez saisir la CADA.</i></p>"
)


def mention(about: Mapping[str, str]) -> str:
    """Return the mention of the algorithmic processing (CRPA, art. L. 311-3-1), of this robot."""
    return _MENTION.format(**{name: escape(said) for name, said in about.items()})


def filled(name: str, template: str, values: Mapping[str, Any], *, html: bool = True) -> str:
    """Return a template with every value in its place; raises ``BusinessException`` MODELE that names what does not fit."""
    known = Template(template)
    wanted, given = set(known.get_identifiers()), set(values)
    if not known.is_valid() or wanted != given:
        lacks = ", ".join(sorted(wanted - given)) or "aucune"
        unused = ", ".join(sorted(given - wanted)) or "aucune"
        raise BusinessException(
            "MODELE", f"Modèle « {name} » : valeurs qui manquent : {lacks} ; sans emploi : {unused}."
        )
    return known.substitute({key: _html(value) if html else _text(value) for key, value in values.items()})


def _text(value: object) -> str:
    table = _table(value)
    if table is None:
        return written(value)
    return "\n".join(" ; ".join(written(cell) for cell in row) for row in table.rows)


def _html(value: object) -> str:
    table = _table(value)
    return _grid(table) if table is not None else escape(written(value))


def _table(value: object) -> Table | None:
    """Return a table that came as itself, or as the JSON of one."""
    if not isinstance(value, Mapping):
        return value if isinstance(value, Table) else None
    try:
        return Table.model_validate(value)
    except ValidationError:
        return None


def _grid(table: Table) -> str:
    columns = zip(table.columns, _widths(table), strict=True)
    head = "".join(f'<th width="{width}%" align="left">{escape(column.name)}</th>' for column, width in columns)
    rows = "".join(f"<tr>{''.join(f'<td>{escape(written(cell))}</td>' for cell in row)}</tr>" for row in table.rows)
    return f'<table border="1"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _widths(table: Table) -> list[int]:
    """Return the percents of each column: as its longest text, neither very narrow nor very wide."""
    longest = [max(map(_length, [column.name, *map(written, table.values(column.name))])) for column in table.columns]
    wanted = [min(max(length + MARGIN, NARROWEST), WIDEST) for length in longest]
    return [100 * length // sum(wanted) for length in wanted]


def _length(text: str) -> int:
    """Return how long a text is, in characters of a usual width: capitals are wider."""
    return len(text) + sum(map(str.isupper, text)) // 3
