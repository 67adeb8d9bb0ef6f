"""Every mistake of a scenario, collected: file, line, column, what is wrong, what to write instead."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING

from orchestrator.domain.errors import GlrError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestrator.language.nodes import Node


@dataclass(frozen=True, kw_only=True, order=True)
class ScenarioFault:
    """One mistake, in French, at its place."""

    #: Name of the file.
    file: str
    #: From 1.
    line: int
    #: From 1.
    column: int
    #: What was expected and what was found.
    message: str
    #: What to write instead.
    advice: str = ""

    def __str__(self) -> str:
        end = "" if self.message.endswith(("?", ".")) or not self.advice else "."
        return f"{self.file}:{self.line}:{self.column}: {self.message}{end} {self.advice}".rstrip()


class ScenarioErrors(GlrError):
    """Le scénario ne peut pas être chargé."""

    def __init__(self, faults: Iterable[ScenarioFault]) -> None:
        #: Every mistake found, in the order of the files.
        self.faults = tuple(sorted(set(faults)))
        super().__init__("\n".join(str(fault) for fault in self.faults))


class ExpressionError(GlrError):
    """Une expression n'a pas pu être évaluée."""

    def __init__(self, place: str, line: int, reason: str) -> None:
        super().__init__(f"{place}, ligne {line} : {reason}. Compléter la condition (ex. known(…) and …).")


@dataclass(frozen=True, kw_only=True)
class Faults:
    """Collects the mistakes of one file."""

    #: Name of the file.
    file: str
    #: What was found so far, shared by the files of one scenario.
    found: list[ScenarioFault] = field(default_factory=list)

    def add(self, at: Node, message: str, advice: str = "", *, shift: int = 0) -> None:
        """Note a mistake at a node, ``shift`` columns to the right."""
        self.add_at(at.line, at.column + shift, message, advice)

    def add_at(self, line: int, column: int, message: str, advice: str = "") -> None:
        """Note a mistake at a place."""
        self.found.append(ScenarioFault(file=self.file, line=line, column=column, message=message, advice=advice))

    def of_file(self, file: str) -> Faults:
        """Return a collector for another file of the same scenario."""
        return Faults(file=file, found=self.found)


def closest(wrong: str, known: Iterable[str]) -> str | None:
    """Return the known name that was probably meant."""
    names = list(known)
    swapped = (name for name in names if name != wrong and sorted(name) == sorted(wrong))  # cvs for csv
    return next(swapped, None) or next(iter(get_close_matches(wrong, names, n=1, cutoff=0.7)), None)


def suggest(wrong: str, known: Iterable[str]) -> str:
    """Say what may have been meant, or what exists."""
    names = sorted(known)
    close = closest(wrong, names)
    if close:
        return f"Écrire « {close} » ?"
    shown = ", ".join(names[:12]) + ("…" if len(names) > 12 else "")
    return f"Possible ici : {shown or 'rien'}."
