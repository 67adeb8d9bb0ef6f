"""What a scenario knows of a Robot Framework suite before any case: its tasks, the keywords they call and where, its files.

Robot Framework itself reads the suite, by a dry run in a process of its own (ADR 3): the same words, resources and libraries
as when it runs.
"""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from orchestrator.domain.errors import GlrError
from orchestrator.domain.keywords import Keyword
from orchestrator.language.suites_known import keep, key_of, known

#: The program that reads a suite; started by name, since it stands above this room.
READER = "orchestrator.suites.reading"
#: Seconds.
_LONGEST = 60


class SuiteNotRead(GlrError):
    """Robot Framework n'a pas pu lire la suite."""


class Place(BaseModel):
    """Somewhere in a file of a suite, from 1."""

    model_config = ConfigDict(frozen=True)

    file: str
    line: int
    column: int


class Call(BaseModel):
    """One call of a keyword of the house, or of the library of the case."""

    model_config = ConfigDict(frozen=True)

    #: As scenarios write it, ``bdo.person``; for the library of the case its word: ``control``.
    keyword: str
    #: As written in the suite.
    arguments: tuple[str, ...]
    #: Names of the variables that get its result.
    assigned: tuple[str, ...]
    place: Place
    #: Where each argument stands.
    places: tuple[Place, ...]


class Variable(BaseModel):
    """A variable that a suite reads."""

    model_config = ConfigDict(frozen=True)

    name: str
    place: Place
    #: The task in which it is read; empty in a keyword or in the settings.
    task: str


class Told(BaseModel):
    """A mistake that Robot Framework finds."""

    model_config = ConfigDict(frozen=True)

    message: str
    advice: str = ""
    place: Place


class TaskRead(BaseModel):
    """One task of a suite."""

    model_config = ConfigDict(frozen=True)

    #: Its documentation's first line, or its name.
    title: str
    #: Keywords of the house, those of its own keywords included.
    calls: tuple[Call, ...]
    #: Words of the library of the case.
    words: tuple[Call, ...]
    faults: tuple[Told, ...]


class Library(BaseModel):
    """A library that may act in an application by itself."""

    model_config = ConfigDict(frozen=True)

    name: str
    place: Place


class SuiteRead(BaseModel):
    """A suite, as Robot Framework understands it."""

    model_config = ConfigDict(frozen=True)

    tasks: Mapping[str, TaskRead]
    #: Itself, its resources, local libraries and variable files, beside the suite or below.
    files: tuple[str, ...]
    outside: tuple[Library, ...]
    faults: tuple[Told, ...]
    #: Variables that it reads and nothing in it gives.
    wanted: tuple[Variable, ...]
    #: Names of all variables that it reads.
    used: tuple[str, ...]
    #: Names of the variables that it gives itself.
    given: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SuiteTask:
    """A task of a suite as a step runs it."""

    #: The path of the suite in a project: ``robots/acompte-ij/verifier.robot``.
    suite: str
    #: The name of the task.
    task: str
    #: The suite and every file it uses, by path in a project, as :mod:`~orchestrator.language.suite_files` writes them.
    files: Mapping[str, str] = field(repr=False)
    #: Keywords of the house it may call: those it was seen to call when the scenario was loaded.
    keywords: Mapping[str, Keyword] = field(repr=False)
    #: Where each is called first.
    places: Mapping[str, Place] = field(repr=False)
    #: The type of what ``Set Result`` gives; None when the step has no result.
    result: type[BaseModel] | None
    #: Libraries that may act by themselves: what they do is outside the guarantee.
    outside: tuple[str, ...]


def read_suite(suite: Path, keywords: Mapping[str, Keyword]) -> SuiteRead:
    """Return what Robot Framework understands of a suite; raises :class:`SuiteNotRead`."""
    folders = {word.application: str(Path(inspect.getfile(word.function)).parent) for word in keywords.values()}
    return _read(str(suite), _digest(suite), json.dumps(folders, sort_keys=True))


def _digest(suite: Path) -> str:
    """A digest of the suite's folder: any of its files may be used by the suite."""
    kinds = ("robot", "resource", "py", "yaml", "yml", "json")
    texts = sorted(path for kind in kinds for path in suite.parent.rglob(f"*.{kind}"))
    return sha256(b"\0".join(str(path).encode() + b"\0" + path.read_bytes() for path in texts)).hexdigest()


@cache
def _read(suite: str, digest: str, folders: str) -> SuiteRead:
    key = key_of((suite, digest, folders), list(json.loads(folders).values()))
    with suppress(ValueError):  # a file that was cut: read again
        if (told := known(key)) is not None:
            return SuiteRead.model_validate_json(told)
    answer = _read_anew(suite, folders)
    try:
        read = SuiteRead.model_validate_json(answer)
    except ValueError as error:
        raise _not_read(suite, error) from None
    keep(key, answer)
    return read


def _read_anew(suite: str, folders: str) -> str:
    request = json.dumps({"suite": suite, "folders": json.loads(folders)})
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", READER],
            input=request, capture_output=True, text=True, timeout=_LONGEST, check=True, cwd=Path(suite).parent,
            env={name: value for name, value in os.environ.items() if not name.startswith("GLR_")},
        )  # fmt: skip
        return done.stdout.splitlines()[-1]
    except (subprocess.SubprocessError, ValueError, IndexError) as error:
        raise _not_read(suite, error) from None


def _not_read(suite: str, error: Exception) -> SuiteNotRead:
    return SuiteNotRead(f"Robot Framework n'a pas pu lire {Path(suite).name} ({type(error).__name__}).")
