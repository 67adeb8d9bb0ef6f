"""``glr robot run``: a suite at a robot's desks, for its developer; no orchestrator, no database, nothing entered."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TextIO

from orchestrator.bootstrap.robot_library import KeywordLibrary
from orchestrator.bootstrap.world import World
from orchestrator.domain.errors import GlrError
from orchestrator.domain.personal import Secret
from orchestrator.suites.desks import DeskSession
from orchestrator.suites.imports import check_imports
from orchestrator.suites.libraries import harmless
from orchestrator.suites.loop import LoopThread
from orchestrator.suites.redaction import Redactor

#: Codes of Robot Framework above the number of failed tasks: the suite could not be run.
_MOST_FAILURES = 250


class SuiteUnreadable(GlrError):
    """La suite ne peut pas être lue."""


@dataclass(frozen=True, kw_only=True)
class DeskRun:
    """What is known of a suite that was run, without any personal value."""

    #: Name, success and message of each task.
    tasks: tuple[tuple[str, bool, str], ...]
    #: Libraries it imported that may act in an application by themselves, outside the entry protocol.
    outside: tuple[str, ...]


@dataclass
class Watcher:
    """Robot Framework's listener: gives the session and the variables, and cleans what is written."""

    ROBOT_LISTENER_API_VERSION = 3

    session: DeskSession
    variables: Mapping[str, object]
    redactor: Redactor
    #: Name, success and message of each task, cleaned.
    ended: list[tuple[str, bool, str]] = field(default_factory=list)
    outside: set[str] = field(default_factory=set)

    def library_import(self, library: Any, importer: Any) -> None:  # noqa: ANN401, ARG002 - Robot Framework's own model
        """Give our libraries the session, and remember those that may act without us, whoever imports them and when."""
        if library.code is KeywordLibrary:
            library.instance.session = self.session
        elif not harmless(library):
            self.outside.add(library.real_name)

    def start_suite(self, data: Any, result: Any) -> None:  # noqa: ANN401, ARG002
        """Make the case's fields variables of the suite, each of its own type."""
        from robot.running.context import EXECUTION_CONTEXTS  # noqa: PLC0415

        for name, value in self.variables.items():
            EXECUTION_CONTEXTS.current.variables.set_suite(f"${{{name}}}", value)

    def log_message(self, message: Any) -> None:  # noqa: ANN401
        """Clean a message before it is written."""
        message.message = self.redactor.clean(message.message)

    def message(self, message: Any) -> None:  # noqa: ANN401
        """Clean a warning or an error before it is written."""
        message.message = self.redactor.clean(message.message)

    def end_keyword(self, data: Any, result: Any) -> None:  # noqa: ANN401, ARG002
        """Clean the arguments as written and the failure."""
        result.args = tuple(self.redactor.clean(str(each)) for each in result.args)
        result.message = self.redactor.clean(result.message)

    def end_test(self, data: Any, result: Any) -> None:  # noqa: ANN401, ARG002
        """Clean the failure, and remember how the task ended."""
        result.message = self.redactor.clean(result.message)
        self.ended.append((self.redactor.clean(result.name), result.passed, result.message))

    def end_suite(self, data: Any, result: Any) -> None:  # noqa: ANN401, ARG002
        """Clean the failure of a setup or teardown."""
        result.message = self.redactor.clean(result.message)


class _CleanStream:
    """The terminal, for ``Log To Console``."""

    def __init__(self, stream: TextIO, clean: Callable[[str], str]) -> None:
        self._stream, self._clean = stream, clean

    def write(self, text: str) -> int:
        return self._stream.write(self._clean(text))

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._stream, name)


def run_at_desk(
    world: World,
    robot: str,
    suite: Path,
    fields: Mapping[str, object],
    output: Path,
    *,
    secrets: Mapping[str, Secret] | None = None,
    tasks: tuple[str, ...] = (),
) -> DeskRun:
    """Run a suite at a robot's desks.

    Must be called in the main thread, which Robot Framework's signals need. ``log.html``, ``report.html`` and
    ``output.xml`` are written to ``output`` (0700) once every personal value is out of them. Raises
    :class:`SuiteUnreadable`, or :class:`~orchestrator.language.faults.ScenarioErrors` for an absent library.
    """
    if not suite.is_file():
        raise SuiteUnreadable(f"Suite introuvable : {suite}")
    check_imports(suite)
    redactor = Redactor()
    redactor.learn(fields)
    redactor.learn(secrets or {})
    with LoopThread() as loop, TemporaryDirectory(prefix="glr-robot-") as raw, _clean_terminal(redactor):
        session = DeskSession(world, world.robot(robot), loop, redactor)
        variables = {**fields, **_robot_secrets(secrets or {})}
        watcher = Watcher(session=session, variables=variables, redactor=redactor)
        try:
            code = _run(suite, Path(raw), watcher, tasks)
        finally:
            session.close()
        if code > _MOST_FAILURES or not watcher.ended:
            raise SuiteUnreadable(f"La suite {suite} ne peut pas être lue : syntaxe, ou aucune tâche de ce nom.")
        _publish(Path(raw) / "output.xml", output, redactor)
    return DeskRun(tasks=tuple(watcher.ended), outside=tuple(sorted(watcher.outside)))


def _run(suite: Path, raw: Path, watcher: Watcher, tasks: tuple[str, ...]) -> int:
    from robot.run import run  # noqa: PLC0415 - only processes that run a suite import Robot Framework

    chosen = {"test": list(tasks)} if tasks else {}
    quiet = {"console": "none", "log": None, "report": None}
    return int(run(str(suite), outputdir=str(raw), loglevel="TRACE:INFO", listener=watcher, **quiet, **chosen))


def _publish(raw: Path, output: Path, redactor: Redactor) -> None:
    """Write the cleaned output, and make the log and the report from nothing else."""
    from robot.rebot import rebot  # noqa: PLC0415

    output.mkdir(parents=True, exist_ok=True, mode=0o700)
    clean = output / "output.xml"
    clean.write_text(redactor.clean(raw.read_text(encoding="utf-8")), encoding="utf-8")
    rebot(
        str(clean), outputdir=str(output), log="log.html", report="report.html", console="none", loglevel="TRACE:INFO"
    )


def _robot_secrets(secrets: Mapping[str, Secret]) -> dict[str, object]:
    from robot.api.types import Secret as RobotSecret  # noqa: PLC0415

    return {name: RobotSecret(secret.reveal()) for name, secret in secrets.items()}


@contextmanager
def _clean_terminal(redactor: Redactor) -> Iterator[None]:
    streams = sys.__stdout__, sys.__stderr__
    out, err = (_CleanStream(stream, redactor.clean) if stream else None for stream in streams)
    sys.__stdout__, sys.__stderr__ = out, err  # type: ignore[misc, assignment] # written to, no more
    try:
        yield
    finally:
        sys.__stdout__, sys.__stderr__ = streams  # type: ignore[misc]
