"""When a run is closed: what it waits for, and at what time of day."""

from __future__ import annotations

from datetime import datetime

import pytest

from orchestrator.bootstrap.closer import is_time
from orchestrator.domain.civil import PARIS
from orchestrator.language.model import ClosingMoment, ClosingRule, ScheduleEntry

SIX = ScheduleEntry(at="18:00", days="business", calendar="FR", missing="run after", repeated="first")


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS)


@pytest.mark.parametrize(
    ("when", "people", "closes"),
    [
        (ClosingMoment.ROBOTS_DONE, 3, True),
        (ClosingMoment.ALL_SETTLED, 3, False),
        (ClosingMoment.ALL_SETTLED, 0, True),
        (ClosingMoment.BY_HAND, 0, False),
    ],
)
def test_a_run_waits_for_robots_for_people_or_for_a_hand(when: ClosingMoment, people: int, closes: bool) -> None:  # noqa: FBT001
    now = _at("2026-03-27T10:00")
    assert is_time(ClosingRule(when=when), over_since=now, with_people=people, now=now) is closes


@pytest.mark.parametrize(
    ("over", "now", "closes"),
    [
        ("2026-03-27T10:00", "2026-03-27T17:59", False),
        ("2026-03-27T10:00", "2026-03-27T18:00", True),
        ("2026-03-27T18:30", "2026-03-29T23:00", False),  # a Friday evening: nobody reads it before Monday
        ("2026-03-27T18:30", "2026-03-30T18:00", True),
        ("2026-04-03T18:30", "2026-04-06T20:00", False),  # Easter Monday
    ],
)
def test_a_time_of_day_is_the_first_that_comes_after(over: str, now: str, closes: bool) -> None:  # noqa: FBT001
    rule = ClosingRule(at=SIX)
    assert is_time(rule, over_since=_at(over), with_people=0, now=_at(now)) is closes
