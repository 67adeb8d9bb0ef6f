"""Values and errors of the house as JSON and back: for what is recorded, and for calls between two of its processes.

Personal values are in clear there: whoever writes them seals them, or hands them on at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any

from pydantic import BaseModel, TypeAdapter

from orchestrator.domain.errors import ApplicationException, BusinessException, GlrError, NotHandedOver, TooSlow
from orchestrator.domain.keywords import Keyword
from orchestrator.domain.money import Euros
from orchestrator.domain.personal import Masked

#: Errors that cross as what they are; any other of the house crosses as its sentence.
_CROSSING: Mapping[str, type[GlrError]] = {
    each.__name__: each for each in (ApplicationException, NotHandedOver, TooSlow)
}


def clear(value: object) -> Any:  # noqa: ANN401 - JSON
    """Return a value as JSON that its own type reads again; personal values in clear."""
    if isinstance(value, BaseModel):
        return {name: clear(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, Mapping):
        return {str(name): clear(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [clear(item) for item in value]
    if is_dataclass(value) and not isinstance(value, Euros):
        return {item.name: clear(getattr(value, item.name)) for item in fields(value)}
    return _scalar(value)


def _scalar(value: object) -> str | int | bool | None:
    match value:
        case Enum():
            return str(value.value)
        case None | bool() | int() | str():
            return value
        case Masked():
            return value.reveal()
        case Euros():
            return value.typed
        case date():
            return value.isoformat()
        case Decimal() | Fraction():
            return str(value)
    raise TypeError(f"valeur qui ne s'enregistre pas : {type(value).__name__}")


def read_again(keyword: Keyword, recorded: object) -> Any:  # noqa: ANN401 - typed by the keyword
    """Return a result as the keyword's own type; raises ``ValueError`` when its declaration has changed since."""
    return TypeAdapter(keyword.returns).validate_python(recorded)


def arguments_again(keyword: Keyword, given: Mapping[str, object]) -> dict[str, Any]:
    """Return arguments as the keyword's own types; raises ``ValueError`` or ``KeyError``."""
    return {name: TypeAdapter(keyword.arguments[name].type).validate_python(value) for name, value in given.items()}


def told(error: Exception) -> dict[str, str]:
    """Return an error as JSON; of one that is not ours its class alone, since its text may quote what was worked on."""
    if isinstance(error, BusinessException):
        return {"error": BusinessException.__name__, "code": error.code, "message": str(error)}
    message = str(error) if isinstance(error, GlrError) else ""
    return {"error": type(error).__name__, "code": "", "message": message}


def raised(said: Mapping[str, str], otherwise: type[GlrError] = GlrError) -> GlrError:
    """Return the error that was told; one that is not ours as ``otherwise``, with its class."""
    if said["error"] == BusinessException.__name__:
        return BusinessException(said["code"], said["message"])
    if not said["message"]:
        return otherwise(f"un outil a échoué ({said['error']})")
    return _CROSSING.get(said["error"], otherwise)(said["message"])
