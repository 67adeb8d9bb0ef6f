"""``glr shadow`` tells how many acts left a run, as COMPTA's own ledger knows them."""

from __future__ import annotations

from pathlib import Path

from demo_world import Done

from orchestrator.cli.exits import Exit


def test_the_acts_of_a_live_run_are_those_of_the_ledger(quiet_demo: Done, tmp_path: Path) -> None:
    house = quiet_demo.house
    decided = tmp_path / "decisions.csv"
    decided.write_text("objet;montant\n", encoding="utf-8")
    shown = house.run("shadow", str(house.runs()[0]), "--decisions", str(decided), "--json", *house.here)
    acts = shown.json["acts"]
    assert shown.code == Exit.DIFFERENT  # nobody decided anything
    assert (acts["left"], acts["refused"], acts["uncounted"], acts["mode"]) == (len(house.ledger()), 0, 0, "live")
    assert f"Actes partis : {acts['left']} ; refusés : 0" in shown.err
