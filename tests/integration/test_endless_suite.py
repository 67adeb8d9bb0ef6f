"""A suite that never ends, in a process of its own as it will be: every way a case ends, and none is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

#: Feeds the tasks named on the command line, and prints how each ended.
DRIVER = """
import asyncio, json, sys
from pathlib import Path
from orchestrator.domain.errors import BusinessException, SessionExpired
from orchestrator.suites.endless import Call, EndlessSuite
from orchestrator.suites.loop import LoopThread

late = []

class Session:
    def __init__(self, loop): self.loop = loop
    def call(self, keyword, arguments):
        return self.loop.call(getattr(self, keyword.name.partition('.')[2])(**arguments))
    async def advance(self, **arguments):
        what = arguments['rate']
        if what == 1: raise BusinessException('C-05', 'Décédé')
        if what == 2: raise SessionExpired('bdo')
        if what == 3:
            try: await asyncio.sleep(5)
            finally: late.append('cancelled')
        return what

waiting = json.loads(sys.argv[2])
def following():
    if not waiting: return None
    task = waiting.pop(0)
    return Call(suite=Path(sys.argv[1]), task=task, variables={'only': 1} if task == 'Own' else {})
def ended(task):
    if sys.argv[3:] == ['break']: raise RuntimeError('ledger gone')
    print(json.dumps([task.failure, [[k.name, k.kind, k.code] for k in task.keywords]]))
with LoopThread() as loop:
    try:
        EndlessSuite(Session(loop)).run(following, ended)
    except Exception as error:
        print(json.dumps(['raised', type(error).__name__, str(error)]))
print(json.dumps(['left', waiting, late]))
"""
CALL = (
    "ij.advance    stop=${None}    rights=${None}    advances=${{[]}}    as_of=2026-03-27    cap=1,00    rules=${None}"
)
SUITE = f"""*** Settings ***
Library    orchestrator.bootstrap.robot_library.KeywordLibrary    ij    AS    ij
Library    OperatingSystem
Library    Collections
Library    Process

*** Variables ***
${{kept}}    at first
@{{list}}    at first

*** Tasks ***
Fine
    ${{got}}=    {CALL}    rate=0,80
    Should Be Equal As Strings    ${{got}}    0.80

Business
    {CALL}    rate=1

Application
    {CALL}    rate=2

Slow
    [Timeout]    200 ms
    {CALL}    rate=3

Slow By Itself
    [Timeout]    200 ms
    Sleep    5

Caught Then Failed
    TRY
        {CALL}    rate=1
    EXCEPT    *    type=GLOB
        No Operation
    END
    Fail    185027511122299

Own
    Should Be Equal    ${{only}}    ${{1}}

Others
    Variable Should Not Exist    ${{only}}

Fatal
    Fatal Error    nothing works any more

Fatal By Its Tag
    [Tags]    robot:exit-on-failure
    Fail    stop

Leaving Something
    Set Suite Variable    ${{kept}}    of this case
    Append To List    ${{list}}    of this case
    VAR    ${{new}}    of this case    scope=GLOBAL

Changing A List
    Append To List    ${{list}}    of this case

As At First
    Should Be Equal    ${{kept}}    at first
    Length Should Be    ${{list}}    1
    Variable Should Not Exist    ${{new}}

Never Run
    [Tags]    robot:exclude
    No Operation

Stopped From Outside
    Evaluate    os.kill(os.getpid(), 15)    modules=os
    {CALL}    rate=0,80
"""


def _run(folder: Path, tasks: list[str], *more: str) -> list[list[Any]]:
    suite = folder / "essai.robot"
    suite.write_text(SUITE, encoding="utf-8")
    command = [sys.executable, "-P", "-c", DRIVER, str(suite), json.dumps(tasks), *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def _called(code: str) -> list[list[str]]:
    return [["ij.advance", "compute", code]]


def test_each_way_a_task_ends_is_told_by_what_was_raised_and_the_next_goes_on(tmp_path: Path) -> None:
    tasks = ["Fine", "Business", "Application", "Slow", "Slow By Itself", "Caught Then Failed", "Own", "Others", "Fine"]
    assert _run(tmp_path, tasks) == [
        [None, _called("")],
        [["business", "C-05"], _called("C-05")],
        [["application", "SessionExpired"], _called("SessionExpired")],
        [["application", "TooSlow"], _called("interrupted")],
        [["application", "TooSlow"], []],
        [["robot", "SuiteFailed"], _called("C-05")],
        [None, []],
        [None, []],
        [None, _called("")],
        ["left", [], ["cancelled"]],
    ]


ROBOT = [["robot", "SuiteFailed"], []]


def test_a_fatal_error_ends_its_own_case_and_no_other(tmp_path: Path) -> None:
    assert _run(tmp_path, ["Fine", "Fatal", "Fine", "Fatal By Its Tag", "Fatal", "Fine"]) == [
        [None, _called("")],
        ROBOT,
        [None, _called("")],
        ROBOT,
        ROBOT,
        [None, _called("")],
        ["left", [], []],
    ]


def test_what_a_case_leaves_in_variables_is_gone_at_the_next(tmp_path: Path) -> None:
    passed: list[Any] = [None, []]
    tasks = ["As At First", "Leaving Something", "As At First", "Changing A List", "As At First"]
    assert _run(tmp_path, tasks) == [passed] * 5 + [["left", [], []]]


def test_a_task_that_robot_framework_will_not_run_is_told_and_not_waited_for(tmp_path: Path) -> None:
    (raised, left) = _run(tmp_path, ["Never Run", "Fine"])
    assert raised[:2] == ["raised", "NotRun"]
    assert left == ["left", ["Fine"], []]


def test_a_stop_lets_the_case_in_hand_end_and_begins_no_other(tmp_path: Path) -> None:
    assert _run(tmp_path, ["Fine", "Stopped From Outside", "Fine", "Fine"]) == [
        [None, _called("")],
        [None, _called("")],
        ["left", ["Fine", "Fine"], []],
    ]


def test_what_the_feeder_raises_is_not_swallowed(tmp_path: Path) -> None:
    assert _run(tmp_path, ["Fine", "Fine"], "break") == [
        ["raised", "RuntimeError", "ledger gone"],
        ["left", ["Fine"], []],
    ]


def test_an_unknown_task_is_refused_with_what_may_have_been_meant(tmp_path: Path) -> None:
    (raised, left) = _run(tmp_path, ["Finne"])
    assert raised == ["raised", "UnknownTask", "Tâche « Finne » inconnue. Écrire « Fine » ?"]
    assert left == ["left", [], []]


def test_the_bench_works_every_case_of_every_round_and_says_what_it_measured() -> None:
    command = [sys.executable, "-m", "orchestrator.cli", "bench", "robot", "--cases", "60", "--rounds", "2"]
    command += ["--engine", "0", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode in {0, 6}, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert (said["bench"], said["cases"], said["rounds"]) == ("robot", 60, 2)
    assert 0 < said["ms"]["min"] <= said["ms"]["median"] <= said["ms"]["max"]
    assert said["reached"] is (done.returncode == 0)
