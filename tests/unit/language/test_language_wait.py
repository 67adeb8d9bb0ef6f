"""``wait:``: what it compiles to, the day on which it goes on, and each mistake at its place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from orchestrator.domain.cases import RetryPolicy, Waits, WaitUntil, decide
from orchestrator.language.faults import ScenarioErrors
from orchestrator.language.model import Scenario

Load = Callable[[str], Scenario]
END = "\nschedule:\n"
WAIT = """
  - id: later
    wait: {until: "add_days(today, 3)", then: seen}
  - id: seen
    extract: compta.advances
    with: {nir: "${nir}"}
    controls:
      R-ACP: any_with(seen, stop_id=stop_id)
"""


def test_a_wait_names_its_date_and_the_step_that_follows(text: str, load: Load) -> None:
    step = load(text.replace(END, WAIT + END)).step("later")
    assert step.then == "seen"
    assert step.arguments["until"].evaluate({"today": date(2026, 3, 27)}) == date(2026, 3, 30)


@pytest.mark.parametrize(
    ("day", "instant"),
    [
        (date(2026, 3, 28), datetime(2026, 3, 28, 7, tzinfo=UTC)),
        (date(2026, 3, 29), datetime(2026, 3, 29, 6, tzinfo=UTC)),  # the night that lacks an hour
        (date(2026, 10, 25), datetime(2026, 10, 25, 7, tzinfo=UTC)),
    ],
)
def test_a_case_goes_on_at_eight_in_paris(day: date, instant: datetime) -> None:
    decision = decide(Waits(step="later", until=day), 1, RetryPolicy())
    assert decision == WaitUntil(step="later", day=day)
    assert isinstance(decision, WaitUntil)
    assert decision.at == instant


MISTAKES = [
    ('"add_days(today, 3)"', '‸"days_between(today, run.date)"', "une date est attendue ici"),
    ("add_days(today, 3)", "add_days(‸demain, 3)", "« demain » est inconnu ici"),
    (
        "then: seen}",
        "then: ‸sein}",
        "wait : aucune étape « sein ». Écrire « seen » ?",
    ),
    ("then: seen}", "then: ‸proposal}", "wait : l'étape « proposal » n'est pas placée après cette attente. Un dossier ne"),
    ("then: seen}", "then: ‸later}", "wait : l'étape « later » n'est pas placée après cette attente."),
    ('wait: {until: "add_days(today, 3)", then: seen}', "wait: ‸{then: seen}", "wait de later : il manque « until »"),
    (", then: seen}", "}", "wait de later : il manque « then »"),
    (
        "    wait: {",
        "    ‸ends: {fini: true}\n    wait: {",
        "une attente (wait) n'a pas de « ends ». Le dire à l'étape qui suit.",
    ),
    (
        "    wait: {",
        "    ‸effect_key: A/${nir}\n    wait: {",
        "« effect_key » ne vaut que pour une saisie (enter). Enlever cette ligne.",
    ),
    (
        "  - id: seen\n",
        '  - id: ‸between\n    extract: compta.advances\n    with: {nir: "${nir}"}\n  - id: seen\n',
        "cette étape n'est jamais atteinte : l'attente « later » reprend à « seen ». Reprendre ici (then: between), ou",
    ),
    ("  - id: later", "  - id: ‸advance", "étape : le nom « advance » veut déjà dire autre chose."),
    ("stop_id=stop_id)", "stop_id=stop_id) and known(‸today)", "« today » n'est connu que dans priority, due et wait."),
    (
        "    controls:\n      R-ACP",
        "    ‸ends: {fini: true}\n    controls:\n      R-ACP",
        "une étape placée après une saisie ne donne pas de fin : le dossier finit saisi. Enlever « ends »,",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "sentence"), MISTAKES, ids=[wrong.strip()[:30] for _, wrong, _ in MISTAKES])
def test_a_mistake_in_a_wait_is_said_at_its_place(text: str, load: Load, right: str, wrong: str, sentence: str) -> None:
    assert right in WAIT
    marked = text.replace(END, WAIT.replace(right, wrong, 1) + END)
    with pytest.raises(ScenarioErrors) as caught:
        load(marked.replace("‸", ""))
    (fault,) = caught.value.faults
    said = str(fault)
    assert sentence in said
    if "‸" in marked:
        place = marked.index("‸")
        line, column = marked.count("\n", 0, place) + 1, place - marked.rfind("\n", 0, place)
        assert said.startswith(f"ij-acompte.yaml:{line}:{column}: ")


def test_steps_that_a_wait_passes_over_are_reached_when_it_is_not_taken(text: str, load: Load) -> None:
    between = '  - id: between\n    extract: compta.advances\n    with: {nir: "${nir}"}\n  - id: seen\n'  # fmt: skip
    steps = WAIT.replace("    wait:", "    when: person.locked\n    wait:").replace("  - id: seen\n", between)
    assert load(text.replace(END, steps + END)).place("between") == load(text).place("proposal") + 2
