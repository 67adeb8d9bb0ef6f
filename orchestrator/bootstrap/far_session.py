"""A robot's session at the other end of a line: what a suite's process calls, the process that closes the run does."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from datetime import date
from io import BufferedRWPair
from typing import Any, Self

from orchestrator.domain.civil import french_date
from orchestrator.domain.errors import GlrError
from orchestrator.domain.keywords import Keyword, Kind
from orchestrator.domain.money import Euros
from orchestrator.domain.wire import clear, raised, read_again


class FarSession:
    """Calls keywords over a socket, a line of JSON each way; pure ones are computed here."""

    #: True where a run is closed: hand-overs may be made.
    closes = True

    def __init__(self, line: BufferedRWPair[Any, Any]) -> None:
        self._line = line

    @classmethod
    def on(cls, descriptor: int) -> Self:
        """Return the session on a socket inherited from the parent; several libraries share it."""
        return cls(socket.socket(fileno=os.dup(descriptor)).makefile("rwb"))

    def call(self, keyword: Keyword, arguments: Mapping[str, object]) -> Any:  # noqa: ANN401 - typed by the keyword
        """Call a keyword; raises what it raised there. None for a hand-over that was made as a person says."""
        if keyword.kind is Kind.COMPUTE:
            return keyword.function(**arguments)
        given = {name: clear(_written(value)) for name, value in arguments.items()}
        self._line.write(json.dumps({"keyword": keyword.name, "given": given}).encode() + b"\n")
        self._line.flush()
        said = json.loads(self._line.readline())
        if "error" in said:
            raise raised(said)
        return None if said["result"] is None else read_again(keyword, said["result"])

    def say(self, word: str, *values: Any) -> Any:  # noqa: ANN401, ARG002 - of the word
        """Refuse: a closing has no case."""
        raise GlrError(f"« {word} » n'a de sens que dans une étape d'un scénario : une clôture n'a pas de dossier.")


def _written(value: object) -> object:
    """Return the values that a suite gathers for a template as people read them: their types do not cross."""
    if not isinstance(value, Mapping):
        return value
    return {name: _for_people(item) for name, item in value.items()}


def _for_people(item: object) -> object:
    match item:
        case Euros():
            return str(item)
        case date():
            return french_date(item)
    return item
