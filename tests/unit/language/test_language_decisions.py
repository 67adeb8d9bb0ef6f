"""``decide:``: the first row that holds, and each mistake at its place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from types import SimpleNamespace

import pytest

from orchestrator.language.faults import ScenarioErrors
from orchestrator.language.model import RunInfo, Scenario

Load = Callable[[str], Scenario]
BEFORE = "  - id: account\n"
TABLE = """\
  - id: verdict
    decide:
      - {when: person.deceased, gives: DECEDE}
      - {when: "person.organism != organism", gives: AILLEURS}
      - {when: otherwise, gives: ICI}
    ends:
      elsewhere: verdict == "AILLEURS"
"""


def with_table(text: str, table: str = TABLE) -> str:
    return text.replace(BEFORE, table + BEFORE, 1)


@pytest.mark.parametrize(
    ("deceased", "organism", "answer"),
    [(True, "autre", "DECEDE"), (False, "autre", "AILLEURS"), (False, "019310000", "ICI")],
)
def test_the_first_row_that_holds_gives_the_answer(
    text: str,
    load: Load,
    deceased: bool,  # noqa: FBT001 - a value of the case
    organism: str,
    answer: str,
) -> None:
    step = load(with_table(text)).step("verdict")
    person = SimpleNamespace(deceased=deceased, organism=organism)
    assert step.arguments["answer"].evaluate({"person": person, "organism": "019310000"}) == answer
    assert step.keyword.function(answer=answer) == answer


def test_rows_below_the_one_that_holds_are_not_evaluated(text: str, load: Load) -> None:
    step = load(with_table(text)).step("verdict")
    without_organism = {"person": SimpleNamespace(deceased=True)}
    assert step.arguments["answer"].evaluate(without_organism) == "DECEDE"


def test_the_version_covers_the_table(text: str, load: Load) -> None:
    assert load(with_table(text)).hash != load(with_table(text, TABLE.replace("gives: ICI", "gives: LA"))).hash


@pytest.mark.parametrize(
    ("right", "wrong", "sentence"),
    [
        (
            "      - {when: otherwise, gives: ICI}\n",
            "",
            "la table n'a pas de ligne « otherwise ». Ajouter en dernier : - {when: otherwise, gives: …}",
        ),
        (
            "      - {when: otherwise, gives: ICI}\n",
            "      - {when: otherwise, gives: ICI}\n      - {when: person.deceased, gives: LA}\n",
            "cette ligne n'est jamais atteinte. « otherwise » est toujours la dernière.",
        ),
        (
            "{when: person.deceased, gives",
            "{when: person.nirr, gives",
            "60:23: « person » n'a pas de champ « nirr ». Écrire « nir » ?",
        ),
        ("{when: person.deceased, gives", "{when: person.organism, gives", "une condition (vrai ou faux) est attendue"),
        (", gives: DECEDE", "", "table verdict : il manque « gives »"),
        ("gives: DECEDE", "give: DECEDE", "clé « give » inconnue. Écrire « gives » ?"),
        ("    ends:\n      else", "    with: {nir: x}\n    ends:\n      else", "une table de décision n'a pas d'arguments"),
        ("    decide:\n", "    compute: ij.advance\n    decide:\n", "une étape fait une seule chose"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_table_is_said(text: str, load: Load, right: str, wrong: str, sentence: str) -> None:
    assert right in TABLE
    with pytest.raises(ScenarioErrors) as caught:
        load(with_table(text, TABLE.replace(right, wrong)))
    assert sentence in str(caught.value)


PRIORITY = """\
  priority:
    - {when: "days_between(raised_on, run.date) > 10", gives: 100}
    - {when: otherwise, gives: 10}
"""


def test_a_priority_may_be_a_table_over_the_fields_of_a_case(text: str, load: Load) -> None:
    priority = load(text.replace("  priority: 10\n", PRIORITY)).priority
    run = RunInfo(date=date(2026, 3, 27))
    assert priority.evaluate({"raised_on": date(2026, 3, 1), "run": run}) == "100"
    assert priority.evaluate({"raised_on": date(2026, 3, 20), "run": run}) == "10"


@pytest.mark.parametrize(
    ("right", "wrong", "sentence"),
    [
        ("gives: 100", "gives: haute", "27:63: table priority : « gives » : nombre entier de 0 à 1000 attendu"),
        ("raised_on, run", "person.nir, run", "« person » est inconnu ici"),
        ("    - {when: otherwise, gives: 10}\n", "", "la table n'a pas de ligne « otherwise »"),
    ],
)
def test_a_mistake_in_the_table_of_priority_is_said(
    text: str, load: Load, right: str, wrong: str, sentence: str
) -> None:
    with pytest.raises(ScenarioErrors) as caught:
        load(text.replace("  priority: 10\n", PRIORITY.replace(right, wrong)))
    assert sentence in str(caught.value)
