"""A migration wave in small: its file, what is expected of each row, the judgement of PROGRES's ledger, and its pace."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from orchestrator.bench.wave import Reading, pace
from sandbox.population import build
from sandbox.stores import create
from sandbox.transfers import WIDTH
from sandbox.wave import judge, write

ROWS = 60


def judged(folder: Path) -> tuple[list[dict[str, Any]], dict[str, int]]:
    said: list[dict[str, Any]] = [dict(each) for each in judge(folder, ROWS)]
    return said[:-1], said[-1]["ledger"]


def test_every_row_of_a_wave_is_expected_once_and_the_ledger_of_progres_is_compared_with_that(tmp_path: Path) -> None:
    create(tmp_path, build(20, 931, "2026-03-27"))
    path = tmp_path / "vague-mutations-1.txt"
    write(tmp_path, ROWS, path)
    lines = path.read_bytes().decode("cp1252").splitlines()
    assert [number for number, line in enumerate(lines, start=1) if len(line) != WIDTH] == [ROWS // 2 + 2]
    rows, ledger = judged(tmp_path)
    assert [row["line"] for row in rows] == list(range(2, ROWS + 2))
    assert Counter(row["outcome"] for row in rows) == {"waiting": 43, "exception": 15, "set_aside": 2}
    assert ledger == {"lines": 0, "duplicates": 0, "missing": 43, "unexpected": 0}

    first, *others = [row["reference"] for row in rows if row["outcome"] == "waiting"]
    returned = next(row["reference"] for row in rows if row["outcome"] == "exception")
    entered = [first, first, *others[1:], returned]  # one twice, one not at all, one that should not be
    acts = [{"act": "MUTATION", "reference": reference} for reference in entered]
    (tmp_path / "progres.ledger.jsonl").write_text("".join(f"{json.dumps(act)}\n" for act in acts))
    assert judged(tmp_path)[1] == {"lines": 44, "duplicates": 1, "missing": 1, "unexpected": 1}


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        ([(0, 0), (60, 0), (120, 10), (180, 40), (240, 130)], [30.0, 90.0]),
        ([(0, 0), (20, 10), (50, 25)], [30.0]),  # less than a minute, at its pace
        ([(0, 0), (20, 0)], [0.0]),
    ],
)
def test_the_pace_is_that_of_each_minute_after_the_first_case(
    readings: list[tuple[float, int]], expected: list[float]
) -> None:
    assert pace([Reading(at=at, done=done, memory={}) for at, done in readings]) == expected
