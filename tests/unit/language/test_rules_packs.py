"""Rule packs: every fault with line and column in French; what the real pack says."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from orchestrator.domain.errors import BusinessException
from orchestrator.domain.money import Euros, Rounding
from orchestrator.domain.rules import RulePack
from orchestrator.language.faults import Faults, ScenarioErrors
from orchestrator.language.rulepacks import load_rule_pack

RIGHT = """\
pack: test
title: Essai
tables:
  rates:
    columns: {rate: decimal, days: integer by text, names: list of text}
    rows:
      - {valid_from: 2025-01-01, valid_to: 2025-12-31, rate: 0.50, days: {TI: 3}, names: [A], source: Loi}
      - {valid_from: 2026-01-01, rate: 0.60, days: {TI: 4}, names: [A, B], source: Loi}
"""


def load(path: Path, text: str) -> RulePack | None:
    (path / "test.yaml").write_text(text, "utf-8")
    faults = Faults(file="test.yaml")
    pack, _ = load_rule_pack(path / "test.yaml", faults)
    if faults.found:
        raise ScenarioErrors(faults.found)
    return pack


def test_a_value_is_that_of_its_day(tmp_path: Path) -> None:
    pack = load(tmp_path, RIGHT)
    assert pack is not None

    assert pack.at("rates", date(2025, 12, 31)).rate == Decimal("0.50")
    assert pack.at("rates", date(2026, 1, 1)).values == {
        "rate": Decimal("0.60"),
        "days": {"TI": 4},
        "names": ("A", "B"),
    }
    with pytest.raises(BusinessException, match=r"Aucune règle « test\.rates » au 31/12/2024") as caught:
        pack.at("rates", date(2024, 12, 31))
    assert caught.value.code == "C-15"


FAULTS = [
    ("pack: test", "pack: ‸autre", "paquet « autre » dans un fichier test.yaml. Écrire pack: test"),
    (
        "rate: decimal",
        "rate: ‸décimal",
        "colonnes de rates : « rate » ne peut pas être « décimal ». Écrire « decimal » ?",
    ),
    (
        "rate: 0.50",
        "rate: ‸50 %",
        "ligne de rates : « rate » : nombre décimal attendu, écrit avec un point (ex. 0.80), « 50 % » trouvé",
    ),
    (
        "- {valid_from: 2025-01-01, valid_to: 2025-12-31, rate: 0.50,",
        "- ‸{valid_from: 2025-01-01, valid_to: 2025-12-31,",
        "ligne de rates : il manque « rate ». Ajouter par exemple rate: …",
    ),
    (
        "days: {TI: 3}",
        "days: {TI: ‸trois}",
        "ligne de rates, days : « TI » : nombre entier attendu, « trois » trouvé",
    ),
    (
        "valid_to: 2025-12-31",
        "valid_to: ‸2025-02-30",
        "ligne de rates : « valid_to » : date impossible au calendrier, « 2025-02-30 » trouvé",
    ),
    (
        "{valid_from: 2025-01-01, valid_to: 2025-12-31",
        "‸{valid_from: 2025-01-01, valid_to: 2024-12-31",
        "ligne de rates : valid_to est avant valid_from. Inverser les deux dates.",
    ),
    (
        "{valid_from: 2026-01-01",
        "‸{valid_from: 2025-12-31",
        (
            "table rates : cette ligne commence avant la fin de la précédente. "
            "Fermer la précédente la veille (valid_to)."
        ),
    ),
    (
        "{valid_from: 2026-01-01",
        "‸{valid_from: 2026-01-02",
        ("table rates : aucune règle entre le 31/12/2025 et le 02/01/2026. Compléter la ligne précédente ou celle-ci."),
    ),
    (
        "names: [A], source: Loi}",
        'names: [A], source: ‸""}',
        "ligne de rates : « source » est vide. Donner une valeur ou enlever la ligne.",
    ),
    (
        "{TI: 4}, names",
        "{TI: 4}, ‸unit: jour, names",
        ("ligne de rates : clé « unit » inconnue. Possible ici : days, names, rate, source, valid_from, valid_to."),
    ),
]


@pytest.mark.parametrize(("right", "wrong", "sentence"), FAULTS)
def test_one_fault_of_a_pack_is_told_at_its_place(right: str, wrong: str, sentence: str, tmp_path: Path) -> None:
    marked = RIGHT.replace(right, wrong, 1)
    place = marked.index("‸")
    line, column = marked.count("\n", 0, place) + 1, place - marked.rfind("\n", 0, place)

    with pytest.raises(ScenarioErrors) as caught:
        load(tmp_path, marked.replace("‸", ""))

    assert str(caught.value) == f"test.yaml:{line}:{column}: {sentence}"


@pytest.fixture
def ij(folder: Path) -> RulePack:
    """The real pack."""
    faults = Faults(file="ij.yaml")
    pack, _ = load_rule_pack(folder / "rules" / "ij.yaml", faults)
    assert pack is not None
    return pack


@pytest.mark.parametrize(
    ("year", "euros"),
    [
        *((2017, 39_228), (2018, 39_732), (2019, 40_524), (2020, 41_136), (2022, 41_136)),
        *((2023, 43_992), (2024, 46_368), (2025, 47_100), (2026, 48_060)),
    ],
)
def test_the_yearly_ceilings_are_those_of_the_domain(year: int, euros: int, ij: RulePack) -> None:
    assert ij.at("ceiling", date(year, 7, 1)).annual == Euros(euros * 100)


def test_the_four_roundings_are_parameters_of_the_pack(ij: RulePack) -> None:
    assert dict(ij.at("roundings", date(2026, 3, 2)).values) == {
        "daily": Rounding.HALF_UP,
        "csg": Rounding.HALF_UP,
        "crds": Rounding.HALF_UP,
        "advance": Rounding.DOWN,
    }


@pytest.mark.parametrize(
    ("day", "covered"),
    [(date(2019, 12, 31), False), (date(2020, 1, 1), True), (date(2026, 12, 31), True), (date(2027, 1, 1), False)],
)
def test_rules_exist_from_2020_to_2026(day: date, *, covered: bool, ij: RulePack) -> None:
    assert all(ij.covers(table, day) for table in ij.tables) is covered


def test_every_row_has_its_source(ij: RulePack) -> None:
    assert all(row.source for rows in ij.tables.values() for row in rows)
