"""French business days: neither at the weekend nor a public holiday of the whole country."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import date, timedelta
from functools import cache

_WEEK, _WORKED = 7, 5


def is_business_day(day: date) -> bool:
    """Say whether a day is worked."""
    return day.weekday() < _WORKED and day not in _off(day.year)


def add_business_days(day: date, count: int) -> date:
    """Return the day that many business days after ``day`` (before it when negative); the day itself for 0."""
    step = timedelta(days=1 if count > 0 else -1)
    for _ in range(abs(count)):
        day += step
        while not is_business_day(day):
            day += step
    return day


def business_days_between(first: date, last: date) -> int:
    """Return how many business days come after ``first`` up to ``last``, which counts; negative the other way round."""
    if last < first:
        return -business_days_between(last, first)
    weeks, rest = divmod((last - first).days, _WEEK)
    days = (first.weekday() + count for count in range(1, rest + 1))
    worked = weeks * _WORKED + sum(day % _WEEK < _WORKED for day in days)
    off = [_off(year) for year in range(first.year, last.year + 1)]
    return worked - sum(bisect_right(year, last) - bisect_left(year, first + timedelta(days=1)) for year in off)


@cache
def _off(year: int) -> tuple[date, ...]:
    """Return the public holidays of a year that are not at the weekend, in order."""
    import holidays  # noqa: PLC0415 - heavy, and few scenarios ask

    return tuple(day for day in sorted(holidays.country_holidays("FR", years=year)) if day.weekday() < _WORKED)
