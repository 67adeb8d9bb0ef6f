"""Names for screens and fields, from the words of the application: identifiers that Python, YAML and pydantic all take."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Collection

from pydantic import BaseModel

#: Longer is cut at a word.
LONGEST = 40
_RESERVED = {
    *dir(BaseModel),
    *keyword.kwlist,
    *keyword.softkwlist,
    "desk",
    "screen",
    "name",
    "date",
    "bool",
    "int",
    "str",
    "tuple",
}


def identifier(said: str, taken: Collection[str] = (), instead: str = "champ") -> str:
    """Return a name made of words, not one of those taken: ``Nom d'usage`` gives ``nom_usage``."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", said) if not unicodedata.combining(c))
    words = [word for word in re.split(r"[^a-z0-9]+", bare.lower()) if len(word) > 1 or word.isdigit()]
    name = ""
    for word in words:
        if len(name) + len(word) < LONGEST:
            name = f"{name}_{word}" if name else word
    name = name if name and not name[0].isdigit() else f"{instead}_{name}".rstrip("_")
    return _free(f"{name}_" if name in _RESERVED else name, taken)


def class_name(said: str) -> str:
    """Return the name of a class: ``coordonnees_bancaires`` gives ``CoordonneesBancaires``."""
    return "".join(part.capitalize() for part in said.split("_"))


def _free(name: str, taken: Collection[str]) -> str:
    number, free = 2, name
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free
