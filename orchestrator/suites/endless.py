"""One suite that never ends: each case is a task appended to it while it runs, so that a case costs milliseconds.

A new Robot Framework process costs most of a second. Here libraries are imported once, and the session that keywords
reach is kept. Robot Framework runs in the main thread of the process, once; another file is a further suite of the same run.
"""

from __future__ import annotations

import copy
import functools
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

from orchestrator.bootstrap.case_library import CaseLibrary
from orchestrator.bootstrap.robot_library import KeywordLibrary, Session
from orchestrator.domain.cases import Cause
from orchestrator.domain.errors import GlrError
from orchestrator.domain.personal import Secret
from orchestrator.language.faults import suggest
from orchestrator.suites.failures import CalledKeyword, Recorder, cause_of, raised
from orchestrator.suites.imports import check_imports
from orchestrator.suites.libraries import harmless

#: Seconds a task may take when it sets no shorter limit itself.
LIMIT = 120.0


class UnknownTask(GlrError):
    """La suite n'a pas cette tâche."""


class NotRun(GlrError):
    """Robot Framework n'exécute pas la tâche (étiquette robot:exclude ?)."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One task to run, for one case."""

    #: The file of its suite.
    suite: Path
    #: The name of a task of the suite.
    task: str
    #: Given as ``${name}``, each of its own type.
    variables: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a task ended."""

    #: None when it passed; what a keyword raised; else what is known of the failure, never Robot Framework's own text.
    error: Exception | None
    #: Seconds.
    seconds: float
    #: In order.
    keywords: tuple[CalledKeyword, ...]

    @property
    def failure(self) -> tuple[Cause, str] | None:
        """Who has to look and under which code; None when it passed."""
        return None if self.error is None else cause_of(self.error)


class Outside(Protocol):
    """Is told of libraries that may act by themselves, as they do."""

    def imported(self, library: str) -> None:
        """A suite imported it."""

    def begun(self, keyword: str) -> None:
        """One of its keywords begins."""

    def ended(self, keyword: str, status: str, seconds: float) -> None:
        """It has ended."""


@dataclass
class EndlessSuite:
    """Feeds a running suite, as its listener."""

    ROBOT_LISTENER_API_VERSION = 3

    session: Session
    #: Robot Framework's longest time for a task, seconds.
    limit: float = LIMIT
    #: Called at SIGTERM and SIGINT instead of ending after the task in hand.
    stop: Callable[[], None] | None = None
    outside: Outside | None = None
    _recorder: Recorder = field(init=False)
    _bodies: dict[str, Any] = field(default_factory=dict)
    _pending: Call | None = None
    #: Tasks given to Robot Framework, and those whose end was told.
    _given: int = 0
    _told: int = 0
    #: What the suite has as variables of its own before its first task.
    _before: Mapping[str, object] = field(default_factory=dict)
    _stopping: bool = False
    _broken: Exception | None = None

    def __post_init__(self) -> None:
        self._recorder = Recorder(self.session)

    def run(self, following: Callable[[], Call | None], ended: Callable[[Ended], None]) -> None:
        """Run what ``following`` gives (it may wait) until it gives None or SIGTERM comes; say how each ended.

        After SIGTERM the task in hand ends as it would have, and nothing further is asked for: what was not begun is
        still where it was. Main thread only, once per process. Raises whatever ``following`` or ``ended`` raised.

        A fatal error ends a run of Robot Framework, and so does a task that leaves something behind (a variable of the suite):
        the next case begins another run, in the same process.
        """
        self._next, self._ended, self._broken = following, ended, None
        self._pending = following()
        while self._pending is not None and self._broken is None:
            self._run_suite(self._pending.suite)
        if self._broken is not None:  # Robot Framework would only have written it to a console that is closed
            raise self._broken

    def _run_suite(self, first: Path) -> None:
        from robot.api import TestSuite  # noqa: PLC0415 - only processes that run a suite import Robot Framework

        told = self._told
        self._root = TestSuite(name="Robot")
        self._root.suites.append(self._read(first))
        _understand_converters_once()
        self._root.run(output=None, log=None, report=None, console="none", loglevel="NONE", listener=self)
        if self._told == told and self._broken is None:
            raise NotRun

    # --- what Robot Framework calls ----------------------------------------------------------------------------------

    def library_import(self, library: Any, importer: Any) -> None:  # noqa: ANN401, ARG002 - Robot Framework's own model
        """Give libraries that want one the session."""
        if library.code in {KeywordLibrary, CaseLibrary} or "session" in vars(library.code):
            library.instance.session = self._recorder
        elif self.outside is not None and not harmless(library):
            self.outside.imported(library.real_name)

    def variables_import(self, attributes: Mapping[str, Any], importer: Any) -> None:  # noqa: ANN401, ARG002
        """Say that a variable file is a program."""
        if self.outside is not None and str(attributes["source"]).endswith(".py"):
            self.outside.imported(Path(attributes["source"]).name)

    def start_suite(self, data: Any, result: Any) -> None:  # noqa: ANN401, ARG002
        """Replace the tasks as written by the first case; a suite that is empty before it starts would be skipped."""
        for number in (signal.SIGTERM, signal.SIGINT):  # Robot Framework's own would report what remains as failed
            signal.signal(number, self._signalled)
        if data is not self._root:
            self._suite, self._bodies = data, {test.name: (test, list(test.body)) for test in data.tests}
            data.tests.clear()
            self._before = {name: _content(value) for name, value in _kept().items()}
            self._guarded(self._push)

    def start_test(self, data: Any, result: Any) -> None:  # noqa: ANN401, ARG002
        """Give the task its variables."""
        from robot.running.context import EXECUTION_CONTEXTS  # noqa: PLC0415

        for name, value in self._variables.items():
            EXECUTION_CONTEXTS.current.variables.set_test(f"${{{name}}}", robot_value(value))

    def start_library_keyword(self, data: Any, implementation: Any, result: Any) -> None:  # noqa: ANN401, ARG002
        """Say that a keyword begins which may act by itself."""
        if self.outside is not None and not harmless(implementation.owner):
            self.outside.begun(f"{implementation.owner.real_name}.{implementation.name}")

    def end_library_keyword(self, data: Any, implementation: Any, result: Any) -> None:  # noqa: ANN401, ARG002
        """Say that it has ended."""
        if self.outside is not None and not harmless(implementation.owner):
            seconds = result.elapsed_time.total_seconds()
            self.outside.ended(f"{implementation.owner.real_name}.{implementation.name}", result.status, seconds)

    def end_keyword(self, data: Any, result: Any) -> None:  # noqa: ANN401
        """Remember where a failure was first seen."""
        if result.failed and self._recorder.place is None:
            self._recorder.place = (Path(data.source).name if data.source else "", data.lineno or 0)

    def end_test(self, data: Any, result: Any) -> None:  # noqa: ANN401
        """Say how the task ended, forget it, and append the next; one that an earlier fatal error kept from running waits."""
        if result.tags.robot("exit"):
            return
        self._told += 1
        error = None if result.passed else raised(self._recorder, result.message)
        seconds = result.elapsed_time.total_seconds()
        ended = Ended(error=error, seconds=seconds, keywords=tuple(self._recorder.called))
        self._recorder.forget()
        data.body = ()
        result.parent.tests.clear()
        self._guarded(lambda: self._ended(ended))
        self._guarded(self._follow)

    # --- inside ------------------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        """Append the next task, or the suite of the next; nothing when this run is to end before."""
        left = not _same(self._before, _kept())
        self._pending = None if self._stopping or self._broken else self._next()
        if self._pending is None or left:
            return
        if self._pending.suite == self._suite.source:
            self._push()
        else:
            self._root.suites.append(self._read(self._pending.suite))

    def _read(self, file: Path) -> Any:  # noqa: ANN401
        from robot.api import TestSuite  # noqa: PLC0415

        check_imports(file)
        suite = TestSuite.from_file_system(file)
        if not suite.tests:
            raise UnknownTask(f"La suite {file} n'a aucune tâche.")
        return suite

    def _push(self) -> None:
        call = self._pending
        if call is None:
            return
        if call.task not in self._bodies:
            raise UnknownTask(f"Tâche « {call.task} » inconnue. {suggest(call.task, self._bodies)}")
        written, body = self._bodies[call.task]
        self._variables, self._given = call.variables, self._given + 1
        task = self._suite.tests.create(
            name=f"{call.task} · {self._given}",
            tags=written.tags,
            timeout=self._capped(written.timeout),
            lineno=written.lineno,
            error=written.error,
        )
        # the same statements each time: copying a task copies its whole suite, and one task runs at a time
        task.body = body
        if written.has_setup:
            task.setup = written.setup
        if written.has_teardown:
            task.teardown = written.teardown

    def _capped(self, written: str | None) -> str:
        """Return the limit as the suite writes it, when it is a shorter one."""
        from robot.utils import timestr_to_secs  # noqa: PLC0415

        try:
            seconds = timestr_to_secs(written) if written else 0
        except ValueError:
            seconds = 0
        return str(written) if 0 < seconds <= self.limit else f"{self.limit} seconds"

    def _guarded(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - Robot Framework would swallow it: told by run()
            self._broken = self._broken or error

    def _signalled(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - a signal handler
        if self.stop is not None:
            self.stop()
        else:
            self._stopping = True


def robot_value(value: object) -> object:
    """Return a value as a suite gets it: a secret as Robot Framework's own, which it never writes."""
    if not isinstance(value, Secret):
        return value
    from robot.api.types import Secret as RobotSecret  # noqa: PLC0415

    return RobotSecret(value.reveal())


