"""Civil dates: a date has no time zone, an instant is UTC, the zone is Europe/Paris."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.domain.civil import Period, french_date, paris_date, parse_french_date


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2025, 12, 31, 23, 30, tzinfo=UTC), date(2026, 1, 1)),
        (datetime(2026, 7, 14, 21, 59, tzinfo=UTC), date(2026, 7, 14)),
        (datetime(2026, 7, 14, 22, 0, tzinfo=UTC), date(2026, 7, 15)),
    ],
)
def test_today_is_that_of_paris(instant: datetime, day: date) -> None:
    assert paris_date(instant) == day


@given(st.dates())
def test_a_date_written_is_read_again(day: date) -> None:
    assert parse_french_date(f"{day.day:02}/{day.month:02}/{day.year:04}") == day


@pytest.mark.parametrize("text", ["30/02/2020", "31/04/2026", "00/00/0000", "29/02/2025"])
def test_a_day_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="n'existe pas au calendrier"):
        parse_french_date(text)


@pytest.mark.parametrize("text", ["2026-03-27", "27/3/2026", "27/03/26", "", "٢٧/٠٣/٢٠٢٦"])
def test_another_format_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="JJ/MM/AAAA"):
        parse_french_date(text)


def test_a_period_counts_both_ends() -> None:
    assert Period(date(2026, 3, 5), date(2026, 3, 26)).days == 22
    assert Period(date(2026, 3, 5), date(2026, 3, 4)).days == 0
    assert str(Period(date(2026, 3, 5), date(2026, 3, 26))) == "du 05/03/2026 au 26/03/2026"


@given(st.dates(), st.integers(0, 60), st.dates(), st.integers(0, 60))
def test_periods_overlap_when_they_share_a_day(start: date, length: int, other: date, other_length: int) -> None:
    first, second = (
        range(day.toordinal(), day.toordinal() + days + 1) for day, days in ((start, length), (other, other_length))
    )
    if max(first[-1], second[-1]) > date.max.toordinal():
        return
    one, two = (Period(date.fromordinal(days[0]), date.fromordinal(days[-1])) for days in (first, second))

    assert one.overlaps(two) is bool(set(first) & set(second))
    assert one.overlaps(two) is two.overlaps(one)


def test_a_date_is_shown_as_agents_write_it() -> None:
    assert french_date(date(2026, 3, 7)) == "07/03/2026"
