"""ARPEGE's recoveries over real HTTP: an agent takes one off, once; no robot may."""

from __future__ import annotations

import json
from pathlib import Path

from served_sandbox import serving

from sandbox.population import build
from sandbox.stores import create
from sandbox.witness import ADVANCE

OFF = "/recuperations/retrait"


def test_a_recovery_is_taken_off_once_by_an_agent_and_by_no_robot(tmp_path: Path) -> None:
    create(tmp_path, build(20, 931, "2026-03-27"))
    page = f"/recuperations/avance/{ADVANCE}"
    with serving(tmp_path) as served, served.browser("arpege") as robot, served.browser("arpege", "A1001") as agent:
        asked = {"recuperation": agent.get(page).text.partition('name="recuperation" value="')[2].partition('"')[0]}
        assert asked["recuperation"].startswith("REC-")
        assert OFF not in robot.get(page).text
        refused = robot.post(OFF, data=asked)
        done, again = agent.post(OFF, data=asked), agent.post(OFF, data=asked)
        shown = robot.get(page).text
    assert (done.status_code, done.headers["location"]) == (303, page)
    assert ["pas à retirer par vous" in answer.text for answer in (refused, again)] == [True, True]
    assert "RETIREE" in shown
    (act,) = [json.loads(line) for line in (tmp_path / "arpege.ledger.jsonl").read_text("utf-8").splitlines()]
    assert (act["act"], act["number"], act["advance"], act["author"]) == (
        "RETRAIT", asked["recuperation"], ADVANCE, "A1001"
    )  # fmt: skip
