"""A suite that lets no thread of its session run: its runner kills it, and a case that does it again goes to a person.

Not part of ``./glr test``: ``.venv/bin/pytest -s tests/proofs/suite_without_threads.py``, half a minute.
"""

from __future__ import annotations

import signal
from datetime import timedelta

from demo_house import wait_for
from robot_world import PracticeWorld
from suite_processes import PATIENCE, SuiteProcesses

from orchestrator.engine.session import SILENT


def test_a_session_that_lets_no_thread_run_is_killed_by_its_runner_and_a_case_that_does_it_again_goes_to_a_person(
    processes: SuiteProcesses, practice_world: PracticeWorld
) -> None:
    rows = [practice_world.take("entered") for _ in range(2)]
    processes.deliver(*rows)
    processes.hold(f"keep-{rows[0].stop}")
    processes.silent(SILENT - 1, line=2)
    with processes.runner_of(hung=timedelta(seconds=15)) as (runner, ended):
        wait_for(lambda: len(ended) >= 1, "the runner to kill a session", PATIENCE)
        runner.hung = timedelta(seconds=300)
        processes.expire(line=2)
        wait_for(lambda: processes.outcomes() == {"2": "SessionsLost", "3": "entered"}, "both cases settled", PATIENCE)
    assert ended[0] == -signal.SIGKILL
    assert [len(practice_world.lines_of(row.stop)) for row in rows] == [0, 1]
