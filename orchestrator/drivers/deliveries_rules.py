"""What reading a delivery needs of a scenario, as Protocols (the drivers do not know the language), and what readers give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NoReturn, Protocol


class FieldRules(Protocol):
    """What reading needs of a field of the case."""

    @property
    def column(self) -> str:
        """The title of its column."""

    @property
    def type(self) -> str:
        """The name of its type: ``nir``, ``euros``, ``date``…"""

    def read(self, text: str) -> Any:  # noqa: ANN401
        """Return the typed value; raises ``ValueError`` in French without personal values."""


class KeyRules(Protocol):
    """The key of a case."""

    def render(self, names: Mapping[str, object]) -> str:
        """Return the canonical key of these values."""


class CaseRules(Protocol):
    """What a case is made of."""

    @property
    def key(self) -> KeyRules:
        """Its key."""

    @property
    def fields(self) -> Mapping[str, FieldRules]:
        """Its fields by name, in the order of the columns."""


class BadRowCode(StrEnum):
    """Why a row was set aside."""

    #: A byte that the encoding does not have, or a control character.
    CHARACTERS = "CARACTERES"
    #: A quotation mark left open.
    QUOTES = "GUILLEMETS"
    #: Too few or too many columns.
    COLUMNS = "COLONNES"
    #: A fixed-width line that is too short or too long.
    LENGTH = "LONGUEUR"
    #: A kind of line, or an element, that the scenario does not know.
    RECORD = "ENREGISTREMENT"
    #: A value that its column does not allow.
    VALUE = "VALEUR"
    #: The key of a row before.
    TWICE = "DOUBLON"
    #: Another row of its group is bad, or says otherwise what is the case's own.
    GROUP = "GROUPE"
    #: It is of the person with whom screens are walked.
    WITNESS = "TEMOIN"


@dataclass(frozen=True, kw_only=True)
class Record:
    """A row as its reader found it."""

    #: Line, row of the sheet or number of the element, from 1.
    line: int
    #: What a French CSV would hold for each field; clear, never to be logged.
    texts: Mapping[str, str] = field(repr=False)
    #: Where fields stand in the line, for who looks for what is wrong with one: ``octets 97 à 108``.
    places: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class BadRow:
    """A row set aside."""

    #: Line, row of the sheet or number of the element, from 1.
    line: int
    #: The short reason.
    code: BadRowCode
    #: In French; quotes no personal value.
    reason: str


class BadLine(Exception):
    """This line is a bad row."""

    def __init__(self, code: BadRowCode, reason: str) -> None:
        self.code, self.reason = code, reason

    def at(self, line: int) -> BadRow:
        """Return the row set aside."""
        return BadRow(line=line, code=self.code, reason=self.reason)


class RefusedFile(Exception):
    """The whole file is refused, because of this line."""

    def __init__(self, line: int, reason: str) -> None:
        self.line, self.reason = line, reason


def refuse(line: int, reason: str) -> NoReturn:
    """Refuse the whole file."""
    raise RefusedFile(line, reason)


def bad_value(rules: FieldRules, reason: object, place: str = "") -> BadLine:
    """Return what is wrong with the value of one column, and where it stands in the line when that is known."""
    where = f", {place}" if place else ""
    return BadLine(BadRowCode.VALUE, f"colonne « {rules.column} »{where} : {reason}")
