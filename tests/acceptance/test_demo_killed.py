"""Whatever is killed in the middle of a demo: every case ends, every doubt is visible, no advance is entered twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from demo_house import Row
from demo_world import Hit


def twice(ledger: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return the stops of a person that have more than one proposal."""
    counted = Counter((line["nir"], line["stop"]) for line in ledger)
    return [key for key, count in counted.items() if count > 1]


def otherwise(rows: dict[int, Row], expected: dict[int, Row], *, but: Sequence[int] = ()) -> None:
    """Check all rows against the oracle, but those in doubt and those named."""
    left_out = {line for line, row in rows.items() if row.outcome == "doubt"} | set(but)
    assert {line: row for line, row in rows.items() if line not in left_out} == {
        line: row for line, row in expected.items() if line not in left_out
    }


def test_all_cases_end_though_a_session_the_demo_a_runner_and_postgresql_were_killed(hit_demo: Hit) -> None:
    assert hit_demo.killed == ("session", "runner", "postgres")
    assert hit_demo.demo.code == 6, hit_demo.demo.err  # the broken page is a difference
    rows, house = hit_demo.house.rows(), hit_demo.house
    broken = next(line for line, key in house.keys().items() if key[1] == hit_demo.broken)
    otherwise(rows, house.oracle(), but=[broken])
    assert rows[broken] == Row(outcome="exception", codes=("PageFailed",))
    assert sum(hit_demo.demo.json["outcomes"].values()) == hit_demo.demo.json["cases"] == 20


def test_no_advance_was_entered_twice(hit_demo: Hit) -> None:
    ledger = hit_demo.house.ledger()
    assert twice(ledger) == []
    assert hit_demo.demo.json["ledger"] == {"lines": len(ledger), "duplicates": 0}


def test_every_doubt_is_an_exception_that_people_see(hit_demo: Hit) -> None:
    house = hit_demo.house
    open_doubts = house.query("select case_id from glr.exception_item where cause = 'doubt' and closed_at is null")
    in_doubt = house.query("select case_id from glr.entry where state in ('doubtful', 'intent')")
    assert sorted(row["case_id"] for row in open_doubts) == sorted(row["case_id"] for row in in_doubt)
    assert hit_demo.demo.json["doubts"] == len(open_doubts)


def test_confirmed_means_one_line_in_the_ledger_with_the_same_amount(hit_demo: Hit) -> None:
    house, keys = hit_demo.house, hit_demo.house.keys()
    written = {(line["nir"], line["stop"]): line["amount_c"] for line in house.ledger()}
    entered = {keys[line]: row.amount_c for line, row in house.rows().items() if row.outcome == "entered"}
    assert entered.items() <= written.items()


def test_a_second_proposal_on_a_stop_would_be_seen() -> None:
    line = {"nir": "185026199900189", "stop": "AT26000101"}
    assert twice([line, dict(line)]) == [("185026199900189", "AT26000101")]


def test_a_killed_demo_leaves_nothing_running_but_the_database(hit_demo: Hit) -> None:
    assert hit_demo.left_by_sigkill == []


def test_ctrl_c_stops_everything_within_seconds(hit_demo: Hit) -> None:
    stopped = hit_demo.stopped
    assert stopped.demo.code == 130, stopped.demo.err
    assert "Traceback" not in stopped.demo.err
    assert stopped.left == []
    assert stopped.seconds < 40


def test_the_same_command_goes_on_where_it_was(hit_demo: Hit) -> None:
    assert "Reprise" in hit_demo.demo.err
    assert len(hit_demo.house.runs()) == 1
    open_cases = "select state from glr.cases where state in ('ready', 'waiting', 'leased')"
    assert hit_demo.house.query(open_cases) == []
