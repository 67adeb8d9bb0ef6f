"""``wakes:``: whom a scenario wakes, by keys of its delivery alone, and beside the scenarios and rights that it names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import keywords.bdo
import keywords.ged
import keywords.papers
from orchestrator.domain.errors import SettingsError
from orchestrator.domain.keywords import Keyword, collect
from orchestrator.language.faults import ScenarioErrors
from orchestrator.language.load import load_scenario
from orchestrator.language.model import Scenario
from orchestrator.language.robots import check_rights, load_robot
from orchestrator.language.woken import check_woken

ROBOT = Path(__file__).parents[3] / "robots" / "depot-pieces" / "robot.yaml"
OWN = {name: word for module in (keywords.bdo, keywords.ged, keywords.papers) for name, word in collect(module).items()}
KEY = '{scenario: ij-acompte, key: "${nir}/${file_id}"}'


@pytest.fixture
def changed(folder: Path) -> Callable[[str, str], Scenario]:
    def loaded(before: str, after: str) -> Scenario:
        path = folder / "depot-pieces.yaml"
        text = path.read_text("utf-8")
        assert text.count(before) == 1
        path.write_text(text.replace(before, after), "utf-8")
        return load_scenario(path, keywords=OWN)

    return loaded


def test_the_shipped_scenarios_agree_and_one_that_is_not_here_is_a_note(
    changed: Callable[[str, str], Scenario], folder: Path, known_keywords: Mapping[str, Keyword]
) -> None:
    scenario = changed(KEY, KEY)
    assert scenario.wakes is not None
    assert [(name, key.text) for name, key in scenario.wakes.cases] == [
        ("ij-acompte", "${nir}/${file_id}"),
        ("droits-prolongation", "${file_id}"),
    ]
    advances = load_scenario(folder / "ij-acompte.yaml", keywords=known_keywords)
    (note,) = check_woken(scenario, lambda name: advances if name == "ij-acompte" else None)
    assert note == "le scénario « droits-prolongation » n'est pas ici, aucun de ses dossiers ne reprendra."
    check_rights(load_robot(ROBOT), scenario)


@pytest.mark.parametrize("key", ["${nir}-${file_id}", "${file_id}/${nir}", "${nir}"])
def test_a_key_of_another_form_would_wake_nobody_and_is_refused(
    changed: Callable[[str, str], Scenario], folder: Path, known_keywords: Mapping[str, Keyword], key: str
) -> None:
    scenario = changed(KEY, f'{{scenario: ij-acompte, key: "{key}"}}')
    advances = load_scenario(folder / "ij-acompte.yaml", keywords=known_keywords)
    with pytest.raises(SettingsError, match="n'a pas la forme de celle de « ij-acompte »"):
        [*check_woken(scenario, lambda _: advances)]


def test_a_robot_wakes_only_whom_its_declaration_names(changed: Callable[[str, str], Scenario]) -> None:
    scenario = changed(KEY, KEY.replace("ij-acompte", "acompte-suivi"))
    with pytest.raises(SettingsError, match="n'a pas le droit de faire reprendre un dossier de « acompte-suivi »"):
        check_rights(load_robot(ROBOT), scenario)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            KEY,
            '{scenario: ij-acompte, key: "${asked.file}"}',
            "« asked.file » n'est pas un identifiant de la livraison",
        ),
        (
            KEY,
            '{scenario: ij-acompte, key: "${birth_name}"}',
            "« birth_name » n'est pas un identifiant de la livraison",
        ),
        (KEY, '{key: "${nir}/${file_id}"}', "il manque « scenario »"),
        ("  woken: case_woken\n", "", "il manque « woken »"),
        ("  woken: case_woken\n", "  woken: entered\n", "la fin « entered » est donnée par le robot lui-même"),
        ("  otherwise: filed_unawaited", "  otherwise: Rien", "« Rien » n'est pas un nom"),
    ],
)
def test_a_mistake_is_said_where_it_stands(
    changed: Callable[[str, str], Scenario], before: str, after: str, said: str
) -> None:
    with pytest.raises(ScenarioErrors) as caught:
        changed(before, after)
    assert said in str(caught.value)


def test_who_enters_nothing_wakes_nobody(folder: Path, known_keywords: Mapping[str, Keyword]) -> None:
    path = folder / "arpege-surveillance.yaml"
    wakes = 'wakes:\n  cases: [{scenario: ij-acompte, key: "${nir}/${stop_id}"}]\n  woken: a\n  otherwise: b\n'
    path.write_text(f"{path.read_text('utf-8')}{wakes}", "utf-8")
    with pytest.raises(ScenarioErrors, match="ne saisit rien"):
        load_scenario(path, keywords=known_keywords)
