"""The three migration waves at full size through the shipped robot, by the programs that a caisse runs; the third ends in a go.

Not part of ``./glr test``: ``.venv/bin/pytest -s tests/proofs/waves.py``, some minutes. The judge is what was planted.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pypdf
import pytest
from console_visitor import Visitor
from demo_house import listens, wait_for
from waves_house import WavesHouse, planted

from sandbox import waves


@pytest.fixture
def house(tmp_path: Path) -> Iterator[WavesHouse]:
    """A house with the scenario published."""
    opened = WavesHouse(tmp_path / "house")
    opened.make()
    try:
        yield opened
    finally:
        opened.discard()


def _text(path: Path) -> str:
    return " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(path).pages).split())


def _close(house: WavesHouse, run: str) -> Path:
    done = house.glr("close", run[:8])
    assert done.returncode == 0, done.stderr
    return max((path for path in house.reports() if run[:8] in path.name), key=lambda path: path.stat().st_mtime_ns)


def _said_of_people(house: WavesHouse, day: str) -> set[str]:
    """Every number, account and long name of both extracts."""
    lines = [
        line
        for path in house.extracts.glob(f"vague-{day}-*.txt")
        for line in path.read_text("cp1252").splitlines()
        if line.startswith("001")
    ]
    return {line[3:18] for line in lines} | {line[81:115].strip() for line in lines if len(line) > 115} | {
        name for line in lines if len(name := line[18:48].strip()) > 5
    }  # fmt: skip


def test_three_waves_are_compared_explained_and_told_to_the_direction(house: WavesHouse) -> None:
    words = ("serve", "--no-planner", "--port", str(house.port))
    with house.running("runner", "--sessions", "1"), house.running(*words) as serving:
        wait_for(lambda: listens(f"http://127.0.0.1:{house.port}"), "the console answers", 90)
        runs = {}
        for number, (day, people) in enumerate(waves.WAVES, start=1):
            began, cpu = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
            run, expected = house.deliver(number, people, whole=number == 3)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            used = after.ru_utime + after.ru_stime - cpu.ru_utime - cpu.ru_stime
            loaded = time.monotonic() - began
            wait_for(lambda run=run: house.closed(run), f"wave {number} is closed", 300)  # type: ignore[misc]
            print(
                f"wave {number}: {people} lines, loaded in {loaded:.1f} s ({used:.1f} s of CPU), closed after "
                f"{time.monotonic() - began:.1f} s; largest child {after.ru_maxrss // 1024} MB, console "
                f"{psutil.Process(serving.pid).memory_info().rss >> 20} MB"
            )
            states, told = house.states(run), planted(expected)
            assert [states[line] for line in sorted(states)] == [("exception", codes) for _, _, codes, _ in told]
            text = _text(_close(house, run))
            assert text.startswith(f"STOP - vague 0{number}")
            assert {value for value in _said_of_people(house, f"{day:%Y%m%d}") if value in text} == set()
            runs[number] = (run, told)
        _explain(house, *runs[3])


def _explain(
    house: WavesHouse, run: str, told: list[tuple[int | None, int | None, tuple[str, ...], int | None]]
) -> None:
    """An agent explains every difference in the console; the file is made again on the way, and says go at the end."""
    items, words = house.items(run), ("CORRIGE", "JUSTIFIE", "SUIVI")
    with Visitor(f"http://127.0.0.1:{house.port}", "agent", house.people["agent"]) as agent:
        assert '<select id="champ-explanation"' in _claimed(agent, items[0])
        for place, item in enumerate(items):
            agent.resend(item, explanation=words[place % 3])
            if place == len(items) // 2:
                _settled(house, run, place + 1)
                assert _text(_close(house, run)).startswith("STOP")
    _settled(house, run, len(items))
    last = _close(house, run)
    assert last.name.endswith(f"-stop-go-{len(told)}.pdf")
    assert _text(last).startswith("GO - vague 03")
    ends = [state for state, _ in house.states(run).values()]
    assert {end: ends.count(end) for end in ("corrected", "justified", "followed")} == {
        end: len(items[place::3]) for place, end in enumerate(("corrected", "justified", "followed"))
    }
    made = house.query("select effect_key from glr.hand_over where run = %(run)s and state = 'made'", run=run)
    assert len({row["effect_key"] for row in made}) == len(made) == 4, "a list, and three files"
    decided = house.query(
        "select count(*) as n from glr.exception_item i join glr.cases c on c.id = i.case_id "
        "where c.run = %(run)s and i.closed_by = 'agent' and i.decision = 'resend'",
        run=run,
    )
    assert decided[0]["n"] == len(told)


def _claimed(agent: Visitor, item: str) -> str:
    agent.claim(item)
    return agent.page(f"/exceptions/{item}")


def _settled(house: WavesHouse, run: str, explained: int) -> None:
    ends = {"corrected", "justified", "followed"}
    wait_for(lambda: sum(state in ends for state, _ in house.states(run).values()) == explained, "explained", 120)
