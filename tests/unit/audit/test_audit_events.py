"""The line of an event: one way to write it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from orchestrator.audit.events import day_of, instant, line_of

EVENT = {
    "id": 7,
    "at": datetime(2026, 3, 27, 6, 31, 2, 7, tzinfo=UTC),
    "caisse": "cpam-931",
    "actor": "session:1",
    "verb": "case.ended",
    "object": "DOS-é1",
    "details": {"version": 3, "ended_as": "entered", "rate": 0.8, "failed": [{"seconds": 1.5}]},
}


def test_an_event_is_one_line_of_canonical_json() -> None:
    assert line_of(EVENT).decode() == (
        '{"actor":"session:1","at":"2026-03-27T06:31:02.000007Z","caisse":"cpam-931",'
        '"details":{"ended_as":"entered","failed":[{"seconds":"1.5"}],"rate":"0.8","version":3},'
        '"id":7,"object":"DOS-é1","v":1,"verb":"case.ended"}\n'
    )


def test_a_line_break_inside_an_event_stays_inside_its_line() -> None:
    assert line_of({**EVENT, "object": "a\nb\u2028"}).count(b"\n") == 1


def test_the_day_is_the_utc_day_whatever_the_zone_of_the_instant() -> None:
    just_after_midnight_in_paris = datetime(2026, 3, 28, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    assert day_of({**EVENT, "at": just_after_midnight_in_paris}) == date(2026, 3, 27)


def test_an_instant_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="fuseau"):
        instant(datetime(2026, 3, 27))  # noqa: DTZ001 - what is refused
