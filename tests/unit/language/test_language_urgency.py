"""``priority:`` and ``due:``: what they may say, at which moment, and each mistake at its place."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from types import SimpleNamespace

import holidays
import pytest

from orchestrator.engine.urgency import Urgency, known_of, restless, urgency
from orchestrator.language.business_days import add_business_days, business_days_between, is_business_day
from orchestrator.language.faults import ScenarioErrors
from orchestrator.language.model import RunInfo, Scenario

Load = Callable[[str], Scenario]
FRIDAY = date(2026, 3, 27)
NAMES = {"run": RunInfo(date=FRIDAY), "raised_on": date(2026, 3, 20)}
SAID = "  priority: 10\n  due: 2 business days\n"
#: The score of an incoming transfer, and what it gives: one hundred the same day, fifty in two days, else ten.
SCORED = """\
  priority:
    at_load: min(30, business_days_between(raised_on, today))
    after_steps: person.homonyms + min(30, business_days_between(raised_on, today))
  due:
    - {when: priority >= 100, gives: same day}
    - {when: priority >= 50, gives: 2 business days}
    - {when: otherwise, gives: 10 days}
"""


def said(text: str, urgent: str) -> str:
    assert SAID in text
    return text.replace(SAID, urgent)


def test_what_never_changes_is_never_looked_at_again(text: str, load: Load) -> None:
    scenario = load(text)
    assert not restless(scenario)
    assert urgency(scenario, NAMES, FRIDAY, FRIDAY) == Urgency(priority=10, due=date(2026, 3, 31), changes_on=None)


@pytest.mark.parametrize(
    ("homonyms", "priority", "due"),
    [(100, 105, FRIDAY), (45, 50, date(2026, 3, 31)), (44, 49, date(2026, 4, 6)), (None, 5, date(2026, 4, 6))],
)
def test_a_score_gives_priority_and_due_as_soon_as_it_is_known(
    text: str, load: Load, homonyms: int | None, priority: int, due: date
) -> None:
    scenario = load(said(text, SCORED))
    read = {} if homonyms is None else {"person": SimpleNamespace(homonyms=homonyms)}
    found = urgency(scenario, {**NAMES, **read}, FRIDAY, FRIDAY)
    assert found == Urgency(priority=priority, due=due, changes_on=date(2026, 3, 30))


def test_the_day_of_the_next_change_is_known_and_days_off_change_nothing(text: str, load: Load) -> None:
    scenario = load(said(text, SCORED))
    day: date | None = FRIDAY
    seen = []
    while day is not None and day < date(2026, 4, 9):
        found = urgency(scenario, NAMES, FRIDAY, day)
        seen.append((day.day, found.priority))
        day = found.changes_on
    # Easter Monday is the 6th
    assert seen == [(27, 5), (30, 6), (31, 7), (1, 8), (2, 9), (3, 10), (7, 11), (8, 12)]


def test_a_waiting_that_has_reached_its_most_is_looked_at_once_a_month(text: str, load: Load) -> None:
    scenario = load(said(text, SCORED))
    day = date(2026, 12, 1)
    assert urgency(scenario, NAMES, FRIDAY, day) == Urgency(
        priority=30, due=date(2026, 4, 6), changes_on=day + timedelta(days=31)
    )


def test_only_what_the_urgency_needs_is_kept_of_the_steps(text: str, load: Load) -> None:
    names = {"person": 1, "account": 2, "raised_on": 3}
    assert known_of(load(said(text, SCORED)), names) == {"person": 1}
    assert known_of(load(text), names) == {}


@pytest.mark.parametrize(
    ("due", "day"),
    [
        ("same day", FRIDAY),
        ("10 days", date(2026, 4, 6)),
        ("add_business_days(raised_on, 6)", date(2026, 3, 30)),
        ("earliest(add_days(raised_on, 30), run.date)", FRIDAY),
    ],
)
def test_a_due_is_a_delay_or_a_date(text: str, load: Load, due: str, day: date) -> None:
    assert urgency(load(said(text, f"  due: {due}\n")), NAMES, FRIDAY, FRIDAY) == Urgency(
        priority=0, due=day, changes_on=None
    )


MISTAKES = [
    ("  priority: ‸dix\n", "« dix » est inconnu ici."),
    ("  priority: ‸1001\n", "« priority » : nombre entier de 0 à 1000 attendu, « 1001 » trouvé"),
    ("  priority: ‸raised_on\n", "un nombre est attendue ici, « raised_on » est une date"),
    (
        "  priority: ‸person.homonyms\n",
        (
            "priority : « person » n'est connu qu'après les étapes, pas quand la livraison est chargée. "
            "Écrire priority: {at_load: …, after_steps: person.homonyms}."
        ),
    ),
    ("  priority: ‸{at_load: 10}\n", "priority : il manque « after_steps ». Ajouter par exemple after_steps: score.points"),
    ("  priority: {at_load: 1, after_steps: 2, ‸later: 3}\n", "priority : clé « later » inconnue."),
    ("  priority: {at_load: ‸proposal.x, after_steps: 2}\n", "« proposal » est inconnu ici."),
    ("  due: ‸2 jours\n", "« due » : délai attendu, comme « 2 business days », « 10 days » ou « same day », « 2 jours »"),
    ("  due: ‸days_between(raised_on, today)\n", "une date est attendue ici"),
    (
        "  due:\n    - {when: priority >= 100, gives: ‸tomorrow}\n    - {when: otherwise, gives: 10 days}\n",
        "« gives » : délai attendu",
    ),
    ("  due:\n    ‸- {when: priority >= 100, gives: same day}\n", "la table n'a pas de ligne « otherwise »."),
    ("  priority: ‸priority + 1\n", "« priority » est inconnu ici."),
]  # fmt: skip


@pytest.mark.parametrize(("urgent", "sentence"), MISTAKES, ids=[urgent.strip()[:40] for urgent, _ in MISTAKES])
def test_a_mistake_is_said_at_its_place(text: str, load: Load, urgent: str, sentence: str) -> None:
    marked = said(text, urgent)
    place = marked.index("‸")
    line, column = marked.count("\n", 0, place) + 1, place - marked.rfind("\n", 0, place)
    with pytest.raises(ScenarioErrors) as caught:
        load(marked.replace("‸", ""))
    (fault,) = caught.value.faults
    assert str(fault).startswith(f"ij-acompte.yaml:{line}:{column}: ")
    assert sentence in str(fault)


@pytest.mark.parametrize("name", ["today", "priority"])
def test_a_field_cannot_take_the_names_of_the_language(text: str, load: Load, name: str) -> None:
    with pytest.raises(ScenarioErrors, match=f"le nom « {name} » veut déjà dire autre chose"):
        load(re.sub(r"\banomaly\b", name, text))


def test_business_days_agree_with_the_calendar_day_by_day() -> None:
    calendar = holidays.country_holidays("FR")
    first = date(2026, 3, 27)
    for count in range(800):
        last = first + timedelta(days=count)
        walked = sum(calendar.is_working_day(first + timedelta(days=n)) for n in range(1, count + 1))
        assert business_days_between(first, last) == walked == -business_days_between(last, first)
        assert is_business_day(last) == calendar.is_working_day(last)
    for count in range(1, 300):
        assert add_business_days(first, count) == calendar.get_nth_working_day(first, count)
    assert add_business_days(date(2026, 3, 30), -1) == first
