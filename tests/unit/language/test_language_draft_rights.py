"""The draft ``droits-prolongation`` compiles as an owner would write it, against declared keywords."""

from __future__ import annotations

import importlib
import shutil
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator.domain.keywords import Keyword, collect
from orchestrator.engine.due import foreseen, stages
from orchestrator.engine.urgency import urgency
from orchestrator.language.load import load_scenario
from orchestrator.language.model import ForEach, RunInfo, Scenario

DRAFTS = Path(__file__).parents[3] / "docs" / "brouillons"
DAY = date(2020, 4, 6)
ROWS = [
    {"right_id": "D1", "deadline_id": "E1", "current_end": "2020-03-31"},
    {"right_id": "D2", "deadline_id": "E1", "current_end": "2020-04-30"},
]
SHARED = {"nir": "185026199900189", "birth_name": "DURAND", "right_type": "C2S_FREE"}


@pytest.fixture
def scenario(tmp_path: Path, known_keywords: dict[str, Keyword]) -> Scenario:
    shutil.copytree(DRAFTS, tmp_path, dirs_exist_ok=True)
    declared = collect(importlib.import_module("rights_words"))
    return load_scenario(tmp_path / "droits-prolongation.yaml", keywords={**known_keywords, **declared})


def names(scenario: Scenario, rows: list[dict[str, str]]) -> dict[str, Any]:
    """Return what is known of a household when it is loaded."""
    delivered = [{"line": line, "fields": {**SHARED, **row}} for line, row in enumerate(rows, start=2)]
    fields = {"household_id": "F-7", "holder_nir": SHARED["nir"]}
    return {**scenario.case.names_of({"fields": fields, "rows": delivered}), "run": RunInfo(date=DAY)}


@pytest.mark.parametrize(("rows", "priority"), [(ROWS, 100), (ROWS[1:], 10)])
def test_a_household_of_which_a_right_has_ended_comes_first(
    scenario: Scenario, rows: list[dict[str, str]], priority: int
) -> None:
    found = urgency(scenario, names(scenario, rows), DAY, DAY)
    assert (found.priority, found.due) == (priority, date(2020, 4, 14))


def test_each_right_has_one_entry_of_its_own_whatever_the_order_of_the_rows(scenario: Scenario) -> None:
    keys = [
        {one.item: one.effect_key for one in foreseen(scenario, names(scenario, rows))} for rows in (ROWS, ROWS[::-1])
    ]
    assert keys == [
        {"ligne 2": "EXT/F-7/D1/E1", "ligne 3": "EXT/F-7/D2/E1"},
        {"ligne 2": "EXT/F-7/D2/E1", "ligne 3": "EXT/F-7/D1/E1"},
    ]
    assert stages(scenario) == [(frozenset({"period"}), False)]


def test_what_takes_an_entry_back_is_told_its_number_and_has_a_key_of_its_own(scenario: Scenario) -> None:
    written = scenario.steps[-1]
    assert isinstance(written, ForEach)
    undo = written.undo["period"]
    assert undo.keyword.name == "c2s.restore_period"
    ends = SimpleNamespace(end=date(2020, 3, 31)), SimpleNamespace(end=date(2020, 6, 30))
    right = SimpleNamespace(right_id="D1", deadline_id="E1")
    seen = {
        "household_id": "F-7",
        "one": SimpleNamespace(right=right, seen=ends[0], twice=ends[1]),
        "reference": "P-12",
    }
    assert undo.given(seen) == {
        "reference": "P-12", "right_id": "D1", "former_end": date(2020, 3, 31), "end": date(2020, 6, 30)
    }  # fmt: skip
    assert undo.effect_key is not None
    assert undo.effect_key.render(seen) == "UNDO/EXT/F-7/D1/E1"


@pytest.mark.parametrize(
    ("end", "rule"),
    [("2020-03-11", "AUCUNE"), ("2020-03-12", "EXT-1"), ("2020-07-31", "EXT-1"), ("2020-10-29", "AUCUNE"),
     ("2020-10-30", "EXT-2"), ("2021-02-16", "EXT-2"), ("2021-02-17", "AUCUNE")],
)  # fmt: skip
def test_the_end_of_a_right_chooses_its_rule(scenario: Scenario, end: str, rule: str) -> None:
    found = scenario.rules["extensions"].tables["social"]
    (row,) = [each for each in found if each.valid_from <= date.fromisoformat(end) <= (each.valid_to or date.max)]
    assert row.values["rule"] == rule
