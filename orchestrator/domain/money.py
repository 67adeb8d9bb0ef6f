"""Exact money: whole centimes, never a binary float (DOMAIN, preamble)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from enum import StrEnum
from fractions import Fraction
from functools import total_ordering
from typing import Any, Self

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

_AMOUNT = re.compile(
    r"(?P<sign>-?)(?P<whole>\d{1,3}(?:[ .\u00a0\u202f]?\d{3})*|\d+)(?:,(?P<cents>\d{1,2}))?(?:\s*(?:€|EUR))?"
)
#: As most files write it; read at once, and exactly as the form above reads it.
_PLAIN = re.compile(r"-?\d+,\d{2}", re.ASCII)


class Rounding(StrEnum):
    """How an exact amount becomes centimes; a parameter of the rule pack (DOMAIN A.5, rounding trap)."""

    HALF_UP = "HALF_UP"
    DOWN = "DOWN"


@total_ordering
@dataclass(frozen=True, slots=True)
class Euros:
    """An amount in whole centimes."""

    #: The amount in centimes; may be negative.
    centimes: int

    @classmethod
    def of(cls, amount: Fraction | Decimal | int, rounding: Rounding) -> Self:
        """Round an exact number of euros to the centime."""
        exact = Fraction(amount) * 100
        mode = ROUND_HALF_UP if rounding is Rounding.HALF_UP else ROUND_DOWN
        whole, rest = divmod(abs(exact.numerator), exact.denominator)
        up = mode == ROUND_HALF_UP and 2 * rest >= exact.denominator
        centimes = whole + up
        return cls(-centimes if exact < 0 else centimes)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a French amount: ``1 359,04``, ``697,39 €``; raises ``ValueError`` otherwise."""
        if _PLAIN.fullmatch(text):
            return cls(int(text.replace(",", "")))
        found = _AMOUNT.fullmatch(text.strip())
        if not found:
            raise ValueError("montant attendu (ex. 1 359,04)")
        whole = int(re.sub(r"\D", "", found["whole"]))
        centimes = whole * 100 + int((found["cents"] or "0").ljust(2, "0"))
        return cls(-centimes if found["sign"] else centimes)

    @property
    def exact(self) -> Fraction:
        """The amount in euros, exact."""
        return Fraction(self.centimes, 100)

    @property
    def typed(self) -> str:
        """As typed into an application: ``1359,04``."""
        sign = "-" if self.centimes < 0 else ""
        whole, cents = divmod(abs(self.centimes), 100)
        return f"{sign}{whole},{cents:02d}"

    def __add__(self, other: Euros) -> Euros:
        return Euros(self.centimes + other.centimes)

    def __sub__(self, other: Euros) -> Euros:
        return Euros(self.centimes - other.centimes)

    def __mul__(self, times: int) -> Euros:
        return Euros(self.centimes * times)

    def __lt__(self, other: Euros) -> bool:
        return self.centimes < other.centimes

    def __str__(self) -> str:
        whole, _, cents = self.typed.partition(",")
        sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
        groups = f"{int(digits):,}".replace(",", "\u00a0")
        return f"{sign}{groups},{cents}\u00a0€"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401
        def validate(value: object) -> Euros:
            if isinstance(value, cls):
                return value
            if isinstance(value, str):
                return cls.parse(value)
            raise ValueError("montant attendu")

        return core_schema.no_info_plain_validator_function(
            validate, serialization=core_schema.plain_serializer_function_ser_schema(lambda value: value.centimes)
        )


ZERO = Euros(0)


def total(amounts: list[Euros]) -> Euros:
    """Return the sum, exact."""
    return sum(amounts, ZERO)
