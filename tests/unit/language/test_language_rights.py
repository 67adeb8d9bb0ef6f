"""The scenario ``droits-prolongation``: one entry for each right and rule, and what takes it back."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import keywords.bdo
import keywords.c2s
import keywords.ged
import keywords.letters
import keywords.rights
from orchestrator.domain.civil import Period
from orchestrator.domain.keywords import collect
from orchestrator.engine.due import foreseen, stages
from orchestrator.language.load import load_scenario
from orchestrator.language.model import ForEach, RunInfo, Scenario

PATH = Path(__file__).parents[3] / "scenarios" / "droits-prolongation.yaml"
ROWS = [{"right_id": "D1", "rule": "EXT-C2S-1"}, {"right_id": "D2", "rule": "EXT-C2S-2"}]
SHARED = {"nir": "185026199900189", "birth_name": "DURAND", "end": "31/03/2020"}


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    modules = (keywords.bdo, keywords.c2s, keywords.ged, keywords.letters, keywords.rights)
    return load_scenario(PATH, keywords={name: one for each in modules for name, one in collect(each).items()})


def names(scenario: Scenario, rows: list[dict[str, str]]) -> dict[str, Any]:
    """Return what is known of a household when it is loaded."""
    delivered = [{"line": line, "fields": {**SHARED, **row}} for line, row in enumerate(rows, start=2)]
    fields = {"household_id": "F-7"}
    known = scenario.case.names_of({"fields": fields, "rows": delivered})
    return {**known, "run": RunInfo(date=date(2026, 3, 27))}


def test_b18_each_right_and_rule_has_an_entry_of_its_own_whatever_the_order_of_the_rows(scenario: Scenario) -> None:
    keys = [
        {one.title: one.effect_key for one in foreseen(scenario, names(scenario, rows))} for rows in (ROWS, ROWS[::-1])
    ]
    assert keys == [
        {
            "closing (ligne 2)": f"PAY/F-7/{first}", "closing (ligne 3)": f"PAY/F-7/{second}",
            "period (ligne 2)": f"EXT/F-7/{first}", "period (ligne 3)": f"EXT/F-7/{second}",
            "attestation (ligne 2)": f"ATT/F-7/{first}", "attestation (ligne 3)": f"ATT/F-7/{second}",
            "liaison (ligne 2)": f"LIA/F-7/{first}", "liaison (ligne 3)": f"LIA/F-7/{second}",
        }
        for first, second in (("D1/EXT-C2S-1", "D2/EXT-C2S-2"), ("D2/EXT-C2S-2", "D1/EXT-C2S-1"))
    ]  # fmt: skip
    assert stages(scenario) == [(frozenset({"closing", "period", "attestation", "liaison"}), False)]


def test_what_takes_an_entry_back_is_told_its_number_and_has_a_key_of_its_own(scenario: Scenario) -> None:
    written, told = scenario.steps[-2:]
    assert isinstance(written, ForEach)
    assert isinstance(told, ForEach)
    assert (set(written.undo), set(told.undo)) == ({"period"}, set()), "a letter is taken back by nothing"
    undo = written.undo["period"]
    assert undo.keyword.name == "c2s.restore_period"
    days = Period(date(2020, 4, 1), date(2020, 6, 30))
    right = SimpleNamespace(right_id="D1", rule="EXT-C2S-1")
    one = SimpleNamespace(right=right, added=SimpleNamespace(period=days))
    seen = {"household_id": "F-7", "one": one, "reference": "MOD-12"}
    assert undo.given(seen) == {"reference": "MOD-12", "period": days}
    assert undo.effect_key is not None
    assert undo.effect_key.render(seen) == "UNDO/EXT/F-7/D1/EXT-C2S-1"
