"""The JSON Schema of scenarios, for editors: completion and the grossest mistakes while typing.

It is generated from the tables that the loader itself reads with, so that neither knows a word that the other does not.
``glr check`` says much more: types, names, expressions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from orchestrator.domain.keywords import GIVEN, STEP_KINDS, Keyword, Kind
from orchestrator.language.compile_case import DATE_FORMAT
from orchestrator.language.compile_entry import ENTER_KEYS, ROLES
from orchestrator.language.compile_for_each import KEYS, NESTED, WORD
from orchestrator.language.compile_rest import (
    CEILINGS,
    DAYS,
    DECISIONS,
    EVERY,
    LARGEST_STAGE,
    MISSING,
    MOST_STAGES,
    REPEATED,
    RETRY_KEYS,
)
from orchestrator.language.compile_steps import FORMS
from orchestrator.language.compile_suite import SUITE
from orchestrator.language.compile_urgency import STAGES
from orchestrator.language.compile_wait import WAIT_KEYS
from orchestrator.language.compile_wakes import WAKES_KEYS, WOKEN_KEYS
from orchestrator.language.decisions import ROW_KEYS
from orchestrator.language.fields import FIELD_TYPES, OF_FIELDS, OF_PARAMETERS
from orchestrator.language.model import ClosingMoment, Mode, Severity
from orchestrator.language.schema_parts import TEXT, Schema, object_of, table_of
from orchestrator.language.source_schema import source_schema
from orchestrator.language.staged import HIGHEST_PRIORITY, Due

_NAME = "^[a-z][a-z0-9_]*$"
_EUROS: Schema = {"type": "string", "pattern": r"^\d+\.\d{2} EUR$"}
_PRIORITY: Schema = {"type": "integer", "minimum": 0, "maximum": HIGHEST_PRIORITY}
_DELAY: Schema = {"type": "string", "pattern": rf"^(\d{{1,3}} (business )?days?|{Due.SAME_DAY})$"}
#: One name, or something computed: a date for ``due``, a number for ``priority``.
_EXPRESSION: Schema = {"type": "string", "pattern": r"^[a-z_][a-z0-9_.]*$|[-+*/(]"}
_SEVERITY: Schema = {"enum": [known.value for known in Severity]}


def scenario_schema(keywords: Mapping[str, Keyword]) -> Schema:
    """Return the JSON Schema (2020-12) of a scenario that may use these keywords."""
    sections: dict[str, Schema] = {
        "scenario": {**TEXT, "description": "Nom du scénario : celui du fichier."},
        "title": {**TEXT, "description": "Ce que les agents lisent."},
        "author": {**TEXT, "description": "Caisse qui l'a écrit."},
        "robot": {**TEXT, "description": "robots/<nom>/robot.yaml : identité, droits, comptes."},
        "mode": {"enum": [mode.value for mode in Mode], "description": "shadow : tout sauf l'acte."},
        "parameters": table_of(
            object_of({"type": {"enum": list(OF_PARAMETERS)}, "default": TEXT, "title": TEXT}, ("type", "title")),
            "Valeurs d'une caisse.",
        ),
        "rules": {"type": "array", "items": TEXT, "description": "Règles datées : rules/<nom>.yaml."},
        "case": _case(),
        "sources": {"type": "array", "minItems": 1, "items": source_schema(keywords)},
        "steps": {"type": "array", "minItems": 1, "items": _step(keywords)},
        "wakes": _wakes(),
        "schedule": {"type": "array", "items": _schedule()},
        "closing": _closing(),
        "limits": _limits(),
        "exceptions": object_of(
            {
                "queue": TEXT,
                "open_queues": {"type": "array", "items": TEXT, "description": "Files de codes que tout agent voit."},
                "codes": table_of(_code(), "Un titre par code."),
            },
            ("queue",),
        ),
    }
    needed = ("scenario", "title", "author", "robot", "mode", "case", "sources", "steps", "exceptions")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Scénario de Go-les-robots",
        **object_of(sections, needed),
        "$defs": {"call": _call(keywords, NESTED)},
    }


def _limits() -> Schema:
    stage = {"type": "integer", "minimum": 1, "maximum": LARGEST_STAGE}
    ramp = {"type": "array", "minItems": 1, "maxItems": MOST_STAGES, "items": stage}
    return object_of(
        {
            "parallel": {"type": "integer", "minimum": 1, "maximum": 64},
            **dict.fromkeys(CEILINGS, _EUROS),
            "ramp": {**ramp, "description": "Dossiers de chaque étape d'une nouvelle version ; puis le reste."},
            "incidents": {
                "type": "string",
                "pattern": r"^[1-9]\d? %$",
                "description": "Part d'incidents applicatifs au-delà de laquelle plus rien n'est commencé.",
            },
        },
        (),
    )


def _case() -> Schema:
    field = {
        "type": {"enum": list(OF_FIELDS)},
        "column": TEXT,
        "max": {"type": "integer", "minimum": 1},
        "format": {"const": DATE_FORMAT},
        "choices": {"type": "array", "minItems": 1, "items": TEXT, "description": "Valeurs permises (choice)."},
        "separator": {"type": "string", "minLength": 1, "maxLength": 1, "description": "Entre les éléments (list)."},
    }
    fields = table_of(object_of(field, ("type", "column")), "Champs et leurs colonnes.")
    row = object_of({"key": TEXT, "fields": fields}, ("key", "fields"))
    return object_of(
        {
            "key": {**TEXT, "description": "Identifiants du dossier, comme ${nir}/${stop_id}."},
            "group_by": {**TEXT, "description": "Champ dont les lignes de même valeur font un seul dossier."},
            "fields": fields,
            "rows": {
                **table_of(row, "Le nom de la liste des lignes d'un dossier."),
                "minProperties": 1,
                "maxProperties": 1,
            },
            "priority": _staged({"anyOf": [_PRIORITY, _EXPRESSION, _decision(_PRIORITY)]}),
            "due": _staged({"anyOf": [_DELAY, _EXPRESSION, _decision(_DELAY)]}),
        },
        ("key", "fields"),
    )


def _staged(one: Schema) -> Schema:
    return {"anyOf": [one, object_of(dict.fromkeys(STAGES, one), STAGES)]}


def _step(keywords: Mapping[str, Keyword]) -> Schema:
    """A step of any form; those that are repeated are of the simple forms."""
    calls = _call(keywords, NESTED)
    repeated = {
        WORD: {"type": "string", "pattern": r"^\$\{[^{}]+\}$", "description": "Une liste, comme ${members}."},
        "as": {"type": "string", "pattern": _NAME},
        "steps": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/call"}},
        "together": {"type": "boolean", "description": "Toutes les saisies ou aucune : demande undo."},
        "undo": _one_of(keywords, Kind.ENTER),
    }
    once = {
        "wait": {
            **object_of(dict.fromkeys(WAIT_KEYS, TEXT), WAIT_KEYS),
            "description": "Attendre une date (until) sans occuper personne, puis reprendre à une étape (then).",
        },
        **_suite(keywords),
    }
    running = {"if": {"required": [SUITE.word]}, "else": _without(SUITE.keys)}
    needs = {"if": {"required": [WORD]}, "then": {"required": list(repeated)[1:3]}, "else": _without(KEYS)}
    return {
        **calls,
        "properties": {**calls["properties"], **repeated, **once},
        "oneOf": [{"required": [word]} for word in FORMS],
        "allOf": [needs, running, *calls["allOf"]],
    }


def _call(keywords: Mapping[str, Keyword], forms: Iterable[str]) -> Schema:
    condition = {**TEXT, "description": "Une condition, sans ${…}."}
    long = object_of({"must": condition, "severity": _SEVERITY}, ("must",))
    control = {"anyOf": [condition, long, {"type": "array", "items": {"anyOf": [condition, long]}}]}
    values: dict[str, Schema] = {
        "id": {"type": "string", "pattern": _NAME},
        **{kind.value: _one_of(keywords, kind) for kind in STEP_KINDS},
        "decide": _decision(TEXT),
        "with": {"type": "object"},
        "controls": table_of(control, "Conditions par code."),
        "ends": table_of(condition, "Fins du dossier par nom."),
        "rules_at": TEXT,
        "when": condition,
        "effect_key": {**TEXT, "description": "Identité de la saisie : des identifiants seulement."},
        "approval": object_of(
            {"when": condition, "by": {"type": "array", "items": {"enum": list(ROLES)}}}, ("when", "by")
        ),
        "reread": {"type": "array", "items": TEXT},
    }
    entering = {"if": {"required": ["enter"]}, "then": {"required": ["effect_key"]}, "else": _without(ENTER_KEYS)}
    return {
        **object_of(values, ("id",)),
        "oneOf": [{"required": [word]} for word in forms],
        "allOf": [entering, *(_arguments(keyword) for keyword in keywords.values() if keyword.kind in STEP_KINDS)],
    }


def _suite(keywords: Mapping[str, Keyword]) -> Schema:
    condition = {**TEXT, "description": "Une condition, sans ${…} ; entry.… est ce que la suite va saisir."}
    approval = object_of({"when": condition, "by": {"type": "array", "items": {"enum": list(ROLES)}}}, ("when", "by"))
    about = object_of({"with": {"type": "object"}, "effect_key": TEXT, "approval": approval}, ("with", "effect_key"))
    entering = sorted(name for name, keyword in keywords.items() if keyword.entry is not None)
    return {
        "robot": {
            "type": "string",
            "pattern": r"^[^#]+\.robot#.+$",
            "description": "robots/<robot>/<suite>.robot#<tâche>.",
        },
        "result": table_of({"enum": [*FIELD_TYPES, *keywords]}, "Ce que rend Set Result : un type, ou un mot-clé."),
        "enters": {
            **object_of(dict.fromkeys(entering, about), ()),
            "description": "Les saisies que la suite peut faire.",
        },
        "outside_guarantee": {"type": "boolean", "description": "La suite apporte de quoi agir par elle-même."},
    }


def _one_of(keywords: Mapping[str, Keyword], kind: Kind) -> Schema:
    return {"enum": sorted(name for name, keyword in keywords.items() if keyword.kind is kind)}


def _arguments(keyword: Keyword) -> Schema:
    wanted = {name: item for name, item in keyword.arguments.items() if not (keyword.entry and name == GIVEN)}
    arguments = object_of(dict.fromkeys(wanted, TEXT), tuple(name for name, item in wanted.items() if item.required))
    kind = keyword.kind.value
    chosen: Schema = {"properties": {kind: {"const": keyword.name}}, "required": [kind]}
    needs: Schema = {"required": ["with"]} if arguments["required"] else {}
    return {"if": chosen, "then": {"properties": {"with": arguments}, **needs}}


def _without(names: Iterable[str]) -> Schema:
    return {"not": {"anyOf": [{"required": [name]} for name in names]}}


def _decision(answer: Schema) -> Schema:
    return {"type": "array", "minItems": 1, "items": object_of({"when": TEXT, "gives": answer}, ROW_KEYS)}


def _schedule() -> Schema:
    known = {**_time_of_day(), "missing": {"enum": list(MISSING)}, "repeated": {"enum": list(REPEATED)}}
    return object_of(known, ("at", "days"))


def _wakes() -> Schema:
    end: Schema = {"type": "string", "pattern": _NAME}
    cases = {"type": "array", "minItems": 1, "items": object_of(dict.fromkeys(WOKEN_KEYS, TEXT), WOKEN_KEYS)}
    known = dict(zip(WAKES_KEYS, (cases, end, end), strict=True))
    return {**object_of(known, WAKES_KEYS), "description": "Les dossiers qui attendaient ce qui vient d'être saisi."}


def _closing() -> Schema:
    when: Schema = {"enum": [each.value for each in ClosingMoment], "description": "Quand une exécution se clôt."}
    return object_of({"when": when, **_time_of_day()}, ())


def _time_of_day() -> dict[str, Schema]:
    days: Schema = {"anyOf": [{"enum": list(EVERY)}, {"type": "array", "minItems": 1, "items": {"enum": list(DAYS)}}]}
    return {
        "at": {"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d$"},
        "days": days,
        "calendar": {"const": "FR"},
    }


def _code() -> Schema:
    decisions: Schema = {"type": "array", "items": {"enum": list(DECISIONS)}}
    retry = object_of({"every": _DELAY, "times": {"type": "integer", "minimum": 2, "maximum": 100}}, RETRY_KEYS)
    known = {"title": TEXT, "severity": _SEVERITY, "queue": TEXT, "agent_may": decisions, "retry": retry}
    return object_of(known, ("title",))
