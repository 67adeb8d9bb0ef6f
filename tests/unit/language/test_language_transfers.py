"""The scenario ``mutation-entrante``: its priority before and after what is read, its waits, its baskets."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

import keywords.progres
import keywords.transfers
from orchestrator.domain.cases import Again, AskHuman, Controls, FailedControl, RetryAt, RetryPolicy, decide
from orchestrator.domain.keywords import collect
from orchestrator.engine.urgency import Urgency, urgency
from orchestrator.language.load import load_scenario
from orchestrator.language.model import RunInfo, Scenario
from orchestrator.language.staged import Due, RetryRule

PATH = Path(__file__).parents[3] / "scenarios" / "mutation-entrante.yaml"
DAY = date(2026, 3, 27)
#: A request that nothing makes urgent.
ANNOUNCED: dict[str, object] = {
    "run": RunInfo(date=DAY), "received_on": DAY, "effect_date": date(2026, 3, 1), "old_end": date(2026, 12, 31),
    "care": False, "c2s": False, "infant": False,
}  # fmt: skip


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenario(PATH, keywords={**collect(keywords.progres), **collect(keywords.transfers)})


@pytest.mark.parametrize(
    ("points", "received", "expected"),
    [
        (None, DAY, (0, date(2026, 4, 13))),
        (100, DAY, (100, DAY)),
        (45, date(2026, 3, 20), (50, date(2026, 3, 31))),
        (20, date(2025, 1, 2), (50, date(2026, 3, 31))),  # thirty points of waiting at most
    ],
)
def test_its_priority_and_due_are_those_of_the_rules(
    scenario: Scenario, points: int | None, received: date, expected: tuple[int, date]
) -> None:
    read = {} if points is None else {"score": SimpleNamespace(points=points)}
    found = urgency(scenario, {**ANNOUNCED, "received_on": received, **read}, DAY, DAY)
    assert isinstance(found, Urgency)
    assert (found.priority, found.due) == expected


@pytest.mark.parametrize(
    ("end", "facts", "today", "expected"),
    [
        ("2026-03-26", (), "2026-03-27", 100),  # closed yesterday
        ("2026-03-26", ("care", "infant"), "2026-03-27", 170),  # C13
        ("2026-03-27", (), "2026-03-27", 50),
        ("2026-04-03", (), "2026-03-27", 50),
        ("2026-04-04", (), "2026-03-27", 20),
        ("2026-04-26", (), "2026-03-27", 20),
        ("2026-04-27", ("c2s",), "2026-03-27", 30),
        ("2026-04-04", (), "2026-03-28", 50),  # a day passes: within the week now
        ("2026-04-04", (), "2026-04-05", 105),  # closed, and five business days of waiting
    ],
)
def test_before_it_is_read_its_priority_is_what_the_request_announces(
    scenario: Scenario, end: str, facts: tuple[str, ...], today: str, expected: int
) -> None:
    announced = {**ANNOUNCED, "old_end": date.fromisoformat(end), **dict.fromkeys(facts, True)}
    found = urgency(scenario, announced, DAY, date.fromisoformat(today))
    assert isinstance(found, Urgency)
    assert found.priority == expected


def test_days_without_rights_are_urgent_before_they_come(scenario: Scenario) -> None:
    for effect, expected in ((date(2026, 6, 1), 0), (date(2026, 6, 2), 100)):
        announced = {**ANNOUNCED, "old_end": date(2026, 5, 31), "effect_date": effect}
        found = urgency(scenario, announced, DAY, DAY)
        assert isinstance(found, Urgency)
        assert found.priority == expected


def test_it_is_read_again_after_business_days_and_its_baskets_are_two_open_and_one_restricted(
    scenario: Scenario,
) -> None:
    wait = scenario.step("some_days")
    assert wait.then == "moved"
    assert wait.arguments["until"].evaluate({"today": DAY, "reread_after": 3}) == date(2026, 4, 1)
    assert scenario.codes["M-04"].retry == RetryRule(every=Due(days=1, business=True), times=5)
    queues = ("mutations", "mutations-urgentes", "mutations-sensibles", "robot")
    assert [scenario.restricted(queue) for queue in queues] == [False, False, True, False]


@pytest.mark.parametrize(("tries", "attempts"), [(0, 1), (3, 9), (4, 1)])
def test_a_control_is_tried_again_on_the_day_that_its_code_says_then_goes_to_a_person(
    tries: int, attempts: int
) -> None:
    failed = (FailedControl(code="M-04", step="moved", title="Non déplacé"),)
    again = Again(at=datetime(2026, 3, 30, 6, tzinfo=UTC), tries=5)
    found = decide(
        Controls(failed=failed, retry=True, again=again),
        attempts,
        RetryPolicy(attempts=2),
        tries,
    )
    if tries < 4:
        assert found == RetryAt(at=again.at, reason="M-04")
    else:
        assert isinstance(found, AskHuman)
