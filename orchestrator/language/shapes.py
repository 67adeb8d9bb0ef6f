"""Types known before the first case: what a name has, and what fits where.

A *shape* is a Python annotation (``date``, ``list[Payment]``, ``StopRead | StopMissing``), :data:`ANY`, or one of the
small classes below for the dated rules. An optional value has the shape of the value: that it is missing in one case
is told when the case runs.
"""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from orchestrator.domain.civil import PartialDate, Period
from orchestrator.domain.money import Euros
from orchestrator.domain.personal import Health, Iban, Masked, Nir, PersonName
from orchestrator.domain.rules import PackAt, RulePack

#: Nothing is known of it.
ANY: Any = Any
_NUMBERS = (int, Decimal, Fraction)
#: The few attributes of values that are not models; personal values show nothing that identifies.
_VALUES: dict[type, dict[str, Any]] = {
    date: {"year": int, "month": int, "day": int},
    Nir: {"provisional": bool},
    Iban: {"valid": bool, "country": str},
    Euros: {},
}
_FRENCH = {
    bool: "une condition (vrai ou faux)",
    int: "un nombre",
    Decimal: "un nombre",
    Fraction: "un nombre",
    Euros: "un montant en euros",
    date: "une date",
    str: "un texte",
    Period: "une période",
    Nir: "un NIR",
    Iban: "un IBAN",
    PersonName: "un nom de personne",
    PartialDate: "une date partielle",
    Health: "une donnée de santé",
}


@dataclass(frozen=True, kw_only=True)
class RulesShape:
    """``rules``: the packs of the scenario."""

    packs: Mapping[str, RulePack]


@dataclass(frozen=True, kw_only=True)
class PackShape:
    """``rules.ij``."""

    pack: RulePack


@dataclass(frozen=True, kw_only=True)
class TableShape:
    """``rules.ij.limits``."""

    columns: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class ItemShape:
    """A row of a case, or one item of a repeated step: what it has, by name."""

    #: The shape of each name.
    values: Mapping[str, Any]
    #: Paths to what identifies it: what an effect key may hold (``stop_id``; ``stop.stop_id`` one step further).
    identifiers: tuple[str, ...] = ()
    #: Those that tell it from the other items of its case: what an effect key must hold.
    key: tuple[str, ...] = ()

    def within(self, name: str, others: Mapping[str, Any]) -> ItemShape:
        """Return the item of a repeated step: this one under its name, and the results of the nested steps."""
        identifiers = tuple(f"{name}.{path}" for path in self.identifiers)
        return ItemShape(
            values={name: self, **others}, identifiers=identifiers, key=tuple(f"{name}.{path}" for path in self.key)
        )


def list_of(shape: Any) -> Any:  # noqa: ANN401
    """Return the shape of a list of these."""
    return types.GenericAlias(list, (shape,))


def plain(shape: Any) -> Any:  # noqa: ANN401 - a shape is any annotation
    """Drop ``Annotated``, ``None`` and literals: ``date | None`` is ``date``, ``Literal[True]`` is ``bool``."""
    if get_origin(shape) is Annotated:
        return plain(get_args(shape)[0])
    if get_origin(shape) is Literal:
        return type(get_args(shape)[0])
    kinds = alternatives(shape)
    return kinds[0] if len(kinds) == 1 else shape


def alternatives(shape: Any) -> tuple[Any, ...]:  # noqa: ANN401
    """Return the members of a union, without ``None``; a shape that is no union alone."""
    if get_origin(shape) in (Union, types.UnionType):
        return tuple(plain(kind) for kind in get_args(shape) if kind is not types.NoneType)
    return (shape,)


def members(shape: Any) -> dict[str, Any] | None:  # noqa: ANN401
    """Return what may follow the dot, by name; None when nothing is known."""
    match shape:
        case RulesShape(packs=packs):
            return {name: PackShape(pack=pack) for name, pack in packs.items()}
        case PackShape(pack=pack):
            return {"in_force": bool, **{name: TableShape(columns=found) for name, found in pack.columns.items()}}
        case TableShape(columns=columns):
            return dict(columns)
        case ItemShape(values=values):
            return dict(values)
    if shape is ANY:
        return None
    merged: dict[str, Any] = {}
    for kind in reversed(alternatives(shape)):
        merged |= {name: plain(found) for name, found in _of_class(kind).items()}
    return merged


@cache
def _of_class(kind: Any) -> dict[str, Any]:  # noqa: ANN401
    if kind in _VALUES:
        return _VALUES[kind]
    if not isinstance(kind, type) or issubclass(kind, Masked):
        return {}
    hints: dict[str, Any] = {}
    if issubclass(kind, BaseModel):
        hints = {name: info.annotation for name, info in kind.model_fields.items()}
    elif is_dataclass(kind):
        known = get_type_hints(kind)
        hints = {field.name: known[field.name] for field in fields(kind)}
    return hints | _properties(kind) if hints else {}


def _properties(kind: type) -> dict[str, Any]:
    found = {name: value for base in reversed(kind.__mro__) for name, value in vars(base).items()}
    return {
        name: get_type_hints(value.fget).get("return", ANY)
        for name, value in found.items()
        if isinstance(value, property) and not name.startswith(("_", "model_"))
    }


def row_of(shape: Any) -> Any:  # noqa: ANN401
    """Return the shape of the rows of a list; None when it is no list."""
    if shape is ANY:
        return ANY
    origin = get_origin(shape)
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return plain(get_args(shape)[0])
    return None


def fits(actual: Any, expected: Any) -> bool:  # noqa: ANN401
    """True when a value of one shape may stand where the other is expected."""
    if ANY in (actual, expected):
        return True
    if isinstance(actual, PackShape):
        return expected is PackAt
    if isinstance(actual, RulesShape | TableShape):
        return False
    return any(
        _fits(found, wanted) for found in alternatives(plain(actual)) for wanted in alternatives(plain(expected))
    )


def _fits(actual: Any, expected: Any) -> bool:  # noqa: ANN401
    if actual == expected or expected is object:
        return True
    rows, wanted = row_of(actual), row_of(expected)
    if rows is not None and wanted is not None:
        return fits(rows, wanted)
    if expected in (Decimal, Fraction) and actual in _NUMBERS:
        return expected is Fraction or actual is int
    return (
        isinstance(actual, type) and isinstance(expected, type) and actual is not bool and issubclass(actual, expected)
    )


def comparable(left: Any, right: Any) -> bool:  # noqa: ANN401
    """True when ``==`` between them can be true."""
    return (is_number(left) and is_number(right)) or fits(left, right) or fits(right, left)


def is_number(shape: Any) -> bool:  # noqa: ANN401
    """True for exact numbers."""
    return shape is ANY or plain(shape) in _NUMBERS


def is_ordered(shape: Any) -> bool:  # noqa: ANN401
    """True when ``<`` means something."""
    return is_number(shape) or plain(shape) in (date, Euros)


def french(shape: Any) -> str:  # noqa: ANN401
    """Name a shape in French."""
    known = _FRENCH.get(plain(shape)) if isinstance(plain(shape), type) else None
    if known:
        return known
    row = row_of(shape)
    if row is not None:
        return "une liste de conditions" if row is bool else "une liste"
    if isinstance(shape, RulesShape | PackShape | TableShape):
        return "un paquet de règles"
    return "un ensemble de champs"
