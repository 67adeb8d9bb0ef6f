"""Parameters, the case, and where cases come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from orchestrator.language.compile_values import Scope, template
from orchestrator.language.faults import Faults
from orchestrator.language.fields import FIELD_TYPES, Field
from orchestrator.language.nodes import Node, Text
from orchestrator.language.sections import Section, one_character, whole
from orchestrator.language.shapes import ANY
from orchestrator.language.templates import Template

_TYPES = {name: name for name in FIELD_TYPES}
DATE_FORMAT = "JJ/MM/AAAA"
#: What some types need besides their column: an example, and which type that is.
_NEEDED = {
    "format": (DATE_FORMAT, "une date"),
    "choices": ("[OUVERT, CLOS]", "un choix (choice)"),
    "separator": ('"|"', "une liste (list)"),
}


def compile_parameters(section: Section, local: Section, caisse: str) -> tuple[dict[str, object], dict[str, Any]]:
    """Return the typed values of the parameters, those of the caisse first, and their shapes."""
    values: dict[str, object] = {}
    shapes: dict[str, Any] = {}
    for key, node in section.entries.values():
        if not section.identifier(key):
            continue
        declared = Section(node, section.faults, f"paramètre {key.text}", ("type", "default", "title"))
        declared.need("type", "decimal")
        declared.need("title", '"Ce que c\'est, en français"')
        declared.scalar("title")
        name = _kind(declared, "parameter", "")
        kind = FIELD_TYPES[name or "text"]
        shapes[key.text] = kind.python if name else ANY
        if not name:
            continue
        if key.text in local:
            values[key.text] = local.parsed(key.text, kind.parse, None)
        elif "default" in declared:
            values[key.text] = declared.parsed("default", kind.parse, None)
        elif caisse:  # an author who is no caisse was said already
            message = f"paramètre « {key.text} » : ni default, ni valeur de la caisse {caisse}"
            section.faults.add(key, message, f"Le donner dans le fichier <scénario>.{caisse}.yaml, sous values.")
    return values, shapes


def compile_fields(section: Section) -> dict[str, Field]:
    """Return the fields of the case by name."""
    fields: dict[str, Field] = {}
    columns: dict[str, str] = {}
    for key, node in section.entries.values():
        if not section.identifier(key):
            continue
        field = _field(key, node, section.faults)
        fields[key.text] = field
        if field.column in columns:
            message = f"la colonne « {field.column} » est déjà celle du champ « {columns[field.column]} »"
            section.faults.add(node, message, "Une colonne par champ.")
        columns[field.column] = key.text
    return fields


def _field(key: Text, node: Node, faults: Faults) -> Field:
    declared = Section(node, faults, f"champ {key.text}", ("type", "column", "max", *_NEEDED))
    declared.need("type", "text")
    kind = _kind(declared, "field", "text")
    column = declared.needed_text("column", "N° assuré")
    longest = declared.parsed("max", whole(1, 10_000), None) if "max" in declared else None
    for option, (example, of) in _NEEDED.items():
        if FIELD_TYPES[kind].needs == option:
            declared.need(option, example)
        elif option in declared:
            faults.add(declared.entries[option][0], f"champ {key.text} : « {option} » ne vaut que pour {of}")
    return Field(
        name=key.text,
        type=kind,
        column=column,
        max=longest,
        format=declared.choice("format", {DATE_FORMAT: DATE_FORMAT}, None),
        choices=tuple(choice.text for choice in declared.texts("choices")),
        separator=declared.parsed("separator", one_character, ""),
    )


def _kind(declared: Section, place: Literal["field", "parameter"], default: str) -> str:
    """The name of a type that may stand there; one that may not says why."""
    name = declared.choice("type", _TYPES, default)
    why = getattr(FIELD_TYPES[name], f"no_{place}") if name else ""
    node = declared.get("type")
    if not why or node is None:
        return name
    declared.faults.add(node, f"{declared.what} : {why}")
    return default


def compile_key(section: Section, fields: Mapping[str, Field], scope: Scope, of: str = "du dossier") -> Template | None:
    """Return the key of the case (or of one of its rows): identifiers only."""
    section.need("key", "${nir}/${stop_id}")
    node = section.scalar("key")
    key = template(node, scope, f"clé {of}", section.faults) if node else None
    if key is None or node is None:
        return None
    if not key.inserts:
        section.faults.add(node, f"la clé {of} n'insère aucun champ", "Écrire par exemple ${nir}/${stop_id}.")
    wrong = [name for name in key.names if name not in fields or not FIELD_TYPES[fields[name].type].identifier]
    for name in wrong:
        message = f"la clé {of} n'est faite que d'identifiants, « {name} » n'en est pas un"
        allowed = ", ".join(name for name, known in FIELD_TYPES.items() if known.identifier)
        section.faults.add(node, message, f"Types permis : {allowed}.")
    return None if wrong else key
