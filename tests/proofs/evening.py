"""One evening of all shipped robots in one house, twice: the command itself, its ledgers, its refusal to do it again.

Not part of ``./glr test``: ``.venv/bin/pytest -s tests/proofs/evening.py``, about two minutes on two free cores.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from demo_house import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """An evening's house."""
    opened = House(tmp_path / "workspace", cases=20)
    try:
        yield opened
    finally:
        opened.discard()


def test_all_robots_work_one_evening_side_by_side_and_a_second_one_enters_nothing(house: House) -> None:
    command = [*house.demo, "--robot", "all", "--exit"]
    first = house.run(*command, seconds=900)
    assert first.code == 0, first.err
    print(first.err)
    played = first.json["scenarios"]
    assert set(played) == {
        "ij-acompte",
        "ij-acompte-robot",
        "acompte-suivi",
        "retours-banque",
        "droits-prolongation",
        "mutation-entrante",
        "depot-pieces",
        "acompte-courrier",
        "controle-vagues",
        "arpege-surveillance",
        "ij-acompte (trouvés)",
    }
    assert {(each["oracle_mismatches"], each["doubts"], each["ledger"]["duplicates"]) for each in played.values()} == {
        (0, 0, 0)
    }
    assert all(each["outcomes"]["exception"] for each in played.values())
    assert {name for name, each in played.items() if not each["ledger"]["lines"]} == {
        "arpege-surveillance",
        "controle-vagues",
    }
    found = played["ij-acompte (trouvés)"]
    assert found["outcomes"]["entered"] == found["ledger"]["lines"] == 1, "the stop that no list had is advanced once"
    assert "0 différence" in first.err
    closings = house.query("select count(*) as n, count(closed_at) as closed from glr.closing")[0]
    assert closings["n"] == closings["closed"] > len(played), "controle-vagues has three"

    acts = {path.name: path.read_text("utf-8") for path in house.practice.glob("*.ledger.jsonl")}
    said = [json.loads(line) for text in acts.values() for line in text.splitlines()]
    entered = [act for act in said if act["act"] != "CONSULTATION"]
    authors = Counter(act["author"] for act in entered if act.get("author", "").startswith("ROB-"))
    assert set(authors) == {
        "ROB-931-ACPIJ-1",
        "ROB-931-SUIVI-1",
        "ROB-931-DROITS-1",
        "ROB-931-MUTAT-1",
        "ROB-931-PIECES-1",
    }
    assert sum(authors.values()) == sum(each["ledger"]["lines"] for each in played.values())

    again = house.run(*command, seconds=900)
    assert again.code == 0, again.err
    assert all(each["refused_delivery"] for each in again.json["scenarios"].values())
    assert {path.name: path.read_text("utf-8") for path in house.practice.glob("*.ledger.jsonl")} == acts
