"""Each control of the real scenario fails for its own reason, and a fine case fails none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from keywords.arpege.models import Income, Payment, Rights, Stop, StopMissing, StopRead
from keywords.bdo.models import BankAccount, Person
from keywords.compta.models import Advance
from keywords.rniam.models import Registered
from orchestrator.domain.civil import Period
from orchestrator.domain.errors import BusinessException
from orchestrator.domain.keywords import Keyword, Kind
from orchestrator.domain.money import Euros
from orchestrator.domain.personal import Iban, Nir, PersonName
from orchestrator.language.load import load_scenario
from orchestrator.language.model import RunInfo, Scenario, Severity

RUN = date(2026, 3, 27)
START = date(2026, 3, 2)
PERSON: dict[str, Any] = {
    "found": 1,
    "certified": True,
    "birth_name": PersonName("Le Gall"),
    "first_names": PersonName("Jean-Luc, Marie"),
    "birth_date": date(1985, 2, 1),
    "organism": "019310000",
    "organism_since": date(2020, 1, 1),
    "rights_from": date(2020, 1, 1),
    "screen_date": RUN,
}
ACCOUNT: dict[str, Any] = {
    "found": True,
    "iban": Iban("FR7630004000010000000000136"),
    "holder": PersonName("LE GALL JEAN LUC"),
    "changed_on": date(2024, 1, 1),
    "screen_date": RUN,
}
STOP: dict[str, Any] = {
    "reference": "AT1",
    "kind": "INITIAL",
    "start": START,
    "end": date(2026, 4, 5),
    "prescribed_on": START,
    "medical_date": START,
    "received_on": START,
    "risk": "AS",
    "opinion": "SANS",
    "state": "ENREGISTRE",
    "part_time": False,
    "ald": False,
}
IDENTITY: dict[str, Any] = {
    "birth_name": PersonName("LE-GALL"),
    "first_names": PersonName("Jean Luc"),
    "birth_date": date(1985, 2, 1),
    "screen_date": RUN,
}
RIGHTS: dict[str, Any] = {
    "category": "TI",
    "affiliated_on": date(2015, 1, 1),
    "disability_pension": False,
    "old_age_benefit": False,
    "payment_schedule": False,
    "days_indemnified": 0,
    "incomes": tuple(
        Income(year=year, income=Euros(3_000_000), due=Euros(1), paid=Euros(1)) for year in (2023, 2024, 2025)
    ),
    "screen_date": RUN,
}

REGISTRY: dict[str, Any] = {"found": 1, "certified": True, "screen_date": RUN}


LATER = RUN + timedelta(days=3)
PAGES = ("person", "account", "identity", "rights", "registry")


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the robot read, when it differs from a fine case."""

    person: Mapping[str, Any]
    account: Mapping[str, Any]
    stop: Mapping[str, Any]
    identity: Mapping[str, Any]
    rights: Mapping[str, Any]
    registry: Mapping[str, Any]
    others: tuple[Mapping[str, Any], ...]
    payments: tuple[Payment, ...]
    advances: tuple[Advance, ...]
    fields: Mapping[str, Any]
    unknown_stop: bool


def seen(**changes: Any) -> Seen:
    nothing: dict[str, Any] = {}
    values = dict.fromkeys(("person", "account", "stop", "identity", "rights", "registry", "fields"), nothing)
    return Seen(**{**values, "others": (), "payments": (), "advances": (), "unknown_stop": False, **changes})


def payment(state: str, code: str | None = None, start: date = START) -> Payment:
    period = Period(start, start + timedelta(days=5))
    return Payment(reference="P1", period=period, gross=Euros(1), net=Euros(1), state=state, reject_code=code)


def an_advance(state: str, stop_id: str = "AT1", start: date = START) -> Advance:
    period = Period(start, start + timedelta(days=5))
    return Advance(number="ACP-1", nature="ACP-IJ", stop_id=stop_id, period=period, amount=Euros(1), state=state)


def names_of(what: Seen) -> dict[str, Any]:
    stop = (
        StopMissing(**IDENTITY)
        if what.unknown_stop
        else StopRead(
            **{**IDENTITY, **what.identity},
            **{**STOP, **what.stop},
            others=tuple(Stop(**{**STOP, "reference": "AT2", **other}) for other in what.others),
        )
    )
    return {
        "nir": Nir.parse("185026199900189"),
        "birth_name": PersonName("LE GALL"),
        "stop_id": "AT1",
        "anomaly": "TECH_NON_PAYE",
        "raised_on": RUN,
        **what.fields,
        "person": Person(**{**PERSON, **what.person}),
        "account": BankAccount(**{**ACCOUNT, **what.account}),
        "stop": stop,
        "rights": Rights(**{**RIGHTS, **what.rights}),
        "payments": list(what.payments),
        "advances": list(what.advances),
        "registry": Registered(**{**REGISTRY, **what.registry}),
    }


