"""Sessions that work a suite, killed, frozen and hung in processes of their own: COMPTA's ledger and the cases afterwards.

A session that lets no thread run at all is in ``tests/proofs/suite_without_threads.py``.
"""

from __future__ import annotations

import signal
import time
from functools import partial

import psutil
from demo_house import wait_for
from robot_world import PracticeWorld, Row
from suite_processes import PATIENCE, SuiteProcesses

#: How long COMPTA takes to record the act in which a session is hit (seconds).
SLOW = 6.0
POINTS = ("before", "inside", "after")


def kill_at_each_point(processes: SuiteProcesses, rows: dict[str, Row]) -> None:
    """Kill one session at each point, and let the next go on."""
    act = {"on": "POST /avances", "stop": rows["inside"].stop, "fault": "slow", "seconds": SLOW, "times": 1}
    processes.world.fault(act)
    for line, (point, row) in enumerate(rows.items(), start=2):
        held = f"{point}-{row.stop}"
        if point != "inside":
            processes.hold(held)
        session = processes.start()
        if point == "inside":
            wait_for(partial(under_way, processes, line), "an act under way", PATIENCE)
            time.sleep(SLOW / 3)  # its request has left, and COMPTA has not recorded it yet
        else:
            processes.wait_at(held)
        session.kill()
        processes.end_of(session)
        if point != "inside":
            processes.let_go(held)
        processes.expire()


def under_way(processes: SuiteProcesses, line: int) -> bool:
    """True once the entry of a line may be made at any moment."""
    text = "select 1 from glr.entry join glr.cases on cases.id = entry.case_id where entry.state = 'intent' and cases.line = "
    return bool(processes.query(f"{text}{line}"))


def test_a_session_killed_before_inside_and_after_its_act_leaves_one_entry_and_no_case_is_lost(
    processes: SuiteProcesses, practice_world: PracticeWorld
) -> None:
    rows = {point: practice_world.take("entered") for point in POINTS}
    processes.deliver(*rows.values())

    kill_at_each_point(processes, rows)
    processes.work_to_the_end()
    # what landed is found by the look that follows a doubt, and is ours (ADR 28)
    assert processes.outcomes() == dict.fromkeys("234", "entered")
    assert [len(practice_world.lines_of(row.stop)) for row in rows.values()] == [1, 1, 1]


def test_a_suite_that_never_ends_ends_its_session_and_its_case_goes_on_elsewhere(
    processes: SuiteProcesses, practice_world: PracticeWorld
) -> None:
    rows = [practice_world.take("entered") for _ in range(3)]
    processes.deliver(*rows)
    processes.hold(f"spin-{rows[1].stop}")
    first = processes.start()
    processes.wait_at(f"spin-{rows[1].stop}")
    family = first.children(recursive=True)

    assert processes.end_of(first) == 70
    assert processes.outcomes() == {"2": "entered", "3": "waiting", "4": "ready"}
    assert psutil.wait_procs(family, timeout=30)[1] == []  # its browser too
    (last,) = processes.query("select outcome, code from glr.attempt order by started_at desc limit 1")
    assert last == {"outcome": "retry", "code": "SuiteStuck"}

    processes.let_go(f"spin-{rows[1].stop}")
    processes.work_to_the_end()
    assert processes.outcomes() == dict.fromkeys("234", "entered")
    assert [len(practice_world.lines_of(row.stop)) for row in rows] == [1, 1, 1]


def test_a_frozen_session_that_lost_its_lease_between_intent_and_request_sends_nothing_once_revived(
    processes: SuiteProcesses, practice_world: PracticeWorld
) -> None:
    row = practice_world.take("entered")
    processes.deliver(row)
    processes.hold(f"fence-{row.stop}")
    session = processes.start()
    processes.wait_at(f"fence-{row.stop}")
    session.send_signal(signal.SIGSTOP)
    processes.expire()
    processes.let_go(f"fence-{row.stop}")
    session.send_signal(signal.SIGCONT)  # at once: its own clocks would still let it act

    assert processes.end_of(session) == 0
    assert processes.outcomes() == {"2": "doubt"}
    assert practice_world.lines_of(row.stop) == []
