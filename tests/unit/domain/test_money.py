"""Exact money: parsing, writing, rounding."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.domain.money import Euros, Rounding, total

CENTIMES = st.integers(-(10**12), 10**12)
EXACT = st.fractions(min_value=-(10**9), max_value=10**9)


@pytest.mark.parametrize(
    ("text", "centimes"),
    [
        *(("1 359,04", 135_904), ("1\u00a0359,04", 135_904), ("1\u202f359,04", 135_904), ("1.359,04", 135_904)),
        *(("697,39 €", 69_739), ("697,39 EUR", 69_739), ("697,3", 69_730), ("697", 69_700)),
        *(("-12,50", -1_250), ("0,05", 5)),
    ],
)
def test_french_amounts_are_read(text: str, centimes: int) -> None:
    assert Euros.parse(text) == Euros(centimes)


@pytest.mark.parametrize("text", ["", "1,234", "12.5", "1,35E+3", "dix", "1 35,00", "185026199900189X"])
def test_anything_else_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(ValueError, match=r"^montant attendu \(ex\. 1 359,04\)$"):
        Euros.parse(text)


@given(CENTIMES)
def test_what_is_written_is_read_again(centimes: int) -> None:
    assert Euros.parse(str(Euros(centimes))) == Euros(centimes)
    assert Euros.parse(Euros(centimes).typed) == Euros(centimes)


@given(EXACT)
def test_half_up_is_the_nearest_centime_and_a_half_goes_away_from_nothing(exact: Fraction) -> None:
    rounded = Euros.of(exact, Rounding.HALF_UP)
    distance = abs(rounded.exact - exact)

    assert distance <= Fraction(1, 200)
    if distance == Fraction(1, 200):
        assert abs(rounded.exact) > abs(exact)


@given(EXACT)
def test_down_never_gives_more(exact: Fraction) -> None:
    rounded = Euros.of(exact, Rounding.DOWN)

    assert abs(rounded.exact) <= abs(exact)
    assert abs(rounded.exact - exact) < Fraction(1, 100)


@given(st.lists(CENTIMES))
def test_a_total_is_exact(amounts: list[int]) -> None:
    assert total([Euros(amount) for amount in amounts]) == Euros(sum(amounts))


def test_the_rounding_trap_of_the_published_example() -> None:
    daily = Fraction(6000, 1) / Fraction("91.25") / 2

    assert (Euros.of(daily, Rounding.HALF_UP), Euros.of(daily, Rounding.DOWN)) == (Euros(3_288), Euros(3_287))
    assert Euros.of(Decimal("0.005"), Rounding.HALF_UP) == Euros(1)
