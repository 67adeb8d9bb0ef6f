"""Personal values: canonical, checked, and masked wherever they could leak."""

from __future__ import annotations

import copy
import json
import logging
import pickle

import pytest
from pydantic import BaseModel

from orchestrator.domain.personal import Iban, Masked, Nir, PersonName, PrivateText, Secret

TEST_NIRS = [
    "1 85 02 61 999 001 89", "2 85 02 61 999 002 38", "2 85 02 2A 999 001 09", "2 85 02 2B 999 002 35",
    "1 85 20 61 999 003 84", "1 85 42 61 999 004 47", "1 85 50 61 999 005 77", "1 85 01 99 100 001 21",
]  # fmt: skip


@pytest.mark.parametrize("text", TEST_NIRS)
def test_the_fictitious_nirs_of_the_domain_are_right(text: str) -> None:
    nir = Nir.parse(text)

    assert nir.reveal() == text.replace(" ", "")
    assert not nir.provisional
    assert Nir.parse(text.lower()) == nir


@pytest.mark.parametrize("text", ["7 85 02 61 999 001 80", "8 85 02 61 999 002 29"])
def test_a_provisional_nir_is_right_and_says_so(text: str) -> None:
    assert Nir.parse(text).provisional


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("185026199900190", "clé du NIR fausse"),
        ("1850261999001", "13 caractères sans clé"),
        ("1,85026E+14", "notation scientifique"),
        ("1.85026E+14", "notation scientifique"),
        ("18502619990018", "15 caractères attendu, 14 trouvés"),
        ("985026199900189", "structure impossible"),
        ("185136199900189", "structure impossible"),
        ("１８５０２６１９９９００１８９", "structure impossible"),
    ],
)
def test_a_wrong_nir_is_refused_with_a_reason_that_does_not_repeat_it(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        Nir.parse(text)

    assert text not in str(caught.value)


VALUES: list[Masked] = [
    Nir("185026199900189"),
    Iban("FR7630004000010000000000136"),
    PersonName("Quéméneur"),
    PrivateText("refus médical"),
    Secret("motdepasse"),
]


class Holder(BaseModel):
    """A model that holds personal values."""

    nir: Nir
    name: PersonName


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_clear_text_shows_nowhere_by_accident(value: Masked, caplog: pytest.LogCaptureFixture) -> None:
    clear = value.reveal()
    with caplog.at_level(logging.INFO):
        logging.getLogger("essai").info("valeur %s %r", value, {"valeur": value})

    shown = [str(value), repr(value), f"{value:>30}", repr([value]), caplog.text]
    assert not any(clear in text for text in shown)
    with pytest.raises(TypeError):
        pickle.dumps(value)
    with pytest.raises(TypeError):
        copy.deepcopy(value)
    with pytest.raises(TypeError):
        json.dumps(value)


def test_a_model_writes_masks_in_json_and_in_its_errors() -> None:
    holder = Holder(nir=Nir("185026199900189"), name=PersonName("Quéméneur"))

    assert json.loads(holder.model_dump_json()) == {"nir": "••001", "name": "Q•••"}
    with pytest.raises(ValueError, match="clé du NIR fausse"):
        Holder.model_validate({"nir": "185026199900190", "name": "Quéméneur"})


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("FR76 3000 4000 0100 0000 0000 136", True),
        ("FR14 2004 1010 0505 0001 3M02 606", True),
        ("BE68539007547034", True),
        ("FR76 3000 4000 0100 0000 0000 199", False),
        ("FR7630004000010000000000", False),
        ("", False),
        ("FR76 3000 4000 0100 0000 0000 13€", False),
    ],
)
def test_an_iban_is_judged_by_its_key_and_its_structure(text: str, *, valid: bool) -> None:
    assert Iban.parse(text).valid is valid


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Le Gall", "LE-GALL", True),
        ("Cœur", "COEUR", True),
        ("D'Artagnan", "D’ARTAGNAN", True),
        ("Lætitia", "laetitia", True),
        ("  Noël  Martin ", "NOEL MARTIN", True),
        ("MARTIN", "MARTINE", False),
    ],
)
def test_names_are_compared_without_accents_case_hyphens_or_apostrophes(one: str, other: str, *, same: bool) -> None:
    assert (PersonName(one).normalised == PersonName(other).normalised) is same


def test_the_first_given_name_stands_before_the_comma() -> None:
    assert PersonName("Jean-Luc, Marie").first == PersonName("Jean-Luc")
