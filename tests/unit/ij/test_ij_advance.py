"""The advance, against amounts worked out by hand (DOMAIN A.5 and A.8)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keywords.arpege.models import Rights, StopRead
from keywords.compta.models import Advance
from keywords.ij.models import AdvanceComputed
from orchestrator.domain.civil import Period
from orchestrator.domain.errors import BusinessException
from orchestrator.domain.money import Euros

Compute = Callable[..., AdvanceComputed]
MakeStop = Callable[..., StopRead]
MakeRights = Callable[..., Rights]


def test_a01_the_worked_example_gives_every_operand(compute: Compute) -> None:
    computed = compute()

    assert computed.model_dump() == {
        "category": "TI",
        "category_open": True,
        "raam": "31000",
        "lowest_coefficient": "1",
        "ceiling": 4_806_000,
        "threshold": "4582",
        "daily": 4_247,
        "waiting_days": 3,
        "period": {"start": date(2026, 3, 5), "end": date(2026, 3, 26)},
        "days": 22,
        "already_indemnified": 0,
        "days_in_all": 22,
        "max_days": 360,
        "gross": 93_434,
        "csg": 5_793,
        "crds": 467,
        "net": 87_174,
        "rate": computed.rate,
        "before_cap": 69_739,
        "cap": 80_000,
        "open_advances": 0,
        "amount": 69_739,
        "as_of": date(2026, 3, 27),
    }


def an_advance(**changes: object) -> Advance:
    values: dict[str, object] = {
        "number": "ACP-2026-000001",
        "nature": "ACP-IJ",
        "stop_id": "AT26000101",
        "period": Period(date(2026, 3, 5), date(2026, 3, 12)),
        "amount": Euros(30_000),
        "state": "VALIDEE",
    }
    return Advance.model_validate({**values, **changes})


def test_a03_an_open_advance_on_the_same_days_is_deducted(compute: Compute) -> None:
    computed = compute(advances=[an_advance()])

    assert (computed.open_advances, computed.amount) == (Euros(30_000), Euros(39_739))


def test_a_closed_advance_or_one_on_other_days_is_not_deducted(compute: Compute) -> None:
    closed = [an_advance(state=state) for state in ("REJETEE", "ANNULEE", "REGULARISEE")]
    elsewhere = an_advance(stop_id="AT25000001", period=Period(date(2025, 3, 5), date(2025, 3, 12)))

    assert compute(advances=[*closed, elsewhere]).amount == Euros(69_739)


def test_an_advance_never_goes_below_nothing(compute: Compute) -> None:
    assert compute(advances=[an_advance(amount=Euros(90_000))]).amount == Euros(0)


def test_a05_below_the_threshold_nothing_is_due(compute: Compute, make_rights: MakeRights) -> None:
    computed = compute(rights=make_rights((2023, 4_000), (2024, 4_600), (2025, 5_000)))

    assert (computed.raam, computed.threshold) == (Fraction(13_600, 3), Fraction(4_582))
    assert (computed.daily, computed.amount) == (Euros(0), Euros(0))


def test_a06_exactly_the_threshold_is_not_below_it(
    compute: Compute, make_rights: MakeRights, make_stop: MakeStop
) -> None:
    rights = make_rights((2023, 4_000), (2024, 4_746), (2025, 5_000))
    computed = compute(rights=rights, stop=make_stop(end=date(2026, 3, 6)))

    assert (computed.raam, computed.daily, computed.days) == (Fraction(4_582), Euros(628), 2)
    assert (computed.net, computed.amount) == (Euros(1_172), Euros(937))


def test_a07_contributions_half_paid_in_the_year_before_last(compute: Compute, make_rights: MakeRights) -> None:
    computed = compute(rights=make_rights((2023, 30_000), (2024, 36_000, 2, 1), (2025, 27_000)))

    assert (computed.raam, computed.daily) == (Fraction(25_000), Euros(3_425))
    assert (computed.lowest_coefficient, computed.amount) == (Fraction(1, 2), Euros(56_240))


def test_a08_a_stop_of_three_days_has_no_payable_day(compute: Compute, make_stop: MakeStop) -> None:
    computed = compute(stop=make_stop(end=date(2026, 3, 4)))

    assert (computed.days, computed.amount) == (0, Euros(0))


def test_a10_across_the_year_end_the_year_is_that_of_the_medical_date(
    compute: Compute, make_stop: MakeStop, make_rights: MakeRights
) -> None:
    day = date(2025, 12, 29)
    stop = make_stop(start=day, prescribed_on=day, medical_date=day, received_on=day, end=date(2026, 1, 31))
    rich = make_rights((2022, 60_000), (2023, 60_000), (2024, 60_000), (2025, 1))
    computed = compute(stop=stop, rights=rich)

    assert computed.period == Period(date(2026, 1, 1), date(2026, 1, 31))
    assert (computed.days, computed.ceiling, computed.daily) == (31, Euros(4_710_000), Euros(6_452))


def test_a12_a_liberal_has_three_ceilings_and_the_case_its_cap(compute: Compute, make_rights: MakeRights) -> None:
    computed = compute(rights=make_rights((2023, 160_000), (2024, 150_000), (2025, 140_000), category="PL"))

    assert (computed.daily, computed.before_cap, computed.amount) == (Euros(19_751), Euros(324_327), Euros(80_000))


@pytest.mark.parametrize(("start", "is_open"), [(date(2021, 6, 30), False), (date(2021, 7, 1), True)])
def test_a13_practitioners_are_covered_from_the_first_of_july_2021(
    start: date, *, is_open: bool, compute: Compute, make_stop: MakeStop, make_rights: MakeRights
) -> None:
    stop = make_stop(start=start, medical_date=start, prescribed_on=start, received_on=start, end=date(2021, 7, 12))
    rights = make_rights((2018, 30_000), (2019, 30_000), (2020, 30_000), category="PAMC")
    computed = compute(stop=stop, rights=rights, as_of=date(2021, 8, 1))

    assert computed.category_open is is_open
    assert computed.period.start == date(2021, 7, 3 if not is_open else 4)


def test_only_elapsed_days_count_and_the_day_of_the_run_is_not_elapsed(compute: Compute) -> None:
    assert compute(as_of=date(2026, 3, 5)).days == 0
    assert compute(as_of=date(2026, 3, 6)).days == 1
    assert compute(as_of=date(2027, 1, 1)).period.end == date(2026, 4, 5)


def test_an_extension_has_no_waiting_days(compute: Compute, make_stop: MakeStop) -> None:
    assert compute(stop=make_stop(kind="PROLONGATION")).days == 25


@pytest.mark.parametrize(
    ("category", "ald", "most"), [("TI", False, 360), ("TI", True, 1095), ("PL", False, 87), ("PAMC", True, 87)]
)
def test_the_maximum_depends_on_the_category_and_on_a_long_illness(
    category: str, *, ald: bool, most: int, compute: Compute, make_stop: MakeStop, make_rights: MakeRights
) -> None:
    rights = make_rights((2023, 30_000), (2024, 36_000), (2025, 27_000), category=category, days_indemnified=70)
    computed = compute(stop=make_stop(ald=ald), rights=rights)

    assert (computed.max_days, computed.days_in_all) == (most, 92)


def test_a_date_without_rule_and_an_income_that_is_missing_are_said(
    compute: Compute, make_stop: MakeStop, make_rights: MakeRights
) -> None:
    with pytest.raises(BusinessException) as no_rule:
        compute(stop=make_stop(medical_date=date(2019, 12, 31)))
    with pytest.raises(BusinessException) as no_income:
        compute(rights=make_rights((2023, 30_000), (2025, 27_000)))

    assert (no_rule.value.code, no_income.value.code) == ("C-15", "R-ANNEES")


@pytest.mark.parametrize(
    ("year", "daily", "liberal"),
    [(2021, 5_635, 16_905), (2023, 6_026, 18_079), (2024, 6_352, 19_055), (2025, 6_452, 19_356), (2026, 6_584, 19_751)],
)
def test_the_daily_ceilings_are_those_published(
    year: int, daily: int, liberal: int, compute: Compute, make_stop: MakeStop, make_rights: MakeRights
) -> None:
    day = date(year, 3, 2)
    stop = make_stop(start=day, medical_date=day, end=date(year, 3, 20))
    incomes = [(year - back, 200_000) for back in (1, 2, 3)]

    of_ti = compute(stop=stop, rights=make_rights(*incomes), as_of=date(year, 6, 1))
    of_pl = compute(stop=stop, rights=make_rights(*incomes, category="PL"), as_of=date(year, 6, 1))

    assert (of_ti.daily, of_pl.daily) == (Euros(daily), Euros(liberal))


@given(
    incomes=st.lists(st.integers(0, 300_000), min_size=3, max_size=3),
    length=st.integers(0, 120),
    run=st.integers(0, 150),
)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_advance_is_never_above_what_is_due_nor_the_cap(
    incomes: list[int], length: int, run: int, compute: Compute, make_stop: MakeStop, make_rights: MakeRights
) -> None:
    start = date(2026, 1, 5)
    stop = make_stop(start=start, medical_date=start, end=date.fromordinal(start.toordinal() + length))
    rights = make_rights(*zip((2023, 2024, 2025), incomes, strict=True))
    computed = compute(stop=stop, rights=rights, as_of=date.fromordinal(start.toordinal() + run))

    assert Euros(0) <= computed.amount <= Euros(80_000)
    assert computed.amount.exact <= computed.net.exact * Fraction(4, 5)
    assert computed.days <= max(0, length + 1 - 3)