def failed_codes(scenario: Scenario, what: Seen) -> list[str]:
    """Walk the scenario as the engine does: every control, until one that stops, nothing computed after a failure."""
    names: dict[str, Any] = {**scenario.parameters, "run": RunInfo(date=RUN)}
    known = names_of(what)
    names |= {name: value for name, value in known.items() if name in scenario.case.fields}
    failed: list[str] = []
    for step in scenario.calls:
        if step.kind is Kind.ENTER or (step.kind is Kind.COMPUTE and failed):
            break
        names["rules"] = scenario.rulebook(step, names)
        arguments = {name: value.evaluate(names) for name, value in step.arguments.items()}
        names[step.id] = step.keyword.function(**arguments) if step.kind is Kind.COMPUTE else known[step.id]
        names["rules"] = scenario.rulebook(step, names)
        for control in step.controls:
            try:
                holds = control.condition.holds(names)
            except BusinessException as error:
                holds = error.code != control.code
            if not holds:
                failed.append(control.code)
                if control.severity is Severity.STOP:
                    return failed
    return failed


LONG_AGO = date(2021, 6, 30)
CASES: list[tuple[str, Seen, list[str]]] = [
    ("a fine case", seen(), []),
    ("several files", seen(person={"found": 2}), ["C-04"]),
    ("no file", seen(person={"found": 0, "certified": None}), ["C-04"]),
    ("homonyms", seen(person={"homonyms": 1}), ["C-04"]),
    ("not certified", seen(person={"certified": False}), ["C-02"]),
    ("provisional NIR", seen(fields={"nir": Nir.parse("785026199900180")}), ["C-02"]),
    ("other name in the delivery", seen(fields={"birth_name": PersonName("LEGALL")}), ["C-03"]),
    ("other name in ARPEGE", seen(identity={"birth_name": PersonName("MARTIN")}), ["C-03"]),
    ("other given name in ARPEGE", seen(identity={"first_names": PersonName("Marie, Jean-Luc")}), ["C-03"]),
    ("other birth date in ARPEGE", seen(identity={"birth_date": date(1985, 2, 2)}), ["C-03"]),
    ("no birth date in ARPEGE", seen(identity={"birth_date": None}), ["C-03"]),
    ("deceased", seen(person={"death": date(2026, 3, 11)}), ["C-05"]),
    ("deceased as RNIAM alone knows", seen(registry={"death": date(2026, 3, 11)}), ["C-05"]),
    ("not certified at RNIAM", seen(registry={"certified": False}), ["C-02"]),
    ("unknown to RNIAM", seen(registry={"found": 0, "certified": None}), ["C-02"]),
    ("RNIAM of another day", seen(registry={"screen_date": LATER}), ["C-12"]),
    (
        "not looked up for who is not paid",
        seen(stop={"risk": "AT"}, registry={"death": date(2026, 3, 11)}),
        ["R-RISQUE"],
    ),
    ("other organism", seen(person={"organism": "013810000"}), ["C-06"]),
    ("organism not shown", seen(person={"organism": None}), ["C-06"]),
    ("attached during the stop", seen(person={"organism_since": date(2026, 3, 5)}), ["C-06"]),
    ("rights closed before the stop", seen(person={"rights_to": date(2026, 3, 1)}), ["C-06"]),
    ("rights closed after the run", seen(person={"rights_to": date(2026, 3, 26)}), []),
    ("rights closed the day before the last day", seen(person={"rights_to": date(2026, 3, 25)}), ["C-06"]),
    ("rights never open", seen(person={"rights_from": None}), ["C-06"]),
    ("file open by an agent", seen(person={"locked": True}), ["C-07"]),
    ("no account", seen(account={"found": False, "iban": None, "holder": None, "changed_on": None}), ["C-08"]),
    ("wrong IBAN", seen(account={"iban": Iban("FR7630004000010000000000199")}), ["C-08"]),
    ("foreign IBAN", seen(account={"iban": Iban("BE68539007547034")}), ["C-08"]),
    ("account of another", seen(account={"holder": PersonName("MARTIN JEAN")}), ["C-08"]),
    (
        "account under the usage name",
        seen(person={"usage_name": PersonName("Durand")}, account={"holder": PersonName("DURAND JEAN-LUC")}),
        [],
    ),
    ("account changed 29 days ago", seen(account={"changed_on": RUN - timedelta(days=29)}), ["C-08"]),
    ("account changed 30 days ago", seen(account={"changed_on": RUN - timedelta(days=30)}), []),
    ("period paid", seen(payments=(payment("PAYE"),)), ["C-09"]),
    ("other period paid", seen(payments=(payment("PAYE", start=date(2026, 1, 1)),)), []),
    ("a flag", seen(person={"flags": ("lcf",)}), ["C-10"]),
    ("sensitive", seen(person={"sensitive": True}), ["C-11"]),
    ("stale BDO", seen(person={"screen_date": date(2026, 3, 26)}), ["C-12"]),
    ("worked again on a later day", seen(**{part: {"screen_date": LATER} for part in PAGES}), []),
    ("one page of a later day shows another date", seen(account={"screen_date": LATER}), ["C-12"]),
    ("degraded ARPEGE", seen(identity={"degraded": True}), ["C-12"]),
    (
        "end before start, at the rights too",
        seen(stop={"end": date(2026, 3, 1)}),
        ["C-13"],
    ),
    ("stop in the future", seen(stop={"start": date(2026, 3, 28)}), ["C-13"]),
    ("medical date in the future", seen(stop={"medical_date": date(2026, 3, 28)}), ["C-13"]),
    ("medical date beyond the rules", seen(stop={"medical_date": date(2019, 12, 31)}), ["C-15", "R-ANNEES"]),
    ("unknown stop", seen(unknown_stop=True), ["R-ARRET"]),
    ("unknown anomaly", seen(fields={"anomaly": "AUTRE"}), ["R-ANO"]),
    ("anomaly that is not technical", seen(fields={"anomaly": "DETTE_COTIS"}), ["R-MOTIF"]),
    ("rejected for a document", seen(payments=(payment("REJETE", "PIECE_MANQUANTE"),)), ["R-MOTIF"]),
    ("rejected without a code", seen(payments=(payment("REJETE"),)), ["R-MOTIF"]),
    ("rejected by a flow", seen(payments=(payment("REJETE", "TECH_FLUX"),)), []),
    ("being entered", seen(stop={"state": "EN_SAISIE"}), ["R-ETAT"]),
    ("work accident", seen(stop={"risk": "AT"}), ["R-RISQUE"]),
    ("part time", seen(stop={"part_time": True}), ["R-TPT"]),
    ("opinion pending", seen(stop={"opinion": "EN_ATTENTE"}), ["R-SM"]),
    ("overlapping stops", seen(others=({"start": date(2026, 3, 20)},)), ["R-CHEV"]),
    ("overlapping a rejected stop", seen(others=({"start": date(2026, 3, 20), "state": "REJETE"},)), []),
    ("resumed for two days", seen(others=({"start": date(2026, 2, 1), "end": date(2026, 2, 27)},)), ["R-48H"]),
    ("resumed for three days", seen(others=({"start": date(2026, 2, 1), "end": date(2026, 2, 26)},)), []),
    ("prescribed three days late", seen(stop={"prescribed_on": date(2026, 3, 5)}), ["R-TARDIF"]),
    ("received three days late", seen(stop={"received_on": date(2026, 3, 5)}), ["R-TARDIF"]),
    ("salaried", seen(rights={"category": "RG"}), ["R-STATUT"]),
    ("affiliated eleven months ago", seen(rights={"affiliated_on": date(2025, 4, 2)}), ["R-AFF"]),
    ("affiliated one year ago", seen(rights={"affiliated_on": date(2025, 3, 2)}), []),
    ("two incomes", seen(rights={"incomes": RIGHTS["incomes"][:2]}), ["R-ANNEES"]),
    ("invalidity", seen(rights={"disability_pension": True}), ["R-EXCLU"]),
    ("payment schedule", seen(rights={"payment_schedule": True}), ["R-ECHEANCIER"]),
    ("too many days", seen(rights={"days_indemnified": 339}), ["R-MAX"]),
    ("as many days as allowed", seen(rights={"days_indemnified": 338}), []),
    ("an open advance on the stop", seen(advances=(an_advance("PROPOSEE", start=date(2025, 1, 1)),)), ["R-ACP"]),
    ("an open advance on the days", seen(advances=(an_advance("VALIDEE", "AT9"),)), ["R-ACP"]),
    ("a cancelled advance", seen(advances=(an_advance("ANNULEE"),)), []),
    (
        "all that is wrong at once",
        seen(person={"sensitive": True, "death": RUN}, stop={"risk": "MAT"}, payments=(payment("PAYE"),)),
        ["C-05", "C-11", "R-RISQUE", "C-09"],
    ),
]


