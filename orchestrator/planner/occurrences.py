"""When a scenario is due: civil days and times of Europe/Paris in, instants in UTC out. Pure.

The days are walked by the calendar and only then turned into instants, so that no night of clock change can skip or
repeat a day. An occurrence is named by its planned civil time, even when that time did not exist that night.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from heapq import merge

import holidays

from orchestrator.domain.civil import PARIS, paris_date
from orchestrator.language.model import ScheduleEntry

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SATURDAY = 5
#: Longer than any run of days off, and than a year of a single skipped night.
_HORIZON_DAYS = 800


@dataclass(frozen=True, kw_only=True)
class Due:
    """One planned start."""

    #: When it happens, UTC.
    instant: datetime
    #: Its name: the planned civil time, ``2027-03-28T02:30``.
    local: str


def next_due(entry: ScheduleEntry, after: datetime) -> Due:
    """Return the first start strictly after the instant ``after``.

    :raises ValueError: the entry has no day at all.
    """
    for due in _dues(entry, after):
        return due
    raise ValueError(f"horaire sans aucun jour : {entry.at}, {entry.days}")


def due_between(entry: ScheduleEntry, after: datetime, until: datetime) -> list[Due]:
    """Return the starts strictly after ``after`` and not after ``until``, in order."""
    return list(_up_to(_dues(entry, after), until))


def all_due_between(entries: Iterable[ScheduleEntry], after: datetime, until: datetime) -> list[Due]:
    """Return the starts of several entries in order, each occurrence once even when two entries name it."""
    by_name: dict[str, Due] = {}
    for due in merge(*(due_between(entry, after, until) for entry in entries), key=_instant):
        by_name.setdefault(due.local, due)
    return list(by_name.values())


def is_business_day(day: date, calendar: str) -> bool:
    """Whether ``day`` is neither at the weekend nor a public holiday of ``calendar`` (a country, e.g. ``FR``)."""
    return day.weekday() < _SATURDAY and day not in _public_holidays(calendar, day.year)


def _dues(entry: ScheduleEntry, after: datetime) -> Iterator[Due]:
    first = paris_date(after)
    for day in (first + timedelta(days=count) for count in range(_HORIZON_DAYS)):
        due = _on(entry, day) if _is_planned(entry, day) else None
        if due and due.instant > after:
            yield due


def _is_planned(entry: ScheduleEntry, day: date) -> bool:
    if entry.days == "business":
        return is_business_day(day, entry.calendar)
    return entry.days == "all" or _WEEKDAYS[day.weekday()] in entry.days


def _on(entry: ScheduleEntry, day: date) -> Due | None:
    """Return the start of a planned day, or None on the night when its time is missing and it says ``skip``."""
    planned = datetime.combine(day, time.fromisoformat(entry.at))
    moment = planned
    if not _exists(planned):
        if entry.missing == "skip":
            return None
        moment = _first_existing(planned)
    fold = 1 if entry.repeated == "second" else 0
    return Due(instant=_instant_of(moment, fold), local=planned.isoformat(timespec="minutes"))


def _exists(local: datetime) -> bool:
    """Whether the clocks of Paris ever show this civil time."""
    return _instant_of(local, 0).astimezone(PARIS).replace(tzinfo=None, fold=0) == local


def _first_existing(local: datetime) -> datetime:
    """Return the first civil time from ``local`` on that the clocks show: 03:00 on the night that has no 02:30."""
    while not _exists(local):
        local += timedelta(minutes=1)
    return local


def _instant_of(local: datetime, fold: int) -> datetime:
    return local.replace(tzinfo=PARIS, fold=fold).astimezone(UTC)


def _up_to(dues: Iterator[Due], until: datetime) -> Iterator[Due]:
    for due in dues:
        if due.instant > until:
            return
        yield due


def _instant(due: Due) -> datetime:
    return due.instant


@cache
def _public_holidays(calendar: str, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays(calendar, years=year))
