"""What keywords raise, kept before Robot Framework makes a text of it; and what is known of a failure of the suite itself."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.bootstrap.robot_library import Session
from orchestrator.domain.cases import Cause
from orchestrator.domain.errors import ApplicationException, BusinessException, GlrError, TooSlow
from orchestrator.domain.keywords import Keyword

_ABSENT = object()
_TIME_LIMIT = re.compile(r"(Test|Task|Keyword) timeout .+ exceeded\.")


class SuiteFailed(GlrError):
    """La suite elle-même a échoué : pour son développeur."""

    def __init__(self, place: tuple[str, int] | None) -> None:
        where = f", à la ligne {place[1]} de {place[0]}" if place and place[1] else ""
        super().__init__(
            f"La suite a échoué{where}, sans qu'un mot-clé de la maison le dise : pour son développeur (glr robot run)."
        )


@dataclass(frozen=True, kw_only=True)
class CalledKeyword:
    """One call of a keyword of the house, as the audit log tells it: no argument and no result."""

    name: str
    kind: str
    #: Seconds.
    seconds: float
    #: The code of what it raised; empty when it returned.
    code: str


@dataclass
class Recorder:
    """The session as libraries see it: what a keyword raises is kept."""

    session: Session
    called: list[CalledKeyword] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    #: File and line of the first keyword that failed.
    place: tuple[str, int] | None = None

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

    def say(self, word: str, *values: Any) -> Any:  # noqa: ANN401 - of the word
        """Do what a word of the library of the case asks; conditions get the variables of the suite."""
        try:
            if word == "control":
                values = (*values, _Variables())
            return self.session.say(word, *values)
        except Exception as error:
            self.errors.append(error)
            raise

    def forget(self) -> None:
        """Begin the next task."""
        self.called.clear()
        self.errors.clear()
        self.place = None


def raised(recorder: Recorder, message: str) -> Exception:
    """Return what made a task fail: what was raised, found again by its text; a failure of the suite is the robot's."""
    found = next((error for error in reversed(recorder.errors) if str(error) and str(error) in message), None)
    if found is not None:
        return found
    return TooSlow() if _TIME_LIMIT.search(message) else SuiteFailed(recorder.place)


def cause_of(error: Exception) -> tuple[Cause, str]:
    """Return who has to look, and under which code."""
    code = error.code if isinstance(error, GlrError) else SuiteFailed.__name__
    match error:
        case BusinessException():
            return Cause.BUSINESS, code
        case ApplicationException():
            return Cause.APPLICATION, code
    return Cause.ROBOT, code


class _Variables(Mapping[str, object]):
    """The variables of the suite where it stands, looked up one by one: copying all of them costs more than a control."""

    def __init__(self) -> None:
        from robot.running.context import EXECUTION_CONTEXTS  # noqa: PLC0415 - only where a suite runs

        self._store = EXECUTION_CONTEXTS.current.variables.current.store

    def __getitem__(self, name: str) -> object:
        found = self._store.get(name, _ABSENT, decorated=False)
        if found is _ABSENT:
            raise KeyError(name)
        value: object = found
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._store)

    def __len__(self) -> int:
        return len(self._store)
