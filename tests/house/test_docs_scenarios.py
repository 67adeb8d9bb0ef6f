"""The reference of the language is what the declarations say today, and its JSON Schema refuses what an editor should."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from orchestrator.bootstrap.reference import reference
from orchestrator.bootstrap.world import load_keywords
from orchestrator.cli import options

PROJECT = Path(__file__).resolve().parents[2]
WRITTEN = reference(load_keywords(options.settings_of(None)))
SCHEMA = json.loads(WRITTEN["scenario.schema.json"])
SCENARIO: dict[str, Any] = yaml.safe_load((PROJECT / "scenarios" / "ij-acompte.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", WRITTEN)
def test_the_published_reference_is_up_to_date(name: str) -> None:
    published = (PROJECT / "docs" / "reference" / name).read_text(encoding="utf-8")
    assert published == WRITTEN[name], "run: ./glr docs"


def test_every_keyword_and_its_arguments_are_in_the_reference() -> None:
    for name, keyword in load_keywords(options.settings_of(None)).items():
        _, _, section = WRITTEN["mots-cles.md"].partition(f"## `{name}`\n")
        section = section.partition("\n## ")[0]
        assert keyword.title in section
        assert [each for each in keyword.arguments if f"`{each}`" not in section] in ([], ["token"])


def test_the_shipped_scenario_is_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(SCENARIO, SCHEMA)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("mods",), "live"),
        (("mode",), "vrai"),
        (("case", "fields", "nir", "type"), "texte"),
        (("case", "due"), "deux jours"),
        (("sources", 0, "bad_rows"), "ignore"),
        (("steps", 0, "check"), "bdo.persone"),
        (("steps", 0, "extract"), "bdo.bank_account"),
        (("steps", 0, "with", "name"), "${nir}"),
        (("steps", 0, "effect_key"), "X/${nir}"),
        (("steps", -1, "approval", "by", 0), "chef"),
        (("steps", -1, "with", "token"), "ABC"),
        (("schedule", 0, "at"), "6h30"),
        (("limits", "per_run"), "500000"),
        (("limits", "ramp"), "10"),
        (("limits", "incidents"), "20"),
        (("exceptions", "codes", "C-05", "severity"), "grave"),
    ],
)
def test_a_mistake_is_seen_while_typing(place: tuple[str | int, ...], value: str) -> None:
    wrong: Any = deepcopy(SCENARIO)
    inner = wrong
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, SCHEMA)
