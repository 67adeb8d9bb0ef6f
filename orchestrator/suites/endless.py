"""One suite that never ends: each case is a task appended to it while it runs, so that a case costs milliseconds.

A new Robot Framework process costs most of a second. Here libraries are imported once, and the session that keywords
reach is kept. Robot Framework runs in the main thread of the process, once.
"""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from orchestrator.bootstrap.robot_library import Session
from orchestrator.domain.cases import Cause
from orchestrator.domain.errors import ApplicationException, BusinessException, GlrError, TooSlow
from orchestrator.domain.keywords import Keyword
from orchestrator.language.faults import suggest
from orchestrator.suites.imports import check_imports

_TIME_LIMIT = re.compile(r"(Test|Task|Keyword) timeout .+ exceeded\.")


class UnknownTask(GlrError):
    """La suite n'a pas cette tâche."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One task to run, for one case."""

    #: The name of a task of the suite.
    task: str
    #: Given as ``${name}``, each of its own type.
    variables: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class CalledKeyword:
    """One call of a keyword of the house, as the audit log tells it: no argument and no result."""

    name: str
    kind: str
    #: Seconds.
    seconds: float
    #: The code of what it raised; empty when it returned.
    code: str


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a task ended."""

    #: None when it passed; else who has to look, and under which code. Never Robot Framework's text, which quotes values.
    failure: tuple[Cause, str] | None
    #: Seconds.
    seconds: float
    #: In order.
    keywords: tuple[CalledKeyword, ...]


@dataclass
class _Recorder:
    """The session as libraries see it: what a keyword raises is kept before Robot Framework makes it a text."""

    session: Session
    called: list[CalledKeyword] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)

    def call(self, keyword: Keyword, arguments: Mapping[str, object]) -> object:
        """Call a keyword, and remember that it was."""
        began, code = time.monotonic(), "interrupted"
        try:
            result = self.session.call(keyword, arguments)
            code = ""
            return result
        except Exception as error:
            self.errors.append(error)
            code = error.code if isinstance(error, GlrError) else type(error).__name__
            raise
        finally:
            seconds = time.monotonic() - began
            self.called.append(CalledKeyword(name=keyword.name, kind=keyword.kind, seconds=seconds, code=code))


class EndlessSuite:
    """Feeds a running suite, as its listener."""

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self, suite: Path, session: Session, *, limit: str = "150 seconds") -> None:
        """``limit`` is Robot Framework's time limit of a task that sets none itself."""
        from robot.api import TestSuite  # noqa: PLC0415 - only processes that run a suite import Robot Framework

        check_imports(suite)
        self._suite = TestSuite.from_file_system(suite)
        self._bodies = {test.name: (test, list(test.body)) for test in self._suite.tests}
        self._session, self._limit = session, limit
        self._recorder = _Recorder(session)
        self._next: Callable[[], Call | None] = lambda: None
        self._ended: Callable[[Ended], None] = lambda _: None
        self._variables: Mapping[str, object] = {}
        self._given = 0
        self._stopping = False
        self._broken: Exception | None = None

    def run(self, following: Callable[[], Call | None], ended: Callable[[Ended], None]) -> None:
        """Run what ``following`` gives (it may wait) until it gives None or SIGTERM comes; say how each ended.

        After SIGTERM the task in hand ends as it would have, and nothing further is asked for: what was not begun is
        still where it was. Main thread only, once per process. Raises whatever ``following`` or ``ended`` raised.
        """
        self._next, self._ended = following, ended
        first = self._suite.tests[0] if self._suite.tests else None
        if first is None:
            raise UnknownTask(f"La suite {self._suite.source} n'a aucune tâche.")
        self._suite.run(output=None, log=None, report=None, console="none", listener=self)
        if self._broken is not None:  # Robot Framework would only have written it to a console that is closed
            raise self._broken

    # --- what Robot Framework calls ----------------------------------------------------------------------------------

    def library_import(self, library: Any, importer: Any) -> None:  # noqa: ANN401, ARG002 - Robot Framework's own model
        """Give libraries that want one the session."""
        if "session" in vars(library.code):
            library.instance.session = self._recorder

    def start_suite(self, data: Any, result: Any) -> None:  # noqa: ANN401, ARG002
        """Replace the tasks as written by the first case; a suite that is empty before it starts would be skipped."""
        signal.signal(signal.SIGTERM, self._stop)  # Robot Framework's own would report the cases that remain as failed
        data.tests.clear()
        self._guarded(self._push)

    def start_test(self, data: Any, result: Any) -> None:  # noqa: ANN401, ARG002
        """Give the task its variables."""
        from robot.running.context import EXECUTION_CONTEXTS  # noqa: PLC0415

        for name, value in self._variables.items():
            EXECUTION_CONTEXTS.current.variables.set_test(f"${{{name}}}", value)

    def end_test(self, data: Any, result: Any) -> None:  # noqa: ANN401
        """Say how the task ended, forget it, and append the next."""
        failure = None if result.passed else _failure(self._recorder.errors, result.message)
        seconds = result.elapsed_time.total_seconds()
        ended = Ended(failure=failure, seconds=seconds, keywords=tuple(self._recorder.called))
        self._recorder.called.clear()
        self._recorder.errors.clear()
        data.body = ()
        result.parent.tests.clear()
        self._guarded(lambda: self._ended(ended))
        if self._broken is None:
            self._guarded(self._push)

    # --- inside ------------------------------------------------------------------------------------------------------

    def _push(self) -> None:
        call = None if self._stopping else self._next()
        if call is None:
            return
        if call.task not in self._bodies:
            raise UnknownTask(f"Tâche « {call.task} » inconnue. {suggest(call.task, self._bodies)}")
        written, body = self._bodies[call.task]
        self._variables, self._given = call.variables, self._given + 1
        task = self._suite.tests.create(
            name=f"{call.task} · {self._given}",
            tags=written.tags,
            timeout=written.timeout or self._limit,
            lineno=written.lineno,
            error=written.error,
        )
        # the same statements each time: copying a task copies its whole suite, and one task runs at a time
        task.body = body
        if written.has_setup:
            task.setup = written.setup
        if written.has_teardown:
            task.teardown = written.teardown

    def _guarded(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - Robot Framework would swallow it: told by run()
            self._broken = error

    def _stop(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - a signal handler
        self._stopping = True


def _failure(errors: list[Exception], message: str) -> tuple[Cause, str]:
    """Return who has to look and the code, from what was raised; a failure of the suite itself is the robot's."""
    raised = next((error for error in reversed(errors) if str(error) and str(error) in message), None)
    match raised:
        case BusinessException():
            return Cause.BUSINESS, raised.code
        case ApplicationException():
            return Cause.APPLICATION, raised.code
        case GlrError():
            return Cause.ROBOT, raised.code
        case None if _TIME_LIMIT.search(message):
            return Cause.APPLICATION, TooSlow.__name__
    return Cause.ROBOT, "SuiteFailed"
