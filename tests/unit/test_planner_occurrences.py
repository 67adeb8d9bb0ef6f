"""When scenarios are due: nights of clock change, business days, holidays."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.domain.civil import PARIS
from orchestrator.language.model import ScheduleEntry
from orchestrator.planner.occurrences import Due, all_due_between, due_between, is_business_day, next_due


def entry(
    at: str,
    days: Literal["business", "all"] | tuple[str, ...] = "all",
    *,
    missing: Literal["run after", "skip"] = "run after",
    repeated: Literal["first", "second"] = "first",
) -> ScheduleEntry:
    return ScheduleEntry(at=at, days=days, calendar="FR", missing=missing, repeated=repeated)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def told(dues: list[Due]) -> list[str]:
    return [f"{due.local} = {due.instant:%d %H:%M}Z" for due in dues]


def test_half_past_midnight_never_skips_the_monday_after_the_spring_change() -> None:
    assert told(due_between(entry("00:30"), utc("2027-03-26T12:00"), utc("2027-03-30T12:00"))) == [
        "2027-03-27T00:30 = 26 23:30Z",
        "2027-03-28T00:30 = 27 23:30Z",
        "2027-03-29T00:30 = 28 22:30Z",
        "2027-03-30T00:30 = 29 22:30Z",
    ]


def test_half_past_midnight_comes_once_a_day_around_the_autumn_change() -> None:
    assert told(due_between(entry("00:30"), utc("2027-10-29T12:00"), utc("2027-11-02T12:00"))) == [
        "2027-10-30T00:30 = 29 22:30Z",
        "2027-10-31T00:30 = 30 22:30Z",
        "2027-11-01T00:30 = 31 23:30Z",
        "2027-11-02T00:30 = 01 23:30Z",
    ]


def test_half_past_two_that_does_not_exist_runs_when_the_clocks_show_three() -> None:
    assert told(due_between(entry("02:30"), utc("2027-03-27T12:00"), utc("2027-03-29T12:00"))) == [
        "2027-03-28T02:30 = 28 01:00Z",
        "2027-03-29T02:30 = 29 00:30Z",
    ]


def test_half_past_two_that_does_not_exist_may_be_skipped() -> None:
    skipping = entry("02:30", missing="skip")
    assert told(due_between(skipping, utc("2027-03-26T12:00"), utc("2027-03-29T12:00"))) == [
        "2027-03-27T02:30 = 27 01:30Z",
        "2027-03-29T02:30 = 29 00:30Z",
    ]
    assert next_due(entry("02:30", ("sunday",), missing="skip"), utc("2027-03-27T12:00")).local == "2027-04-04T02:30"


@pytest.mark.parametrize(("repeated", "instant"), [("first", "31 00:30Z"), ("second", "31 01:30Z")])
def test_half_past_two_that_comes_twice_runs_once(repeated: Literal["first", "second"], instant: str) -> None:
    dues = due_between(entry("02:30", repeated=repeated), utc("2027-10-30T12:00"), utc("2027-11-01T12:00"))
    assert told(dues) == [f"2027-10-31T02:30 = {instant}", "2027-11-01T02:30 = 01 01:30Z"]


def test_monday_is_monday() -> None:
    dues = due_between(entry("08:00", ("monday",)), utc("2027-03-01T00:00"), utc("2027-04-05T23:00"))
    assert {date.fromisoformat(due.local[:10]).isoweekday() for due in dues} == {1}
    assert [due.local[:10] for due in dues] == [
        "2027-03-01", "2027-03-08", "2027-03-15", "2027-03-22", "2027-03-29", "2027-04-05",
    ]  # fmt: skip


def test_business_days_leave_out_weekends_and_french_holidays() -> None:
    assert [due.local for due in due_between(entry("06:30", "business"), utc("2026-04-30T00:00"), utc("2026-05-11T12:00"))] == [
        "2026-04-30T06:30", "2026-05-04T06:30", "2026-05-05T06:30", "2026-05-06T06:30", "2026-05-07T06:30",
        "2026-05-11T06:30",
    ]  # fmt: skip
    assert next_due(entry("06:30", "business"), utc("2027-03-26T12:00")).local == "2027-03-30T06:30"
    assert not is_business_day(date(2026, 5, 1), "FR")
    assert not is_business_day(date(2027, 3, 29), "FR")
    assert is_business_day(date(2026, 4, 3), "FR")


def test_a_due_instant_is_strictly_after_and_included_at_the_end() -> None:
    due = next_due(entry("06:30"), utc("2026-03-27T00:00"))
    assert due == Due(local="2026-03-27T06:30", instant=utc("2026-03-27T05:30"))
    assert next_due(entry("06:30"), due.instant).local == "2026-03-28T06:30"
    assert due_between(entry("06:30"), utc("2026-03-27T05:29"), due.instant) == [due]
    assert due_between(entry("06:30"), due.instant, due.instant) == []


def test_two_entries_that_name_one_occurrence_make_one_start() -> None:
    entries = [entry("06:30", "business"), entry("06:30", ("friday",)), entry("05:00")]
    assert told(all_due_between(entries, utc("2026-03-26T12:00"), utc("2026-03-27T12:00"))) == [
        "2026-03-27T05:00 = 27 04:00Z",
        "2026-03-27T06:30 = 27 05:30Z",
    ]


def test_an_entry_without_any_day_is_an_error_and_not_an_endless_search() -> None:
    with pytest.raises(ValueError, match="sans aucun jour"):
        next_due(entry("06:30", ()), utc("2026-03-27T00:00"))


@given(
    at=st.times().map(lambda time: f"{time:%H:%M}"),
    after=st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)),  # noqa: DTZ001 - made UTC below
    repeated=st.sampled_from(["first", "second"]),
)
def test_every_civil_day_has_exactly_one_start_in_order(
    at: str, after: datetime, repeated: Literal["first", "second"]
) -> None:
    since = after.replace(tzinfo=UTC)
    daily = entry(at, repeated=repeated)
    dues = [next_due(daily, since)]
    for _ in range(5):
        dues.append(next_due(daily, dues[-1].instant))
    days = [date.fromisoformat(due.local[:10]).toordinal() for due in dues]
    assert days == list(range(days[0], days[0] + 6))
    assert {due.instant.astimezone(PARIS).date().toordinal() for due in dues} == set(days)
