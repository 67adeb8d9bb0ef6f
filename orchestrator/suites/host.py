"""Robot Framework in the main thread, a session in the loop thread beside it: the same keywords on the same desks (ADR 16)."""

from __future__ import annotations

import asyncio
import os
import queue
import signal
import sys
from collections import defaultdict
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from orchestrator.domain.errors import GlrError
from orchestrator.domain.keywords import Keyword
from orchestrator.engine.suite_steps import SuiteCase, SuiteStuck
from orchestrator.language.suite_files import content_of
from orchestrator.language.suites import SuiteTask
from orchestrator.suites.endless import Call, Ended, EndlessSuite
from orchestrator.suites.failures import SuiteFailed
from orchestrator.suites.loop import SETTLE, LoopThread

T = TypeVar("T")


class OutsideUndeclared(SuiteFailed):
    """La suite a importé une bibliothèque qui peut agir par elle-même, sans que le scénario le déclare."""


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """A task asked for by an attempt."""

    call: Call
    task: SuiteTask
    case: SuiteCase
    done: asyncio.Future[Exception | None]


class RobotThread:
    """Robot Framework as a session sees it, and the session as its libraries see it."""

    def __init__(self, loop: LoopThread, folder: Path) -> None:
        #: Set when the process is asked to stop.
        self.stopping = asyncio.Event()
        #: True when a task did not end in time although it was stopped: the process must end.
        self.stuck = False
        self._loop = loop
        self._folder = folder
        self._asked: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        self._current: _Asked | None = None
        #: Libraries that may act by themselves, by suite.
        self._imported: dict[Path, set[str]] = defaultdict(set)

    # --- in the loop thread ------------------------------------------------------------------------------------------

    async def run(self, task: SuiteTask, variables: Mapping[str, object], case: SuiteCase) -> Exception | None:
        """Run a task to its end; returns what made it fail.

        Cancelled (the case's own time is over), the keyword under way is cancelled and the task waited for. Raises
        :class:`~orchestrator.engine.suite_steps.SuiteStuck` when it does not end.
        """
        done: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        call = Call(suite=self._written(task), task=task.task, variables=variables)
        self._asked.put(_Asked(call=call, task=task, case=case, done=done))
        try:
            return await asyncio.shield(done)
        except asyncio.CancelledError:
            case.stop()
            self._loop.cancel()
            ended, _ = await asyncio.wait([done], timeout=SETTLE)
            if not ended:
                self.stuck = True
                raise SuiteStuck from None
            raise

    def close(self) -> None:
        """Let the main thread go."""
        self._asked.put(None)

    def _written(self, task: SuiteTask) -> Path:
        """Write the files of a task's suite as its version has them, once; return the suite's."""
        digest = sha256("\0".join(f"{path}\0{text}" for path, text in sorted(task.files.items())).encode()).hexdigest()
        for path, text in task.files.items():
            place = self._folder / digest[:16] / path
            if not place.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content_of(text))
        return self._folder / digest[:16] / task.suite

    # --- in the main thread ------------------------------------------------------------------------------------------

    def serve(self) -> None:
        """Run tasks until closed; Robot Framework is imported at the first. A task that it cannot run fails its own case."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop())
        suite, served = EndlessSuite(self, stop=self._stop, outside=self), False
        while not served:
            try:
                suite.run(self._next, self._over)
                served = True
            except GlrError as error:
                self._finished(error)

    def call(self, keyword: Keyword, arguments: Mapping[str, object]) -> object:
        """Call a keyword for the suite, in the loop thread."""
        return self._loop.call(self._case.call(keyword, arguments))

    def say(self, word: str, *values: Any) -> object:  # noqa: ANN401 - of the word
        """Do what a word of the library of the case asks; the attempt waits meanwhile, so it is done here."""
        return self._case.say(word, *values)

    def imported(self, library: str) -> None:
        """Remember a library that may act by itself."""
        if self._current is not None:
            self._imported[self._current.call.suite].add(Path(library).name)

    def begun(self, keyword: str) -> None:
        """Tell it to the audit log."""
        self._tell("keyword.begun", keyword=keyword, kind="outside")

    def ended(self, keyword: str, status: str, seconds: float) -> None:
        """Tell it to the audit log."""
        said = {"PASS": "passed", "FAIL": "failed"}.get(status, "interrupted")
        self._tell("keyword.ended", keyword=keyword, kind="outside", ms=round(seconds * 1000), status=said, code="")

    @property
    def _case(self) -> SuiteCase:
        if self._current is None:
            raise RuntimeError("aucune tâche en cours")
        return self._current.case

    def _next(self) -> Call | None:
        self._current = self._asked.get()
        return self._current.call if self._current else None

    def _over(self, ended: Ended) -> None:
        if self._current is not None:
            undeclared = self._imported[self._current.call.suite] - set(self._current.task.outside)
            self._finished(OutsideUndeclared(None) if undeclared else ended.error)

    def _finished(self, error: Exception | None) -> None:
        if self._current is not None:
            self._loop.loop.call_soon_threadsafe(_finish, self._current.done, error)

    def _tell(self, verb: str, **details: Any) -> None:  # noqa: ANN401 - JSON
        if self._current is not None:
            events = self._current.case.events
            self._loop.loop.call_soon_threadsafe(lambda: events.tell(verb, **details))

    def _stop(self) -> None:
        self._loop.loop.call_soon_threadsafe(self.stopping.set)


def hosted(work: Callable[[RobotThread], Coroutine[Any, Any, T]]) -> T:
    """Do some work in a loop thread while this thread, the main one, is Robot Framework's; return what the work returns.

    A process whose main thread does not come back from a suite ends at once: it holds nothing that its session has not
    settled, or that its lease does not give to another.
    """
    with LoopThread() as loop, TemporaryDirectory(prefix="glr-suites-") as folder:
        robot = RobotThread(loop, Path(folder))
        working = loop.start(work(robot))

        def ended(_: object) -> None:
            if robot.stuck:
                sys.stderr.write(f"glr : {SuiteStuck.__doc__}\n")
                os._exit(70)
            robot.close()

        working.add_done_callback(ended)
        try:
            robot.serve()
        except BaseException:
            working.cancel()
            raise
        return working.result()


def hosted_command(work: Callable[[RobotThread], Coroutine[Any, Any, T]]) -> T:
    """Do the work of a command so; Ctrl-C ends it where it is, and raises ``KeyboardInterrupt`` once it has ended."""

    async def until_stopped(robot: RobotThread) -> asyncio.Task[T]:
        working, stopped = asyncio.create_task(work(robot)), asyncio.create_task(robot.stopping.wait())
        await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
        for each in (working, stopped):
            each.cancel()
        await asyncio.gather(working, stopped, return_exceptions=True)
        return working

    ended = hosted(until_stopped)
    if ended.cancelled():
        raise KeyboardInterrupt
    return ended.result()


def _finish(done: asyncio.Future[Exception | None], error: Exception | None) -> None:
    if not done.done():
        done.set_result(error)
