"""What reading a delivery needs of a scenario, as Protocols: the drivers do not know the language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol


class FieldRules(Protocol):
    """What reading needs of a field of the case."""

    @property
    def column(self) -> str:
        """The title of its column."""

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


class SourceRules(Protocol):
    """How the file is written."""

    @property
    def encoding(self) -> str:
        """Encoding, as Python names it."""

    @property
    def delimiter(self) -> str:
        """One character."""

    @property
    def trailer_rows(self) -> bool:
        """True when the last line is ``FIN;<number of rows>``."""

    @property
    def bad_rows(self) -> Literal["set aside", "refuse the file"]:
        """What a bad row does to the delivery."""


class DeliveryRules(Protocol):
    """What reading needs of a scenario."""

    @property
    def case(self) -> CaseRules:
        """What a case is made of."""

    @property
    def source(self) -> SourceRules:
        """How the file is written."""
