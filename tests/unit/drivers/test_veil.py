"""What of a changed page may be quoted."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.drivers.contracts import load_contract
from orchestrator.drivers.veil import VEILED, veil_of
from orchestrator.drivers.witness import Shown, Witness

ARPEGE = Path(__file__).resolve().parents[3] / "keywords" / "arpege" / "screens.yaml"
WITNESS = Witness(
    values={"nir": "290036199901475"}, known={"summary": Shown(fields={"birth_name": "Vauquelin-Darsey", "file": "12"})}
)


def said(text: str, *, sure: bool = True, looked_at: bool = False) -> str:
    return veil_of(load_contract(ARPEGE), WITNESS, (WITNESS.known,), looked_at=looked_at)(text, sure=sure)


@pytest.mark.parametrize(
    "text",
    [
        "VAUQUELIN-DARSEY",
        "Vauquelin Darsey",
        "Mme Darsey",
        "290036199901475",
        "2 90 03 61 999 014 75",
        "né le 14/03/1990",
        "1 234,56",
    ],
)
def test_a_value_that_stands_where_a_label_was_is_not_quoted(text: str) -> None:
    assert said(text) == VEILED
    assert said(text, looked_at=True) == VEILED


@pytest.mark.parametrize("text", ["Nom de famille", "Montant (point décimal)", "Prénom(s)", "Période 12", ""])
def test_a_label_is_quoted(text: str) -> None:
    assert said(text) == text


def test_words_that_merely_stand_before_a_value_are_quoted_when_they_are_known_or_a_person_looks() -> None:
    assert said("Suivi par Leroy :", sure=False) == VEILED
    assert said("Suivi par Leroy :", sure=False, looked_at=True) == "Suivi par Leroy :"
    assert said("Arrêts non payés :", sure=False) == "Arrêts non payés :"
    assert said("Jours déjà indemnisés sur 3 ans", sure=False) == "Jours déjà indemnisés sur 3 ans"