def _understand_converters_once() -> None:
    """Robot Framework examines all converters of a library anew at each call of a keyword: a quarter of what a case costs."""
    from robot.running.testlibraries import TestLibrary  # noqa: PLC0415 - only where a suite runs

    found = TestLibrary.converters
    if isinstance(found, property) and found.fget is not None:
        TestLibrary.converters = _Once(functools.cache(found.fget))


class _Once:
    """What is asked of each library once."""

    def __init__(self, examined: Callable[[Any], Any]) -> None:
        self._examined = examined

    def __get__(self, library: Any, owner: type) -> Any:  # noqa: ANN401 - Robot Framework's own model
        return self if library is None else self._examined(library)


def _kept() -> dict[str, object]:
    """Return the variables that outlive a task; but what Robot Framework says of the last one."""
    from robot.running.context import EXECUTION_CONTEXTS  # noqa: PLC0415 - only where a suite runs

    found = EXECUTION_CONTEXTS.current.variables._suite.as_dict(decoration=False)  # noqa: SLF001 - nothing public tells
    return {name: value for name, value in found.items() if not name.upper().startswith("PREV_TEST")}


def _content(value: object) -> object:
    """Return a container as it is now: a task may change what is in it."""
    try:
        return copy.deepcopy(value) if isinstance(value, list | dict | set) else value
    except TypeError:
        return None  # not to be compared: taken for changed


def _same(before: Mapping[str, object], now: Mapping[str, object]) -> bool:
    try:
        return before == now
    except (TypeError, ValueError):  # things that cannot be compared
        return False
