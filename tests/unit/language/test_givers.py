"""A source of ended cases of another scenario, beside that scenario: its end, its fields and their types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from orchestrator.domain.errors import SettingsError
from orchestrator.domain.keywords import Keyword
from orchestrator.domain.sources import CasesSource
from orchestrator.language.faults import ScenarioErrors
from orchestrator.language.givers import check_givers
from orchestrator.language.load import load_scenario
from orchestrator.language.model import Scenario

ENDED = "    ended: candidate\n"
AGAIN = f"  - cases: arpege-surveillance\n{ENDED}"


@pytest.fixture
def giver(folder: Path, known_keywords: Mapping[str, Keyword]) -> Scenario:
    return load_scenario(folder / "arpege-surveillance.yaml", keywords=known_keywords)


def test_the_shipped_scenarios_agree_and_a_giver_that_is_not_here_is_a_note(
    text: str, load: Callable[[str], Scenario], giver: Scenario
) -> None:
    taker = load(text)
    source = taker.sources[1]
    assert isinstance(source, CasesSource)
    assert (source.scenario, source.ended) == ("arpege-surveillance", "candidate")
    assert source.parts == {name: name for name in ("nir", "birth_name", "stop_id", "anomaly", "raised_on")}
    assert [*check_givers(taker, lambda _: giver)] == []
    (note,) = check_givers(taker, lambda _: None)
    assert note == "le scénario « arpege-surveillance » n'est pas ici, rien ne viendra de lui."


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ("    ended: candidat\n", "ne finit aucun dossier en « candidat » (ses fins : advance_made, already_done, "),
        (f"{ENDED}    fields: {{anomaly: motif}}\n", "« motif », et « arpege-surveillance » n'a pas ce champ"),
        (f"{ENDED}    fields: {{raised_on: period}}\n", "« arpege-surveillance » en a un de type period"),
    ],
)
def test_an_end_or_a_field_that_the_giver_does_not_have_is_refused(
    text: str, load: Callable[[str], Scenario], giver: Scenario, changed: str, said: str
) -> None:
    taker = load(text.replace(ENDED, changed, 1))
    with pytest.raises(SettingsError) as caught:
        [*check_givers(taker, lambda _: giver)]
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ("", "source : il manque « ended ». Ajouter par exemple ended: candidate"),
        (f"{ENDED}{AGAIN}", "source déjà donnée à la ligne 35 : rien ne les distingue"),
    ],
)
def test_a_source_of_cases_names_their_end_and_stands_once(
    text: str, load: Callable[[str], Scenario], changed: str, said: str
) -> None:
    with pytest.raises(ScenarioErrors) as caught:
        load(text.replace(ENDED, changed, 1))
    assert said in str(caught.value)
