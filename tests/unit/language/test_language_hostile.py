"""Files made to harm, or saved badly, are refused with a reason at a place; what is legible stays as it was written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.domain.keywords import Keyword
from orchestrator.language.faults import ScenarioErrors
from orchestrator.language.load import load_scenario
from orchestrator.language.model import Scenario

SCENARIO = (Path(__file__).parents[3] / "scenarios" / "ij-acompte.yaml").read_text("utf-8")
BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n"
NOT_UTF_8 = "ce fichier n'est pas en UTF-8. L'enregistrer en UTF-8."


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (BOMB.encode(), "1:4: ancre ou alias YAML (& ou *) interdits. Écrire la valeur en entier."),
        (
            f"<<: {{mode: live}}\n{SCENARIO}".encode(),
            "1:1: la fusion YAML (<<) est interdite. Écrire chaque clé avec sa valeur.",
        ),
        (SCENARIO.encode("utf-16"), f"1:1: {NOT_UTF_8}"),
        (SCENARIO.encode("cp1252"), f"3:27: {NOT_UTF_8}"),
        (b"x" * 10_000_000, "1:1: fichier de plus de 1 Mo : ce n'est pas un scénario"),
        (b"mode: li\0ve\n", "1:1: ce fichier contient un caractère interdit en YAML"),
        (b"case:\n\tdue: 2\n", "2:1: tabulation en début de ligne. Mettre des espaces, deux par niveau."),
    ],
    ids=["bomb", "merge key", "utf-16", "cp1252", "10 MB", "nul", "tab"],
)
def test_a_hostile_file_is_refused_with_a_reason(
    content: bytes, sentence: str, folder: Path, known_keywords: dict[str, Keyword]
) -> None:
    path = folder / "ij-acompte.yaml"
    path.write_bytes(content)

    with pytest.raises(ScenarioErrors) as caught:
        load_scenario(path, keywords=known_keywords)

    assert str(caught.value).startswith(f"ij-acompte.yaml:{sentence}")


def test_a_byte_order_mark_changes_nothing(load: Callable[[str], Scenario]) -> None:
    assert load("\ufeff" + SCENARIO) == load(SCENARIO)


@pytest.mark.parametrize("written", ["1e5", "0x10", "-1", "1_000", "010"])
def test_a_value_is_reported_as_the_owner_wrote_it(written: str, load: Callable[[str], Scenario]) -> None:
    with pytest.raises(ScenarioErrors, match=f"26:13: .* nombre .* attendu, « {written} » trouvé"):
        load(SCENARIO.replace("priority: 10", f"priority: {written}"))


@pytest.mark.parametrize("written", ["NO", "yes", "Off", "null"])
def test_a_word_that_yaml_would_change_stays_a_word(written: str, load: Callable[[str], Scenario]) -> None:
    with pytest.raises(ScenarioErrors, match=f"26:13: « {written} » est inconnu ici"):
        load(SCENARIO.replace("priority: 10", f"priority: {written}"))


@pytest.mark.parametrize(
    ("right", "wrong", "sentence"),
    [
        ("mode: live", "mode: [live]", "6:7: scénario : « mode » attend un texte. "),
        ("JJ/MM/AAAA", "DD/MM/YYYY", "25:52: champ raised_on : « format » ne peut pas être « DD/MM/YYYY ». "),
        ('";"', '";;"', "32:16: source : « delimiter » : un seul caractère attendu, par exemple ;, « ;; » trouvé"),
        ("scenario: ij-acompte\n", "", "2:1: scénario : il manque « scenario ». "),
        ("max: 20", "max: vingt", "23:35: champ stop_id : « max » : nombre entier de 1 à 10000 attendu, « vingt » "),
        ("not person.locked", "person.locked = 1", "51:27: expression mal écrite à cet endroit. "),
    ],
)
def test_one_more_mistake_is_told_at_its_place(
    right: str, wrong: str, sentence: str, load: Callable[[str], Scenario]
) -> None:
    with pytest.raises(ScenarioErrors) as caught:
        load(SCENARIO.replace(right, wrong, 1))

    assert str(caught.value).startswith(f"ij-acompte.yaml:{sentence}")
    assert len(caught.value.faults) == 1


def test_a_number_with_a_leading_zero_is_refused_rather_than_cut(load: Callable[[str], Scenario]) -> None:
    with pytest.raises(ScenarioErrors, match="nombre sans zéro devant attendu, « 0185 » trouvé"):
        load(SCENARIO.replace("priority: 10", "priority: 0185"))
