"""What a killed process drafted is thrown away by the next, and what somebody still drafts is not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from orchestrator.bootstrap.scratch import scratch
from orchestrator.language import suites_known

#: Drafts a letter, starts a child that keeps the folder when it is asked to, says its number, and waits to be killed.
DRAFTS = """
import subprocess, sys, tempfile
from pathlib import Path
from orchestrator.bootstrap.scratch import scratch
with scratch() as alive:
    Path(tempfile.mkdtemp(), "lettre-" + sys.argv[1]).touch()
    wait = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    child = subprocess.Popen(wait, stdin=0, stdout=2, pass_fds=[alive]) if "keeps" in sys.argv else None
    print(child.pid if child else 0, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def drafting(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    with ExitStack() as stack:

        def start(*said: str) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [sys.executable, "-c", DRAFTS, *said],
                env={**os.environ, "TMPDIR": str(tmp_path)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield start


def test_what_the_dead_drafted_is_thrown_away_and_what_the_living_draft_stays(
    drafting: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    started = {name: drafting(name, *said) for name, said in (("dead", ()), ("alive", ()), ("parent", ("keeps",)))}
    children = {name: int(process.stdout.readline()) for name, process in started.items() if process.stdout}
    for name in ("dead", "parent"):
        started[name].kill()
        started[name].wait()
    assert letters(tmp_path) == {"lettre-dead", "lettre-alive", "lettre-parent"}
    begin_and_end(tmp_path)
    assert letters(tmp_path) == {"lettre-alive", "lettre-parent"}  # a session may outlive its runner
    child = psutil.Process(children["parent"])
    child.kill()
    psutil.wait_procs([child], timeout=10)
    begin_and_end(tmp_path)
    assert letters(tmp_path) == {"lettre-alive"}
    started["alive"].communicate("")
    assert [*tmp_path.iterdir()] == []


def letters(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("lettre-*")}


def test_what_was_understood_of_a_suite_outlives_who_drafts_and_is_known_to_its_children(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    asks = "from orchestrator.language.suites_known import known; print(known('lire'))"
    with scratch():
        suites_known.keep("lire", "une tâche")
        child = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True, check=True)
        assert child.stdout == "une tâche\n"
    assert suites_known.known("lire") == "une tâche"
    assert suites_known.BELOW not in os.environ


def begin_and_end(folder: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tempfile.tempdir", str(folder))
        with scratch():
            pass
