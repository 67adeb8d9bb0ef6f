"""The program that reads a suite for the language: a dry run of Robot Framework in a process of its own, told as JSON.

A dry run imports the libraries, resolves every keyword and checks its arguments, and runs none.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.bootstrap.case_library import CaseLibrary
from orchestrator.bootstrap.robot_library import KeywordLibrary
from orchestrator.language.faults import ScenarioErrors, suggest
from orchestrator.language.suites import Call, Library, Place, SuiteRead, TaskRead, Told
from orchestrator.suites.imports import check_imports, is_path
from orchestrator.suites.libraries import harmless
from orchestrator.suites.model import Model, plain

_UNKNOWN = re.compile(r"No keyword with name '(.+?)' found\.")
_IN_FILE = re.compile(r"Error in file '(?P<file>[^']+)' on line (?P<line>\d+): (?P<what>.+)", re.DOTALL)


@dataclass
class _Open:
    """A keyword under way."""

    file: str
    line: int
    #: True once something under it was told as a mistake.
    told: bool = False


@dataclass
class Reader:
    """The listener of the dry run."""

    ROBOT_LISTENER_API_VERSION = 3

    model: Model
    #: Robot Framework's name of a library, to the keywords of the house it holds, by plain name.
    house: dict[str, Mapping[str, str]] = field(default_factory=dict)
    case: set[str] = field(default_factory=set)
    outside: dict[str, Place] = field(default_factory=dict)
    tasks: dict[str, TaskRead] = field(default_factory=dict)
    faults: list[Told] = field(default_factory=list)
    given: set[str] = field(default_factory=set)
    _open: list[_Open] = field(default_factory=list)
    _calls: list[Call] = field(default_factory=list)
    _words: list[Call] = field(default_factory=list)
    _task_faults: list[Told] = field(default_factory=list)

    def library_import(self, library: Any, importer: Any) -> None:  # noqa: ANN401 - Robot Framework's own model
        """Note what each library is."""
        if library.code is KeywordLibrary:
            self.house[library.name] = {plain(name): name for name in library.instance.get_keyword_names()}
        elif library.code is CaseLibrary:
            self.case.add(library.name)
        elif not harmless(library):
            line = getattr(importer, "lineno", None) or 1
            place = self.model.place(
                str(getattr(importer, "source", None) or self.model.suite), line, getattr(importer, "name", None)
            )
            self.outside.setdefault(_named(library), place)

    def variables_import(self, attributes: Mapping[str, Any], importer: Any) -> None:  # noqa: ANN401
        """Note a variable file that is a program."""
        if str(attributes["source"]).endswith(".py"):
            place = self.model.place(str(importer.source), importer.lineno, importer.name)
            self.outside.setdefault(Path(attributes["source"]).name, place)

    def start_test(self, data: Any, result: Any) -> None:  # noqa: ANN401, ARG002
        """Begin a task; what Robot Framework itself gives is known by now."""
        from robot.running.context import EXECUTION_CONTEXTS  # noqa: PLC0415

        self.given |= {plain(name[2:-1]) for name in EXECUTION_CONTEXTS.current.variables.as_dict()}
        self._calls, self._words, self._task_faults = [], [], []
        self._open = [_Open(str(data.source), data.lineno)]

    def end_test(self, data: Any, result: Any) -> None:  # noqa: ANN401
        """Keep the task."""
        if result.failed and not self._open[0].told:
            self._tell(result.message, self._open[0])
        self.tasks[data.name] = TaskRead(
            title=str(data.doc).partition("\n")[0] or data.name,
            calls=tuple(self._calls),
            words=tuple(self._words),
            faults=tuple(self._task_faults),
        )
        self._open = []

    def start_body_item(self, data: Any, result: Any) -> None:  # noqa: ANN401
        """Note a call."""
        if not self._open:  # of the suite itself: told by the model
            return
        above = self._open[-1]
        here = _Open(str(data.source or above.file), data.lineno or above.line)
        self._open.append(here)
        if data.type not in {"KEYWORD", "SETUP", "TEARDOWN"}:
            return
        name, owner = plain(result.name or ""), result.owner
        if owner in self.house and name in self.house[owner]:
            self._calls.append(self._call(self.house[owner][name], data, here))
        elif owner in self.case:
            self._words.append(self._call(name, data, here))

    def end_body_item(self, data: Any, result: Any) -> None:  # noqa: ANN401, ARG002
        """Note a mistake once, where it is."""
        if len(self._open) < 2:  # of the suite itself
            return
        here = self._open.pop()
        if result.status == "FAIL" and not here.told:
            self._tell(result.message, here)
        if result.status == "FAIL":
            self._open[-1].told = True

    def message(self, message: Any) -> None:  # noqa: ANN401
        """Note what Robot Framework cannot import or parse."""
        found = _IN_FILE.match(message.message) if message.level == "ERROR" else None
        if found:
            what = found["what"].partition("\n")[0]
            self.faults.append(
                Told(message=f"Robot Framework : {what}", place=self.model.place(found["file"], int(found["line"])))
            )

    def _call(self, keyword: str, data: Any, here: _Open) -> Call:  # noqa: ANN401
        written = tuple(str(each) for each in data.args)
        assigned = tuple(re.sub(r"[$@&{}= ]", "", str(each).partition(":")[0]) for each in data.assign)
        places = tuple(self.model.place(here.file, here.line, each) for each in written)
        place = self.model.call(here.file, here.line)
        return Call(keyword=keyword, arguments=written, assigned=assigned, place=place, places=places)

    def _tell(self, message: str, here: _Open) -> None:
        unknown = _UNKNOWN.search(message)
        place = self.model.call(here.file, here.line)
        if unknown is None:
            what = message.partition("\n")[0]
            self._task_faults.append(Told(message=f"Robot Framework : {what}", place=place))
            return
        known = [name for names in self.house.values() for name in names.values()]
        advice = suggest(unknown[1], known) if known else ""
        self._task_faults.append(Told(message=f"mot-clé « {unknown[1]} » inconnu", advice=advice, place=place))


def read(suite: Path, folders: Mapping[str, Path]) -> SuiteRead:
    """Return what Robot Framework understands of a suite; once per process, in the main thread."""
    from robot.run import run  # noqa: PLC0415 - only this program and those that run suites import it

    KeywordLibrary.folders = folders
    model = Model(suite)
    reader = Reader(model)
    try:
        check_imports(suite)
    except ScenarioErrors as errors:
        places = [(Place(file=suite.name, line=each.line, column=each.column), each) for each in errors.faults]
        told = [Told(message=each.message, advice=each.advice, place=place) for place, each in places]
        return SuiteRead(tasks={}, files=(), outside=(), faults=tuple(told), wanted=(), used=(), given=())
    run(str(suite), dryrun=True, output=None, log=None, report=None, console="none", listener=reader)
    used, given = model.variables(), model.given() | reader.given | {"curdir"}  # put in place when a file is parsed
    return SuiteRead(
        tasks=reader.tasks,
        files=tuple(str(path) for path in model.files),
        outside=tuple(Library(name=name, place=place) for name, place in reader.outside.items()),
        faults=(*reader.faults, *model.once_a_session()),
        wanted=tuple(each for each in used if plain(each.name) not in given),
        used=tuple(sorted({each.name for each in used})),
        given=tuple(sorted(model.given())),
    )


def _named(library: Any) -> str:  # noqa: ANN401
    """The name of a library as people know it: a local one without its folder."""
    return Path(library.real_name).name if is_path(library.real_name) else str(library.real_name)


def main() -> None:
    """Answer the request on standard input by one line."""
    request = json.load(sys.stdin)
    out, sys.stdout = sys.stdout, sys.stderr  # what libraries print is no answer
    found = read(Path(request["suite"]), {name: Path(folder) for name, folder in request["folders"].items()})
    out.write("\n" + found.model_dump_json() + "\n")
    out.flush()  # the interpreter flushes what sys.stdout names when it ends, which is no longer this


if __name__ == "__main__":
    main()
