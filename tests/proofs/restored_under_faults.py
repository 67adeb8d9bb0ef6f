"""A house lost in the middle of its work and brought back from a backup, under faults: nothing is entered twice or lost.

Not part of ``./glr test``: ``.venv/bin/pytest -s tests/proofs/restored_under_faults.py``, some ten minutes. Half of the time
the runners live on meanwhile. What was entered since is unknown to the house; without the look before an act it is
entered a second time.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from orchestrator.bootstrap.world import build_world
from orchestrator.campaign.house import make_house
from orchestrator.campaign.targets import TARGETS

KILLS = ("session-killed", "runner-killed", "session-frozen", "killed-at-a-point")


def campaign(*options: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "orchestrator.cli", "campaign", "--only", "restored", *options, "--json"]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    print(found)
    return found


@pytest.mark.parametrize(("application", "rows"), [("compta", 60), ("progres", 200)])
def test_a_restored_house_enters_nothing_twice_and_loses_nothing(application: str, rows: int) -> None:
    only = [word for name in KILLS for word in ("--only", name)]
    found = campaign("--application", application, "--rows", str(rows), "--seed", "702", "--faults", "40", *only)
    assert found["by_fault"]["restored"] >= 1
    assert found["violations"] == 0


def test_a_house_that_a_starting_runner_made_meanwhile_is_no_obstacle(tmp_path: Path) -> None:
    target = TARGETS["progres"]
    house = make_house(
        tmp_path, target, rows=30, seed=5, runners=1, lease=10.0, without=frozenset(), faults="", disk=None
    )
    try:
        house.start()
        house.deliver(target.scenarios[0], house.delivery)
        house.back_up(tmp_path / "house.glr")
        house.lose(machines=False)
        asyncio.run(build_world(house.settings))  # as the runner does
        house.bring_back(tmp_path / "house.glr")
        assert house.first("campaign.busy")[0]["cases"] > 20
    finally:
        house.stop()


def test_without_looking_first_what_was_entered_since_is_entered_again() -> None:
    found = campaign(
        "--application", "progres", "--rows", "120", "--seed", "705", "--faults", "1", "--without", "look-first"
    )
    assert found["double_entries"] > 0
    assert found["unproven_confirmations"] > 0  # a mark of ours stands twice: not what people had entered before
