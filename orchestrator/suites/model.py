"""The files of a suite as they are written: where each word stands, which variables are read and which are given."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from orchestrator.language.suites import Place, Told, Variable
from orchestrator.suites.imports import is_path, local_path

_TOKENS_THAT_GIVE = {"ASSIGN", "VARIABLE"}
_NO_WORDS = {"SEPARATOR", "EOL", "EOS", "CONTINUATION", "COMMENT"}
#: Settings that hold for the whole suite.
_ONCE = {"SUITE SETUP": "Suite Setup", "SUITE TEARDOWN": "Suite Teardown"}
#: Keywords of BuiltIn that make a variable, whose name is their first argument.
_SETTERS = re.compile(r"set(test|task|suite|local|global)variable")


def plain(name: str) -> str:
    """Return a name as Robot Framework compares it."""
    return re.sub(r"[ _]", "", name).casefold()


class Model:
    """A suite, its resources and its local libraries."""

    def __init__(self, suite: Path) -> None:
        self.suite = suite

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """Every file it uses, itself first."""
        found = [self.suite]
        for path in found:
            found += [each for each in self._used_by(path) if each not in found]
        return tuple(found)

    def place(self, file: str, line: int, text: str | None = None) -> Place:
        """Return where a text stands in the statement of a line; its first word without it."""
        words = self._lines(file).get(line, [])
        here = str(Path(file).parent)  # Robot Framework has put it in place already
        known = (word for word in words if text is None or text in {word.value, word.value.replace("${CURDIR}", here)})
        found = next(known, words[0] if words else None)
        at = (found.lineno, found.col_offset + 1) if found else (line, 1)
        return Place(file=Path(file).name, line=at[0], column=at[1])

    def call(self, file: str, line: int) -> Place:
        """Return where the keyword of a line stands."""
        words = self._lines(file).get(line, [])
        found = next((word for word in words if word.type == "KEYWORD"), None)
        return self.place(file, line, found.value if found else None)

    def variables(self) -> list[Variable]:
        """Return the variables that are read, where each is read first in each task."""
        found: dict[tuple[str, str], Variable] = {}
        for path, task, statement in self._statements():
            for token in statement.tokens:
                if token.type in _TOKENS_THAT_GIVE or (statement.type == "ARGUMENTS" and token.type == "ARGUMENT"):
                    continue
                for name, column in _read_in(token):
                    place = Place(file=path.name, line=token.lineno, column=column)
                    found.setdefault((plain(name), task), Variable(name=name, place=place, task=task))
        return list(found.values())

    def given(self) -> set[str]:
        """Return the plain names of the variables that get a value somewhere."""
        return {plain(name) for *_, statement in self._statements() for name in _given_by(statement)}

    def once_a_session(self) -> list[Told]:
        """Return what the suite would do once for all the cases of a session, as a mistake."""
        found = [each for _, _, each in self._statements() if each.type in _ONCE]
        return [
            Told(
                message=f"{_ONCE[each.type]} vaut pour la suite, qui sert tous les dossiers d'une session",
                advice=f"Écrire {_ONCE[each.type].replace('Suite', 'Task')}, qui vaut pour chaque dossier.",
                place=self.place(str(self.suite), each.lineno),
            )
            for each in found
        ]

    def _statements(self) -> Iterator[tuple[Path, str, Any]]:
        """Each statement, with its file and the task it stands in (none: empty)."""
        for path, model in self._models.items():
            for block in (each for section in model.sections for each in section.body):
                task = block.name if type(block).__name__ == "TestCase" else ""
                for statement in _all(block):
                    yield path, task, statement

    @cached_property
    def _models(self) -> dict[Path, Any]:
        from robot.api import get_model, get_resource_model  # noqa: PLC0415 - see reading.py

        read = {".robot": get_model, ".resource": get_resource_model}
        return {path: read[path.suffix](path) for path in self.files if path.suffix in read}

    def _lines(self, file: str) -> dict[int, list[Any]]:
        """Return the words of each statement by the line it begins on."""
        model = self._models.get(Path(file))
        return {
            statement.lineno: [token for token in statement.tokens if token.type not in _NO_WORDS]
            for statement in (_all(model) if model is not None else ())
        }

    def _used_by(self, path: Path) -> list[Path]:
        from robot.api import get_model  # noqa: PLC0415

        if path.suffix not in {".robot", ".resource"}:
            return []
        named = [
            str(getattr(statement, "name", ""))
            for statement in _all(get_model(path))
            if statement.type in {"LIBRARY", "RESOURCE", "VARIABLES"}
        ]
        found = [local_path(name, path.parent) for name in named if is_path(name)]
        return [each.resolve() for each in found if each.is_file()]


def _all(node: Any) -> Iterator[Any]:  # noqa: ANN401 - Robot Framework's own tree
    if hasattr(node, "tokens"):
        yield node
        return
    for each in _children(node):
        yield from _all(each)


def _children(node: Any) -> Iterable[Any]:  # noqa: ANN401
    for name in ("sections", "header", "body", "next", "end"):
        child = getattr(node, name, None)
        if isinstance(child, list):
            yield from child
        elif child is not None:
            yield child


def _read_in(token: Any) -> Iterator[tuple[str, int]]:  # noqa: ANN401
    from robot.variables.search import VariableMatches  # noqa: PLC0415

    for match in VariableMatches(token.value or "", identifiers="$@&"):
        name = re.match(r"[^\W\d][\w ]*", match.base or "")
        if name is not None:
            yield name[0].strip(), token.col_offset + 1 + token.value.index(match.match)
    for found in re.finditer(r"\$([^\W\d]\w*)", token.value or ""):  # in an expression of Python
        yield found[1], token.col_offset + 1 + found.start()


def _given_by(statement: Any) -> Iterator[str]:  # noqa: ANN401
    tokens = statement.tokens
    if statement.type == "ARGUMENTS":
        given = [token.value for token in tokens if token.type == "ARGUMENT"]
    else:
        given = [token.value for token in tokens if token.type in _TOKENS_THAT_GIVE]
    keyword = next((token.value for token in tokens if token.type == "KEYWORD"), "")
    if _SETTERS.fullmatch(plain(keyword).removeprefix("builtin.")):
        given += [token.value for token in tokens if token.type == "ARGUMENT"][:1]
    for text in given:
        name = re.match(r"[$@&]?\{?([^\W\d][\w ]*)", text)
        if name is not None:
            yield name[1]
