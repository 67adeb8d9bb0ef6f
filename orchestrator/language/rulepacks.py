"""Reading dated rule packs, ``rules/<name>.yaml``: typed columns, rows with validity and source, no overlap, no hole.

A column has a type (``integer decimal euros text boolean rounding``), ``list of text``, or ``<type> by text`` for a
value per category (``{INITIAL: 3, PROLONGATION: 0}``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from types import GenericAlias
from typing import Any

from orchestrator.domain.money import Rounding
from orchestrator.domain.rules import RulePack, RuleRow
from orchestrator.language.faults import Faults, suggest
from orchestrator.language.fields import FIELD_TYPES
from orchestrator.language.nodes import Node, Table, Text, read_yaml
from orchestrator.language.sections import Section

_OF_ROW = ("valid_from", "valid_to", "source")


def _rounding(text: str) -> Rounding:
    try:
        return Rounding(text)
    except ValueError:
        raise ValueError("HALF_UP ou DOWN attendu") from None


_SCALARS: Mapping[str, tuple[Any, Callable[[str], Any]]] = {
    **{
        name: (FIELD_TYPES[name].python, FIELD_TYPES[name].parse)
        for name in ("integer", "decimal", "euros", "text", "boolean")
    },
    "rounding": (Rounding, _rounding),
}
_TYPES: Mapping[str, Any] = {
    **{name: python for name, (python, _) in _SCALARS.items()},
    **{f"{name} by text": GenericAlias(Mapping, (str, python)) for name, (python, _) in _SCALARS.items()},
    "list of text": GenericAlias(tuple, (str, ...)),
}


def load_rule_pack(path: Path, faults: Faults) -> tuple[RulePack | None, Table | None]:
    """Read a pack; what is wrong goes to ``faults``. Also returns the nodes, for the hash of the scenario."""
    mine = faults.of_file(path.name)
    node = read_yaml(path.read_bytes(), mine)
    if node is None:
        return None, None
    section = Section(node, mine, "paquet de règles", ("pack", "title", "tables"))
    name = section.needed_text("pack", path.stem)
    if name and name != path.stem:
        mine.add(
            section.get("pack") or node, f"paquet « {name} » dans un fichier {path.name}", f"Écrire pack: {path.stem}"
        )
    section.need("tables", "")
    tables = section.section("tables", "tables")
    columns: dict[str, Mapping[str, Any]] = {}
    rows: dict[str, tuple[RuleRow, ...]] = {}
    for key, value in tables.entries.values():
        if tables.identifier(key):
            columns[key.text], rows[key.text] = _table(key.text, value, mine)
    return RulePack(name=name, tables=rows, columns=columns), node


def _table(name: str, node: Node, faults: Faults) -> tuple[Mapping[str, Any], tuple[RuleRow, ...]]:
    section = Section(node, faults, f"table {name}", ("title", "columns", "rows"))
    section.need("columns", "{value: integer}")
    section.need("rows", "")
    declared = section.section("columns", f"colonnes de {name}")
    types = {}
    for key, _ in declared.entries.values():
        if declared.identifier(key):
            types[key.text] = declared.choice(key.text, {known: known for known in _TYPES}, "text")
    found = [(item, _row(name, item, types, faults)) for item in section.items("rows")]
    rows = [(item, row) for item, row in found if row is not None]
    _check_continuity(name, rows, faults)
    return {column: _TYPES[kind] for column, kind in types.items()}, tuple(row for _, row in rows)


def _row(table: str, node: Node, types: Mapping[str, str], faults: Faults) -> RuleRow | None:
    section = Section(node, faults, f"ligne de {table}", (*_OF_ROW, *types))
    before = len(faults.found)
    source = section.needed_text("source", '"Arrêté du …"')
    section.need("valid_from", "2026-01-01")
    valid_from = section.parsed("valid_from", FIELD_TYPES["date"].parse, date.min)
    valid_to = section.parsed("valid_to", FIELD_TYPES["date"].parse, date.max)
    values = {column: _value(section, column, kind) for column, kind in types.items()}
    if valid_to < valid_from:
        faults.add(node, f"ligne de {table} : valid_to est avant valid_from", "Inverser les deux dates.")
    if len(faults.found) > before:
        return None
    ending = None if valid_to == date.max else valid_to
    return RuleRow(valid_from=valid_from, valid_to=ending, values=values, source=source)


def _value(section: Section, column: str, kind: str) -> Any:  # noqa: ANN401 - typed by the column
    section.need(column, "…")
    if kind == "list of text":
        return tuple(item.text for item in section.texts(column))
    scalar, _, by_text = kind.partition(" by ")
    if not by_text:
        return section.parsed(column, _SCALARS[scalar][1], None)
    values = section.section(column, f"{section.what}, {column}")
    return {key: values.parsed(key, _SCALARS[scalar][1], None) for key in values.entries}


def _check_continuity(table: str, rows: list[tuple[Node, RuleRow]], faults: Faults) -> None:
    """Rows follow each other by date, without overlap and without hole; only the last may be open."""
    for (_, row), (node, following) in pairwise(rows):
        if row.valid_to is None or following.valid_from <= row.valid_to:
            message = f"table {table} : cette ligne commence avant la fin de la précédente"
            faults.add(node, message, "Fermer la précédente la veille (valid_to).")
        elif following.valid_from != row.valid_to + timedelta(days=1):
            message = (
                f"table {table} : aucune règle entre le {row.valid_to:%d/%m/%Y} et le {following.valid_from:%d/%m/%Y}"
            )
            faults.add(node, message, "Compléter la ligne précédente ou celle-ci.")


def load_rules(names: tuple[Text, ...], folder: Path, faults: Faults) -> tuple[dict[str, RulePack], dict[str, Table]]:
    """Read the packs that a scenario names, from the folder ``rules`` beside it."""
    packs: dict[str, RulePack] = {}
    nodes: dict[str, Table] = {}
    known = {found.stem: found for found in folder.glob("*.yaml")}
    for name in names:
        path = known.get(name.text)
        if path is None:
            faults.add(
                name,
                f"paquet de règles « {name.text} » introuvable (rules/{name.text}.yaml)",
                suggest(name.text, known),
            )
            continue
        pack, node = load_rule_pack(path, faults)
        if pack is not None and node is not None:
            packs[name.text], nodes[name.text] = pack, node
    return packs, nodes
