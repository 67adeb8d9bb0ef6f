"""How a text on a screen becomes a typed value, and back: the formats named in ``screens.yaml``."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from orchestrator.domain.civil import french_date, parse_french_date
from orchestrator.domain.money import Euros
from orchestrator.domain.personal import Iban, Masked, Nir, PersonName, PrivateText

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_POINT = re.compile(r"(?:\d{1,3}(?:[ ,\u00a0\u202f]\d{3})*|\d+)\.\d{2}", re.ASCII)


def _yes_no(text: str) -> bool:
    if text not in {"oui", "non"}:
        raise ValueError("« oui » ou « non » attendu")
    return text == "oui"


def _private_date(text: str) -> date:
    return parse_french_date(text)


def _iso_date(text: str) -> date:
    if not _ISO.fullmatch(text.strip()):
        raise ValueError("date AAAA-MM-JJ attendue")
    return date.fromisoformat(text.strip())


def _euros_point(text: str) -> Euros:
    """Read ``1 359.04``, ``1,359.04`` or ``1359.04``: two decimals after a point, always."""
    if not _POINT.fullmatch(text.strip()):
        raise ValueError("montant avec un point attendu (ex. 1359.04)")
    return Euros(int(re.sub(r"\D", "", text)))


#: Each format with its reader; a screen field names one of these.
FORMATS: dict[str, Callable[[str], Any]] = {
    "text": str,
    "private": PrivateText.parse,
    "integer": int,
    "date": parse_french_date,
    "iso_date": _iso_date,
    "birth_date": _private_date,
    "iso_birth_date": _iso_date,
    "euros": Euros.parse,
    "euros_point": _euros_point,
    "yes_no": _yes_no,
    "nir": Nir.parse,
    "iban": Iban.parse,
    "name": PersonName.parse,
    "file": PrivateText.parse,
}

#: Formats that may stand in clear on a capture; everything else is masked (default deny).
PUBLIC = frozenset({"text", "integer", "date", "iso_date", "euros", "euros_point", "yes_no"})


def read_value(text: str, form: str) -> Any:  # noqa: ANN401 - typed by the format
    """Return the typed value of a text; None for an empty one (an empty ``text`` stays empty)."""
    if not text and form != "text":
        return None
    return FORMATS[form](text)


def typed_text(value: object, form: str = "text") -> str:
    """Return what is typed into a field of that format for a value; in French where the format says nothing else."""
    match value:
        case Euros() if form == "euros_point":
            return value.typed.replace(",", ".")
        case date() if form in {"iso_date", "iso_birth_date"}:
            return value.isoformat()
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
