"""Each type of the language: what a delivery may write, what is kept and read again, what is said of a wrong value."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import pytest

from orchestrator.domain.canonical import canonical
from orchestrator.domain.civil import PartialDate, Period
from orchestrator.domain.personal import Health
from orchestrator.engine.findings import shown
from orchestrator.language.faults import ScenarioErrors
from orchestrator.language.fields import FIELD_TYPES, Field
from orchestrator.language.model import Scenario

Load = Callable[[str], Scenario]


def field(kind: str, **about: object) -> Field:
    return Field(name="x", type=kind, column="X", **about)  # type: ignore[arg-type]


CHOICE = field("choice", choices=("OUVERT", "CLOS"))
MARCH = Period(date(2026, 3, 5), date(2026, 3, 26))
LIST = field("list", separator="|")
GOOD: list[tuple[Field, str, object, str]] = [
    (field("siret"), "732 829 320 00074", "73282932000074", "73282932000074"),
    (field("siret"), "35600000049837", "35600000049837", "35600000049837"),  # La Poste: no Luhn key
    (field("finess"), "750712184", "750712184", "750712184"),
    (field("finess"), "13 078 604 9", "130786049", "130786049"),
    (field("finess"), "2a0000014", "2A0000014", "2A0000014"),
    (field("organism"), "019310000", "019310000", "019310000"),
    (CHOICE, " CLOS ", "CLOS", "CLOS"),
    (field("boolean"), "O", True, "true"),
    (field("boolean"), "Non", False, "false"),
    (field("partial_date"), "12/05/1960", PartialDate(year=1960, month=5, day=12), "1960-05-12"),
    (field("partial_date"), "00/05/1960", PartialDate(year=1960, month=5, day=None), "1960-05-00"),
    (field("partial_date"), "00/00/1960", PartialDate(year=1960, month=None, day=None), "1960-00-00"),
    (field("period"), "du 05/03/2026 au 26/03/2026", MARCH, "2026-03-05/2026-03-26"),
    (field("period"), "05/03/2026 - 26/03/2026", MARCH, "2026-03-05/2026-03-26"),
    (field("period"), "05/03/2026-26/03/2026", MARCH, "2026-03-05/2026-03-26"),
    (LIST, "RIB | certificat, original", ("RIB", "certificat, original"), '["RIB", "certificat, original"]'),
    (field("health"), "G43.1", Health("G43.1"), "G43.1"),
]


@pytest.mark.parametrize(("known", "text", "value", "kept"), GOOD, ids=lambda item: str(item)[:24])
def test_a_value_is_read_kept_canonically_and_read_again(known: Field, text: str, value: object, kept: str) -> None:
    read = known.read(text)
    assert read == value
    assert canonical(read) == kept
    assert known.parse(kept) == value


BAD: list[tuple[Field, str, str]] = [
    (field("siret"), "73282932000075", "la clé du SIRET est fausse"),
    (field("siret"), "7328293200007", "SIRET attendu, 14 chiffres (ex. 732 829 320 00074)"),
    (field("finess"), "750712185", "la clé du numéro FINESS est fausse"),
    (field("finess"), "2C0000014", "numéro FINESS attendu, 9 caractères (ex. 750712184)"),
    (CHOICE, "ouvert", "une de ces valeurs attendue : OUVERT, CLOS"),
    (field("boolean"), "1", "oui ou non attendu (ou O, N)"),
    (field("partial_date"), "31/02/1960", "date impossible au calendrier"),
    (field("partial_date"), "12/00/1960", "un jour connu dans un mois inconnu (00) n'est pas une date"),
    (field("partial_date"), "1960", "date attendue au format JJ/MM/AAAA, 00 pour un jour ou un mois inconnu"),
    (field("period"), "26/03/2026 au 05/03/2026", "la fin de la période est avant son début"),
    (field("period"), "05/03/2026", "période attendue, comme « du 05/03/2026 au 26/03/2026 »"),
    (field("period"), "30/02/2026 au 05/03/2026", "date impossible : 30/02/2026 n'existe pas au calendrier"),
    (LIST, "RIB||certificat", "élément vide dans la liste (séparateur « | »)"),
    (field("secret"), "hunter2", "un secret ne se lit ni dans une livraison ni dans un scénario"),
]


@pytest.mark.parametrize(("known", "text", "sentence"), BAD, ids=lambda item: str(item)[:24])
def test_a_wrong_value_is_told_without_being_repeated(known: Field, text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        known.read(text)


def test_data_on_health_is_displayed_nowhere() -> None:
    value = Health("G43.1")
    assert shown(value) == ("••••", "••••")
    assert [text for text in (str(value), repr(value), f"{value}", value.display) if "G43" in text] == []


FIELDS = """    anomaly:    {type: text, max: 40, column: Code anomalie}
"""
MORE = """    state:      {type: choice, choices: [OUVERT, CLOS], column: État}
    papers:     {type: list, separator: "|", column: Pièces}
    born:       {type: partial_date, column: Né le}
    employer:   {type: siret, column: Employeur}
    diagnosis:  {type: health, column: Diagnostic}
"""
CONDITION = 'state == "OUVERT" and "RIB" in papers and known(born.day) and known(diagnosis)'


def with_fields(text: str, condition: str = CONDITION) -> str:
    changed = text.replace(FIELDS, FIELDS + MORE)
    return changed.replace("      C-05: not person.deceased\n", f"      C-05: {condition}\n")


def test_a_scenario_uses_the_types_in_its_conditions(text: str, load: Load) -> None:
    scenario = load(with_fields(text))
    fields = scenario.case.fields
    texts = {"state": "OUVERT", "papers": "RIB|K-bis", "born": "12/05/1960", "diagnosis": "G43.1"}
    names = {name: fields[name].read(written) for name, written in texts.items()}
    condition = next(item.condition for item in scenario.step("person").controls if item.code == "C-05")
    assert condition.holds(names) is True
    assert condition.holds({**names, "papers": ("K-bis",)}) is False
    assert condition.holds({**names, "born": fields["born"].read("00/05/1960")}) is False


def test_data_on_health_is_neither_compared_nor_inserted(text: str, load: Load) -> None:
    with pytest.raises(ScenarioErrors, match="une donnée de santé"):
        load(with_fields(text, 'diagnosis == "G43.1"'))
    inserted = with_fields(text).replace("key: ${nir}/${stop_id}  ", "key: ${nir}/${diagnosis}  ")
    with pytest.raises(ScenarioErrors, match="« diagnosis » n'en est pas un"):
        load(inserted)


def test_the_types_of_the_design_are_all_there() -> None:
    assert set(FIELD_TYPES) == {
        "nir", "iban", "name", "text", "choice", "date", "period", "partial_date", "integer", "decimal", "euros", "boolean",
        "organism", "siret", "finess", "list", "health", "secret",
    }  # fmt: skip
