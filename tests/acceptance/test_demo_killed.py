"""Whatever is killed in the middle of a demo: every case ends, every doubt is visible, no advance is entered twice."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest
from demo_house import Finished, House, Row, alive, wait_for
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


def test_all_cases_end_though_a_session_a_runner_and_postgresql_were_killed(hit_demo: Hit) -> None:
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


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("killed") / "workspace", cases=20)
    try:
        yield house
    finally:
        house.discard()


@pytest.fixture(scope="module")
def left_by_sigkill(house: House) -> list[str]:
    """Kill the demo itself; give what still lives after what a case in hand may take."""
    with house.running(*house.demo) as demo:
        wait_for(lambda: len(house.ledger()) >= 2, "two lines in the ledger")
        family = demo.descendants()
        demo.process.kill()
        demo.process.wait()
        return alive(psutil.wait_procs(family, timeout=40)[1])


@pytest.fixture(scope="module")
def interrupted(house: House, left_by_sigkill: list[str]) -> tuple[Finished, float, list[str]]:
    """Start the same command again and press Ctrl-C; give its end, the seconds to it, and what still lives."""
    before = len(house.ledger())
    with house.running(*house.demo) as demo:
        wait_for(lambda: len(house.ledger()) > before + 1, "two more lines in the ledger")
        family = [*demo.descendants(), psutil.Process(house.server().pid)]
        demo.process.send_signal(signal.SIGINT)
        pressed = time.monotonic()
        finished = demo.wait()
        return finished, time.monotonic() - pressed, alive(family)


@pytest.fixture(scope="module")
def resumed(house: House, interrupted: tuple[Finished, float, list[str]]) -> Finished:
    """Let the same command end."""
    return house.run(*house.demo, "--exit")


def test_a_killed_demo_leaves_nothing_running_but_the_database(left_by_sigkill: list[str]) -> None:
    assert left_by_sigkill == []


def test_ctrl_c_stops_everything_within_seconds(interrupted: tuple[Finished, float, list[str]]) -> None:
    finished, seconds, left = interrupted
    assert finished.code == 130, finished.err
    assert "Traceback" not in finished.err
    assert left == []
    assert seconds < 40


def test_the_same_command_goes_on_where_it_was(house: House, resumed: Finished) -> None:
    assert resumed.code == 0, resumed.err
    assert "Reprise" in resumed.err
    assert len(house.runs()) == 1
    assert twice(house.ledger()) == []
    assert resumed.json["cases"] == 20
    assert resumed.json["ledger"] == {"lines": len(house.ledger()), "duplicates": 0}
    otherwise(house.rows(), house.oracle())


def test_what_was_killed_left_no_case_behind(house: House, resumed: Finished, tmp_path: Path) -> None:
    open_cases = house.query("select state from glr.cases where state in ('ready', 'waiting', 'leased')")
    assert open_cases == []
