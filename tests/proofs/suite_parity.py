"""The suite ``ij-acompte.robot`` does what the YAML scenario does: every row, to the code and the centime.

The long version, on the 200 rows of the demo: ``glr demo --scenario ij-acompte-robot``. Not part of ``./glr test``, where the
short campaign has the suite work beside the YAML scenario: ``.venv/bin/pytest -s tests/proofs/suite_parity.py``, three minutes.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from demo_house import PROJECT, House, concluded
from demo_world import Done


@pytest.fixture(scope="module")
def suite_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Done]:
    """Run the suite on the rows that the YAML scenario had in ``quiet_demo``."""
    house = House(tmp_path_factory.mktemp("suite") / "workspace", cases=24, sessions=1)
    try:
        yield Done(house=house, demo=house.run(*house.demo, "--scenario", "ij-acompte-robot", "--exit"))
    finally:
        house.discard()


def test_every_row_of_the_suite_ends_as_the_oracle_says_and_as_in_yaml(suite_demo: Done, quiet_demo: Done) -> None:
    assert suite_demo.demo.code == 0, suite_demo.demo.err
    rows = suite_demo.house.rows()
    assert rows == suite_demo.house.oracle()
    assert rows == quiet_demo.house.rows()
    assert Counter(row.outcome for row in rows.values())["entered"] > 0


def test_both_leave_the_same_ledger_in_the_application(suite_demo: Done, quiet_demo: Done) -> None:
    by_suite, by_yaml = (
        Counter((line["nir"], line["stop"], line["from"], line["to"], line["amount_c"]) for line in done.house.ledger())
        for done in (suite_demo, quiet_demo)
    )
    assert by_suite == by_yaml
    assert set(by_suite.values()) == {1}


def test_a_dry_run_works_the_suite_and_enters_nothing(suite_demo: Done) -> None:
    house = suite_demo.house
    practice = House(house.workspace.with_name("dry"), cases=60)
    practice.workspace.symlink_to(house.workspace / "dry-run")
    ran = house.run("dry-run", "ij-acompte-robot", "--cases", "12", "--json", *house.here)
    assert ran.code == 0, ran.err
    found = {
        case["line"]: (case["issue"], case["codes"], case["amount_c"], case["approval"]) for case in json.loads(ran.out)
    }
    oracle = practice.oracle()
    assert found == {line: concluded(oracle[line]) for line in found}
    assert len(found) == 12
    assert Counter(issue for issue, *_ in found.values())["saisie"] > 0
    assert practice.ledger() == []


def test_a_replay_answers_the_suite_from_the_record_and_shows_what_a_change_would_change(
    suite_demo: Done, tmp_path: Path
) -> None:
    house, rows = suite_demo.house, suite_demo.house.oracle().values()
    before = house.query("select count(*) from glr.audit_outbox"), house.ledger()
    for name in ("scenarios", "robots"):
        shutil.copytree(PROJECT / name, tmp_path / name)
    suite = tmp_path / "robots" / "acompte-ij" / "ij-acompte.robot"
    text = suite.read_text(encoding="utf-8")
    suite.write_text(text.replace("person.found == 1", "person.found == 2"), encoding="utf-8")
    path = str(tmp_path / "scenarios" / "ij-acompte-robot.yaml")
    other = house.run("replay", str(house.runs()[0]), "--scenario", path, "--json", *house.here)
    assert other.code == 6, other.err
    paid = sum(row.outcome in {"entered", "awaiting_approval", "nothing_to_pay"} for row in rows)
    assert (other.json["new_exception"], other.json["not_replayed"]) == (paid, 0)
    # those that went to people for another reason go there for this one as well
    assert other.json["same"] + other.json["changed"] == sum(row.outcome != "set_aside" for row in rows) - paid
    assert (house.query("select count(*) - 1 as count from glr.audit_outbox"), house.ledger()) == before
