"""The same stops delivered again on the next business day, under another name, with one row changed: nothing is entered.

The delivery of the day before stays open at people's desks, the period of each stop has grown by a day, and the robot works
under that day's date.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from demo_house import TODAY, House, Row, wait_for
from demo_world import Done

DAY = "2026-03-30"


@dataclass(frozen=True, kw_only=True)
class Day:
    """One delivery of the same stops, and what became of it."""

    date: str
    file: Path
    said: str
    rows: dict[int, Row]
    expected: dict[int, Row]
    ledger: list[dict[str, Any]]


@pytest.fixture(scope="module")
def day(quiet_demo: Done) -> Iterator[Day]:
    """Deliver again to the house of the demo, its applications and its runner at work."""
    house = quiet_demo.house
    earlier = ["--earlier", f"{house.delivery}@{TODAY}"]
    with house.running(*house.demo) as demo:
        wait_for(demo.answered, "a demo that is refused, and stays")
        yield _deliver(house, DAY, 1, earlier)
        demo.process.send_signal(signal.SIGINT)
        assert demo.wait().code == 130


def _deliver(house: House, date: str, number: int, earlier: list[str]) -> Day:
    (house.practice / "today").write_text(f"{date}\n", "ascii")
    file = house.practice / "deliveries" / f"anomalies-arpege-{date.replace('-', '')}.csv"
    house.sandbox("delivery", "--date", date, "--out", str(file), "--change-one", str(number))
    loaded = house.run("run", "ij-acompte", str(file), "--run-date", date, *house.here)
    assert loaded.code == 0, loaded.err
    open_cases = "select 1 from glr.cases where state in ('ready', 'waiting', 'leased')"
    wait_for(lambda: not house.query(open_cases), f"the cases of {date} out of the robots' hands")
    return Day(
        date=date,
        file=file,
        said=loaded.out,
        rows=house.rows(number),
        expected=house.oracle(*earlier, delivery=file, day=date),
        ledger=house.ledger(),
    )


def test_the_delivery_is_another_file_of_the_same_stops(quiet_demo: Done, day: Day) -> None:
    house = quiet_demo.house
    assert house.delivery.name != day.file.name
    assert house.delivery.read_bytes() != day.file.read_bytes()
    assert house.keys(day.file) == house.keys()


def test_no_line_is_added_to_the_ledger(quiet_demo: Done, day: Day) -> None:
    assert len(day.ledger) == quiet_demo.demo.json["ledger"]["lines"]


def test_each_row_ends_as_the_oracle_says_of_a_day_with_a_past(day: Day) -> None:
    assert day.rows == day.expected
    assert {row.outcome for row in day.rows.values()} >= {"already_done", "set_aside"}


def test_the_command_says_what_it_loaded(day: Day) -> None:
    aside = sum(row.outcome == "set_aside" for row in day.rows.values())
    assert f"{24 - aside} dossiers sur 24 lignes, {aside} mises de côté" in " ".join(day.said.split())
