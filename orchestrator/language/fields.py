"""Types of fields and parameters: how each is read from a delivery, from a scenario, and written canonically."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from orchestrator.domain.canonical import canonical
from orchestrator.domain.civil import parse_french_date
from orchestrator.domain.money import Euros
from orchestrator.domain.personal import Iban, Nir, PersonName

#: Signs of a text in UTF-8 that was read as cp1252 or latin-1: ``Ã©``, ``â€™``, ``Â°``.
_MOJIBAKE = re.compile("[ÂÃ][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|â€|Å[\u0080-\u00bf“”’‘]")
__all__ = ["FIELD_TYPES", "Field", "FieldType", "canonical", "literal_euros"]
_LITERAL_EUROS = re.compile(r"(\d+)\.(\d{2}) EUR", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class FieldType:
    """One type of the language."""

    #: Its name in scenarios.
    name: str
    #: The Python type of its values.
    python: Any
    #: Reads the text of a delivery (French formats); raises ``ValueError`` in French, without personal values.
    read: Callable[[str], Any]
    #: Reads canonical text and the literals of scenarios.
    parse: Callable[[str], Any]
    #: True when a value can identify a business object: may stand in a key.
    identifier: bool = False


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field of a case."""

    #: Its name in expressions.
    name: str
    #: The name of its type: ``nir``, ``name``, ``text``, ``date``…
    type: str
    #: The title of its column in the delivery.
    column: str
    #: Longest text allowed.
    max: int | None = None
    #: How the delivery writes it, e.g. ``JJ/MM/AAAA``.
    format: str | None = None

    @property
    def python(self) -> Any:  # noqa: ANN401 - any class
        """The Python type of its values."""
        return FIELD_TYPES[self.type].python

    def parse(self, text: str) -> Any:  # noqa: ANN401 - typed by the field
        """Read canonical text (what :class:`~orchestrator.drivers.deliveries.DeliveryRow` and the store keep)."""
        return FIELD_TYPES[self.type].parse(text)

    #: The same, by the name the engine knows it.

    def read(self, text: str) -> Any:  # noqa: ANN401 - typed by the field
        """Read the text of a delivery; raises ``ValueError``, in French, that never quotes a personal value."""
        clean = text.strip()
        if not clean:
            raise ValueError("valeur obligatoire, vide dans le fichier")
        if _MOJIBAKE.search(text):
            raise ValueError("caractères abîmés (UTF-8 lu dans un autre jeu) : redemander le fichier")
        if self.max is not None and len(clean) > self.max:
            raise ValueError(f"texte trop long : {len(clean)} caractères, {self.max} au plus")
        return FIELD_TYPES[self.type].read(clean)


def literal_euros(text: str) -> Euros:
    """Read an amount of a scenario: ``800.00 EUR``; raises ``ValueError``."""
    found = _LITERAL_EUROS.fullmatch(text)
    if not found:
        raise ValueError("montant attendu, écrit avec un point, deux décimales et EUR (ex. 800.00 EUR)")
    return Euros(int(found[1]) * 100 + int(found[2]))


def _euros(text: str) -> Euros:
    return literal_euros(text) if text.endswith("EUR") else Euros.parse(text)


def _integer(text: str) -> int:
    if not re.fullmatch(r"-?\d{1,18}", text, re.ASCII):
        raise ValueError("nombre entier attendu")
    return int(text)


def _decimal(text: str) -> Decimal:
    if not re.fullmatch(r"-?\d{1,18}(\.\d{1,18})?", text, re.ASCII):
        raise ValueError("nombre décimal attendu, écrit avec un point (ex. 0.80)")
    return Decimal(text)


def _french_decimal(text: str) -> Decimal:
    if not re.fullmatch(r"-?\d{1,18}(,\d{1,18})?", text, re.ASCII):
        raise ValueError("nombre décimal attendu, écrit avec une virgule (ex. 0,80)")
    return Decimal(text.replace(",", "."))


def _iso_date(text: str) -> date:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        raise ValueError("date attendue au format AAAA-MM-JJ")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("date impossible au calendrier") from None


def _boolean(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError("true ou false attendu")
    return text == "true"


def _french_boolean(text: str) -> bool:
    if text.lower() not in {"oui", "non"}:
        raise ValueError("oui ou non attendu")
    return text.lower() == "oui"


def _organism(text: str) -> str:
    if not re.fullmatch(r"\d{9}", text, re.ASCII):
        raise ValueError("code organisme attendu, 9 chiffres (ex. 019310000)")
    return text


def _type(name: str, python: Any, read: Any, parse: Any = None, *, identifier: bool = False) -> FieldType:  # noqa: ANN401
    return FieldType(name=name, python=python, read=read, parse=parse or read, identifier=identifier)


#: Every type of the language by name.
FIELD_TYPES = {
    known.name: known
    for known in (
        _type("nir", Nir, Nir.parse, identifier=True),
        _type("iban", Iban, Iban.parse),
        _type("name", PersonName, PersonName),
        _type("text", str, str, identifier=True),
        _type("date", date, parse_french_date, _iso_date),
        _type("integer", int, _integer, identifier=True),
        _type("decimal", Decimal, _french_decimal, _decimal),
        _type("euros", Euros, Euros.parse, _euros),
        _type("boolean", bool, _french_boolean, _boolean),
        _type("organism", str, _organism, identifier=True),
    )
}
