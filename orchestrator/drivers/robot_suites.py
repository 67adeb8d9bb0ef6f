"""Running a Robot Framework suite: in a child process, under a time limit, its output kept, its end typed.

Neither Robot Framework nor any RPA module is ever imported by our own processes: they are slow to import, own the main
thread and its signals, and a suite that hangs or leaks ends with its process.

A suite gets variables and an environment of a few harmless names: no password, key or database address of ours can end
in its output, because none is given to it.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from orchestrator.domain.errors import GlrError
from orchestrator.domain.personal import Masked

#: What the child runs: a file of ours that imports nothing of ours.
PROGRAM = Path(__file__).with_name("robot_child.py")
#: Environment variables that a suite may know.
HARMLESS = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "VIRTUAL_ENV", "SSL_CERT_FILE")
#: Highest code of Robot Framework that counts failed tests; what lies above says what else went wrong.
_MOST_FAILURES = 250
_BAD_DATA = 252
#: Bytes of one call: a table may be large.
_LONGEST_CALL = 64_000_000


class SuiteEnd(StrEnum):
    """How a suite ended."""

    #: Every test passed.
    PASSED = "passed"
    #: A test failed.
    FAILED = "failed"
    #: The suite itself cannot be run: missing file, syntax, no test.
    INVALID = "invalid"
    #: It was killed at its time limit.
    TIMED_OUT = "timed_out"
    #: Its process ended in another way.
    CRASHED = "crashed"


@dataclass(frozen=True, kw_only=True)
class SuiteResult:
    """What is known of a suite that was run."""

    end: SuiteEnd
    #: The exit code of its process; negative when a signal ended it.
    code: int
    #: One sentence per failed test.
    messages: tuple[str, ...]
    #: Where ``output.xml``, ``verdict.json`` and ``console.txt`` are.
    output: Path


class SuiteFailed(GlrError):
    """Une suite Robot Framework a échoué."""

    def __init__(self, suite: Path, result: SuiteResult) -> None:
        self.result = result
        name, why = f"{suite.parent.name}/{suite.name}", " ".join(result.messages) or _WHY[result.end]
        detail = f"Détail dans {result.output} (console.txt, output.xml)."
        #: The same without what the suite said, which may quote what it worked on.
        self.summary = f"La suite « {name} » n'a pas abouti : {_WHY[result.end]} {detail}"
        super().__init__(f"La suite « {name} » n'a pas abouti : {why} {detail}")


_WHY = {
    SuiteEnd.PASSED: "elle a réussi sans rendre ce qui était attendu.",
    SuiteEnd.FAILED: "un test a échoué.",
    SuiteEnd.INVALID: "elle ne peut pas être lue (fichier absent, syntaxe, aucun test).",
    SuiteEnd.TIMED_OUT: "elle a dépassé son temps et a été arrêtée.",
    SuiteEnd.CRASHED: "son processus s'est arrêté.",
}


async def run_suite(
    suite: Path,
    *,
    variables: Mapping[str, str | Path | int],
    output: Path,
    limit: float,
    answer: Callable[[bytes], Awaitable[bytes]] | None = None,
) -> SuiteResult:
    """Run a suite to its end, or to its time limit.

    :param variables: given to the suite as ``${NAME}``; personal and secret values are refused with a ``TypeError``,
        since Robot Framework writes variables into its output.
    :param output: folder of what it writes, made 0700.
    :param limit: seconds; the process and what it started are killed then.
    :param answer: answers the suite's calls of our keywords, each a line of JSON; without it, keywords that need a session
        refuse. The suite's process has neither account nor database: only this line.
    """
    ours, theirs = socket.socketpair()
    with ours, theirs:
        request = _request(suite, variables, output, theirs.fileno() if answer else None)
        await asyncio.to_thread(_clear, output)
        answering = asyncio.create_task(_answer(ours, answer)) if answer else None
        try:
            code = await _run_child(request, output, limit, (theirs.fileno(),) if answer else ())
        finally:
            if answering:
                answering.cancel()
                await asyncio.wait([answering])
    messages = _messages(output)
    return SuiteResult(end=_end_of(code), code=_TIMED_OUT if code is None else code, messages=messages, output=output)


async def _answer(ours: socket.socket, answer: Callable[[bytes], Awaitable[bytes]]) -> None:
    reader, writer = await asyncio.open_connection(sock=ours, limit=_LONGEST_CALL)
    while line := await reader.readline():
        writer.write(await answer(line) + b"\n")
        await writer.drain()


def _request(suite: Path, variables: Mapping[str, str | Path | int], output: Path, calls: int | None = None) -> bytes:
    for name, value in variables.items():
        if isinstance(value, Masked):
            raise TypeError(f"${{{name}}} : une valeur personnelle ou secrète ne se donne pas à une suite")
    given = {name: str(value) for name, value in variables.items()}
    return json.dumps({"suite": str(suite), "variables": given, "output": str(output), "calls": calls}).encode()


def _clear(output: Path) -> None:
    output.mkdir(parents=True, exist_ok=True, mode=0o700)
    (output / "verdict.json").unlink(missing_ok=True)


async def _run_child(request: bytes, output: Path, limit: float, shared: tuple[int, ...] = ()) -> int | None:
    """Return the exit code, or None when the time limit ended it."""
    with (output / "console.txt").open("wb") as console:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", str(PROGRAM)),
            stdin=asyncio.subprocess.PIPE,
            stdout=console,
            stderr=console,
            cwd=output,
            env={name: os.environ[name] for name in HARMLESS if name in os.environ},
            start_new_session=True,
            pass_fds=shared,
        )
    try:
        async with asyncio.timeout(limit):
            await child.communicate(request)
            return child.returncode
    except TimeoutError:
        return None
    finally:
        await _end(child)


async def _end(child: asyncio.subprocess.Process) -> None:
    """Kill a child, its process group, and, while it still runs, whatever it started in groups of their own."""
    if child.returncode is None:
        for pid in _descendants(child.pid):
            _kill(os.kill, pid)
    _kill(os.killpg, child.pid)
    await child.wait()


def _kill(how: Callable[[int, int], None], pid: int) -> None:
    try:
        how(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _descendants(pid: int) -> list[int]:
    """Return the processes under one, from ``/proc``."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1])
        except OSError:
            continue  # it has ended meanwhile
        children.setdefault(parent, []).append(int(path.parent.name))
    found = [pid]
    for known in found:
        found += children.get(known, [])
    return found[1:]


_TIMED_OUT = -signal.SIGKILL


def _end_of(code: int | None) -> SuiteEnd:
    if code is None:
        return SuiteEnd.TIMED_OUT
    if code == 0:
        return SuiteEnd.PASSED
    if code == _BAD_DATA:
        return SuiteEnd.INVALID
    return SuiteEnd.FAILED if 0 < code <= _MOST_FAILURES else SuiteEnd.CRASHED


def _messages(output: Path) -> tuple[str, ...]:
    verdict = output / "verdict.json"
    return tuple(json.loads(verdict.read_text(encoding="utf-8"))["messages"]) if verdict.exists() else ()
