"""``group_by`` and ``rows``: rows of a delivery that make one case together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.language.case_model import RowsModel
from orchestrator.language.compile_case import compile_fields, compile_key
from orchestrator.language.faults import suggest
from orchestrator.language.fields import FIELD_TYPES, Field
from orchestrator.language.nodes import Table
from orchestrator.language.sections import Section
from orchestrator.language.shapes import ItemShape, list_of
from orchestrator.language.templates import Template

KEYS = ("key", "fields")
_EXAMPLE = "{members: {key: ${member_id}, fields: {member_id: {type: text, column: N°}}}}"


def compile_rows(case: Section, fields: Mapping[str, Field], key: Template | None) -> tuple[str, RowsModel | None]:
    """Return the field that groups rows and what a row is; nothing when each row is a case."""
    node = case.scalar("group_by")
    rows = case.section("rows", "rows")
    if node is None:
        if "rows" in case:
            case.faults.add(
                case.entries["rows"][0], "rows ne sert qu'avec group_by", "Dire quel champ réunit les lignes."
            )
        return "", None
    case.need("rows", _EXAMPLE)
    if node.text not in fields:
        case.faults.add(node, f"group_by : champ « {node.text} » inconnu du dossier", suggest(node.text, fields))
    elif key is not None and node.text not in key.names:
        message = f"la clé du dossier ne contient pas « {node.text} », qui réunit ses lignes"
        case.faults.add(node, message, f"Ajouter ${{{node.text}}} à key.")
    return node.text, _rows(case, rows, fields)


def shape_of(rows: RowsModel) -> Any:  # noqa: ANN401 - a shape
    """Return the shape of the list of rows."""
    identifiers = tuple(name for name, field in rows.fields.items() if FIELD_TYPES[field.type].identifier)
    values = {name: field.python for name, field in rows.fields.items()}
    return list_of(ItemShape(values=values, identifiers=identifiers, key=rows.key.names))


def _rows(case: Section, rows: Section, fields: Mapping[str, Field]) -> RowsModel | None:
    if not isinstance(rows.node, Table):
        return None
    names = [key for key, _ in rows.entries.values() if rows.identifier(key)]
    if len(names) != 1:
        case.faults.add(rows.node, "rows : un nom et un seul pour la liste des lignes", f"Écrire rows: {_EXAMPLE}")
        return None
    name = names[0].text
    section = rows.section(name, f"rows {name}", KEYS)
    section.need("fields", "{member_id: {type: text, column: N°}}")
    found = compile_fields(section.section("fields", f"champs de {name}"))
    columns = {field.column for field in fields.values()}
    for key, _ in section.section("fields", "fields").entries.values():
        if key.text in fields:
            message = f"rows : le nom « {key.text} » est déjà celui d'un champ du dossier"
            case.faults.add(key, message, "En choisir un autre.")
        elif key.text in found and found[key.text].column in columns:
            message = f"la colonne « {found[key.text].column} » est déjà celle d'un champ du dossier"
            case.faults.add(key, message, "Une colonne par champ.")
    key_of_row = compile_key(section, found, {each: field.python for each, field in found.items()}, "de la ligne")
    return RowsModel(name=name, key=key_of_row, fields=found) if key_of_row else None
