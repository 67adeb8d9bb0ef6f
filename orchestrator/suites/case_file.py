"""The case that a suite is tried on: a JSON file whose fields become typed variables."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from orchestrator.domain.errors import SettingsError
from orchestrator.language.faults import suggest
from orchestrator.language.fields import FIELD_TYPES
from orchestrator.language.model import Scenario
from orchestrator.language.sections import IDENTIFIER

_EXAMPLE = '{"scenario": "ij-acompte", "fields": {"nir": "…", "day": {"type": "date", "value": "27/03/2026"}}}'


def read_case(path: Path, scenario: Callable[[str], Scenario]) -> dict[str, Any]:
    """Return the typed fields of a case file, by name.

    A field is a text, typed as the file's ``scenario`` declares it, or ``{"type": …, "value": …}``; both are read as in
    a delivery. Raises ``SettingsError`` that names the field and never quotes its value.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise SettingsError(f"{path} : dossier illisible ({type(error).__name__}). Attendu : {_EXAMPLE}") from None
    if not isinstance(raw, dict) or not isinstance(raw.get("fields"), dict) or set(raw) - {"scenario", "fields"}:
        raise SettingsError(f"{path} : « fields », et « scenario » au besoin, sont attendus : {_EXAMPLE}")
    types = _types(scenario(str(raw["scenario"]))) if "scenario" in raw else {}
    return {name: _value(path, name, given, types) for name, given in raw["fields"].items()}


def _types(scenario: Scenario) -> dict[str, str]:
    return {name: field.type for name, field in scenario.case.fields.items()}


def _value(path: Path, name: str, given: object, types: Mapping[str, str]) -> Any:  # noqa: ANN401 - typed by the field
    kind, text = (given.get("type"), given.get("value")) if isinstance(given, dict) else (types.get(name), given)
    if not IDENTIFIER.fullmatch(name):
        raise SettingsError(f"{path} : « {name} » n'est pas un nom de champ (minuscules, chiffres et _).")
    if kind not in FIELD_TYPES:
        advice = suggest(str(kind), FIELD_TYPES) if kind else 'Écrire {"type": …, "value": …}, ou nommer « scenario ».'
        raise SettingsError(f"{path} : champ « {name} » : type inconnu. {advice}")
    if not isinstance(text, str):
        raise SettingsError(f"{path} : champ « {name} » : un texte entre guillemets est attendu.")
    try:
        return FIELD_TYPES[kind].read(text)
    except ValueError as error:
        raise SettingsError(f"{path} : champ « {name} » : {error}.") from None
