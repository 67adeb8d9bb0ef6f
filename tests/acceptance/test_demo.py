"""The first promise: one command, a delivery accounted for to the row and to the centime, and refused the second time."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from click.testing import CliRunner
from demo_house import Finished
from demo_world import Done

from orchestrator.cli import commands
from orchestrator.drivers.witness import load_witnesses

PROMISED = {
    "cases", "outcomes", "oracle_mismatches", "doubts", "ledger", "control_total_centimes", "refused_delivery", "seconds",
    "cases_per_minute",
}  # fmt: skip
OUTCOMES = ["entered", "nothing_to_pay", "already_done", "awaiting_approval", "exception", "set_aside"]


@pytest.fixture(scope="module")
def again(quiet_demo: Done) -> tuple[Finished, tuple[object, object]]:
    """Run the same command once more; give its end, and the ledger and the runs as they were before."""
    before = quiet_demo.house.ledger(), quiet_demo.house.runs()
    return quiet_demo.house.run(*quiet_demo.house.demo, "--exit"), before


def test_a_demo_ends_well_and_its_last_line_is_the_promised_json(quiet_demo: Done) -> None:
    assert quiet_demo.demo.code == 0, quiet_demo.demo.err
    said = quiet_demo.demo.json
    assert set(said) == PROMISED
    assert list(said["outcomes"]) == OUTCOMES
    assert set(said["ledger"]) == {"lines", "duplicates"}
    assert (said["cases"], sum(said["outcomes"].values())) == (24, 24)
    assert (said["oracle_mismatches"], said["doubts"], said["refused_delivery"]) == (0, 0, None)


def test_every_row_ends_as_the_oracle_says(quiet_demo: Done) -> None:
    expected = quiet_demo.house.oracle()
    assert quiet_demo.house.rows() == expected
    counted = Counter(row.outcome for row in expected.values())
    assert quiet_demo.demo.json["outcomes"] == {outcome: counted[outcome] for outcome in OUTCOMES}


def test_the_application_holds_one_proposal_for_each_entered_row_with_the_right_centimes(quiet_demo: Done) -> None:
    keys, expected = quiet_demo.house.keys(), quiet_demo.house.oracle()
    due = {keys[line]: row.amount_c for line, row in expected.items() if row.outcome == "entered"}
    lines = quiet_demo.house.ledger()
    assert {(line["nir"], line["stop"]): line["amount_c"] for line in lines} == due
    assert quiet_demo.demo.json["ledger"] == {"lines": len(due), "duplicates": len(lines) - len(due)}


def test_a_demo_knows_what_the_screens_show_of_the_witness_so_that_swapped_values_would_be_seen(
    quiet_demo: Done,
) -> None:
    witnesses = load_witnesses(quiet_demo.house.workspace / "secrets" / "canary.json")
    assert sorted(witnesses) == ["arpege", "bdo", "c2s", "compta", "ged", "rniam"]
    assert witnesses["arpege"].known["payments"].tables["payments"][0]["gross"] == "1234,56"
    assert witnesses["compta"].known["advance"].fields["amount"] == "1029,38"
    assert "birth_name" in witnesses["bdo"].known["file"].fields


def test_the_control_total_is_what_is_entered_and_what_waits_for_approval(quiet_demo: Done) -> None:
    counted = [row for row in quiet_demo.house.oracle().values() if row.outcome in {"entered", "awaiting_approval"}]
    assert quiet_demo.demo.json["control_total_centimes"] == sum(row.amount_c or 0 for row in counted)


def test_a_demo_shows_a_table_and_the_console_to_people_on_the_other_output(quiet_demo: Done) -> None:
    assert quiet_demo.demo.out.count("\n") == 1
    for words in (
        "Saisis et relus",
        "Exceptions à traiter",
        "Total de contrôle",
        "Écarts avec l'oracle : 0",
        "http://",
    ):
        assert words in quiet_demo.demo.err
    assert re.search(r"24/24 · .*terminés \d+ · exceptions \d+ · à valider \d+", quiet_demo.demo.err)


def test_the_same_delivery_again_is_refused_and_names_the_first(
    quiet_demo: Done, again: tuple[Finished, tuple[object, object]]
) -> None:
    finished, before = again
    assert finished.code == 0, finished.err
    assert finished.json["refused_delivery"] == quiet_demo.house.delivery.name
    assert finished.json["ledger"] == {"lines": 0, "duplicates": 0}
    assert f"a déjà été reçue : c'est « {quiet_demo.house.delivery.name} »" in finished.err
    assert (quiet_demo.house.ledger(), quiet_demo.house.runs()) == before


def test_another_population_in_the_same_workspace_is_refused_with_what_to_do(
    quiet_demo: Done, again: tuple[Finished, tuple[object, object]]
) -> None:
    house = quiet_demo.house
    refused = house.run("demo", "--cases", "40", "--seed", "7", "--exit", "--json", *house.here)
    assert refused.code == 4
    assert refused.out == ""
    assert "--cases 24 --seed 931" in refused.err
    assert "--workspace" in refused.err
    assert "Traceback" not in refused.err


@pytest.mark.parametrize(
    "command", ["demo", "serve", "runner", "run", "check", "status", "plan", "reconcile", "replay", "shadow", "docs"]
)
def test_help_shows_a_variable_for_each_option_and_names_the_exit_codes(command: str) -> None:
    shown = _help(command)
    options = re.findall(r"^  (?:-\w, )?(--[a-z-]+)", shown, re.MULTILINE)
    variables = re.findall(r"GLR_[A-Z_]+", shown)
    assert sorted(set(variables)) == sorted(variables)
    assert len(variables) == len([option for option in options if option not in {"--help", "--version"}]), shown
    assert "3 DELIVERY" in _help()


def _help(*command: str) -> str:
    return CliRunner().invoke(commands, [*command, "--help"]).output
