"""How a text on a screen becomes a typed value, and back: the formats named in ``screens.yaml``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from orchestrator.domain.civil import french_date, parse_french_date
from orchestrator.domain.money import Euros
from orchestrator.domain.personal import Iban, Masked, Nir, PersonName, PrivateText


def _yes_no(text: str) -> bool:
    if text not in {"oui", "non"}:
        raise ValueError("« oui » ou « non » attendu")
    return text == "oui"


def _private_date(text: str) -> date:
    return parse_french_date(text)


#: Each format with its reader; a screen field names one of these.
FORMATS: dict[str, Callable[[str], Any]] = {
    "text": str,
    "private": PrivateText.parse,
    "integer": int,
    "date": parse_french_date,
    "birth_date": _private_date,
    "euros": Euros.parse,
    "yes_no": _yes_no,
    "nir": Nir.parse,
    "iban": Iban.parse,
    "name": PersonName.parse,
}

#: Formats that may stand in clear on a capture; everything else is masked (default deny).
PUBLIC = frozenset({"text", "integer", "date", "euros", "yes_no"})


def read_value(text: str, form: str) -> Any:  # noqa: ANN401 - typed by the format
    """Return the typed value of a text; None for an empty one (an empty ``text`` stays empty)."""
    if not text and form != "text":
        return None
    return FORMATS[form](text)


def typed_text(value: object) -> str:
    """Return what is typed into a field for a value."""
    match value:
        case Masked():
            return value.reveal()
        case Euros():
            return value.typed
        case date():
            return french_date(value)
        case str() | int():
            return str(value)
        case _:
            raise TypeError(f"une valeur de type {type(value).__name__} ne se saisit pas dans un champ")