@pytest.mark.parametrize(("what", "codes"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_each_reason_fails_its_own_control(
    what: Seen, codes: list[str], folder: Path, known_keywords: dict[str, Keyword]
) -> None:
    scenario = load_scenario(folder / "ij-acompte.yaml", keywords=known_keywords)

    assert list(dict.fromkeys(failed_codes(scenario, what))) == codes


def test_the_case_ends_without_entry_under_ten_euros(folder: Path, known_keywords: dict[str, Keyword]) -> None:
    scenario = load_scenario(folder / "ij-acompte.yaml", keywords=known_keywords)
    ends = scenario.step("advance").ends
    small, enough = (type("Computed", (), {"amount": Euros(cents)})() for cents in (999, 1_000))

    assert ends["nothing_to_pay"].holds({**scenario.parameters, "advance": small})
    assert not ends["nothing_to_pay"].holds({**scenario.parameters, "advance": enough})


def test_a_second_person_approves_above_seven_hundred_euros(folder: Path, known_keywords: dict[str, Keyword]) -> None:
    scenario = load_scenario(folder / "ij-acompte.yaml", keywords=known_keywords)
    rule = scenario.step("proposal").approval
    assert rule is not None
    limit, above = (type("Computed", (), {"amount": Euros(cents)})() for cents in (70_000, 70_001))

    assert not rule.when.holds({**scenario.parameters, "advance": limit})
    assert rule.when.holds({**scenario.parameters, "advance": above})
