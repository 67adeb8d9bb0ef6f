"""What a suite writes, read as the type that a keyword wants; what cannot be read is told without being quoted."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from orchestrator.domain.civil import Period
from orchestrator.domain.errors import GlrError
from orchestrator.domain.keywords import EFFECT_KEY, Keyword
from orchestrator.domain.money import Euros
from orchestrator.domain.personal import Iban, Masked, Nir, PersonName, PrivateText, Secret
from orchestrator.language.fields import FIELD_TYPES
from orchestrator.language.shapes import alternatives, french, plain


class BadArgument(GlrError):
    """Un argument ne convient pas."""

    def __init__(self, keyword: str, argument: str, why: str) -> None:
        super().__init__(f"« {keyword} », argument « {argument} » : {why}.")


@dataclass(frozen=True)
class Unreadable:
    """A text that a converter could not read: Robot Framework would quote it in its own error, so none is raised there."""

    why: str


def _reader(*names: str, shape: type) -> Callable[[object], object]:
    def read(value: object) -> object:
        if isinstance(value, shape) or not isinstance(value, str):
            return value
        why = ""
        for name in names:
            for way in (FIELD_TYPES[name].read, FIELD_TYPES[name].parse):
                try:
                    return way(value.strip())
                except ValueError as error:
                    why = why or str(error)
        return Unreadable(why)

    read.__doc__ = FIELD_TYPES[names[0]].doc
    return _plainly(read)


def _plainly(converter: Callable[[object], object]) -> Callable[[object], object]:
    """Spare Robot Framework the work of understanding a converter: it asks anew at each call of a keyword."""
    converter.__annotations__ = {"value": object, "return": object}
    value = inspect.Parameter("value", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    setattr(converter, "__signature__", inspect.Signature([value]))  # noqa: B010 - functions may have one
    return converter


def _secret(value: object) -> object:
    """Une valeur de type Secret de Robot Framework ; jamais un texte."""
    if type(value).__name__ == "Secret" and hasattr(value, "value"):
        return Secret(value.value)
    return value if isinstance(value, Secret) else Unreadable("une variable de type Secret est attendue")


def _private(value: object) -> object:
    """Un texte qui dit quelque chose d'une personne ; masqué."""
    return PrivateText(value) if isinstance(value, str) else value


#: Robot Framework's converters, by type.
CONVERTERS: Mapping[type, Callable[[object], object]] = {
    Nir: _reader("nir", shape=Nir),
    Iban: _reader("iban", shape=Iban),
    PersonName: _reader("name", shape=PersonName),
    PrivateText: _plainly(_private),
    Secret: _plainly(_secret),
    Euros: _reader("euros", shape=Euros),
    Period: _reader("period", shape=Period),
    Decimal: _reader("decimal", shape=Decimal),
    date: _reader("date", shape=date),
}


def checked(keyword: Keyword, given: Mapping[str, object]) -> dict[str, object]:
    """Return the arguments as the keyword wants them; raises :class:`BadArgument`, which never quotes one."""
    for name, value in given.items():
        wanted = {**keyword.arguments, EFFECT_KEY.name: EFFECT_KEY}[name].type
        if keyword.hand_over is not None and not keyword.hand_over.personal and _holds_personal(value):
            raise BadArgument(keyword.name, name, "une valeur personnelle ne se remet pas")
        if isinstance(value, Unreadable):
            raise BadArgument(keyword.name, name, value.why)
        kinds = [kind for kind in alternatives(plain(wanted)) if isinstance(kind, type)]
        if isinstance(value, str) and kinds and not any(issubclass(str, kind) for kind in kinds):
            raise BadArgument(keyword.name, name, f"{french(wanted)} est attendu, pas un texte")
    return dict(given)


def _holds_personal(value: object) -> bool:
    """True for values that a suite gathers itself; a message that was read is known by its own type."""
    return isinstance(value, Mapping) and any(isinstance(item, Masked) for item in value.values())
