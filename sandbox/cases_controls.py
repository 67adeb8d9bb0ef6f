"""People that one control stops, one for each code at least; some fail several."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

from sandbox.cases_domain import Case, advance_on, payment_on
from sandbox.maker import Maker, incomes
from sandbox.model import Bank, Listed, Person

_BELGIAN_IBAN = "BE68539007547034"


def _worked(case: str, *, stop: dict[str, Any] | None = None, **changes: Any) -> Case:  # noqa: ANN401 - any field
    """The worked example with plain changes to its stop and its person."""
    return lambda maker: maker.listed(case, maker.worked(stop=stop, **changes))


def _bank(case: str, change: Callable[[Person, Bank], Bank]) -> Case:
    """The worked example with another bank account."""

    def make(maker: Maker) -> Listed:
        person = maker.worked()
        bank = maker.bank(person.birth_name, person.first_names[0])
        return maker.listed(case, replace(person, bank=change(person, bank)))

    return make


def _other_name(maker: Maker) -> Listed:
    person = maker.worked(birth_name="Montagné", usage_name="")
    return maker.listed("C-03 nom", person, name_as_delivered="Montaigne")


def _late_reception(maker: Maker) -> Listed:
    return maker.listed("R-TARDIF réception", maker.worked(stop={"received": date(2026, 3, 9)}))


def _paid(maker: Maker) -> Listed:
    person = maker.worked()
    return maker.listed("C-09", replace(person, payments=(payment_on(person, "PAYE"),)))


def _reversed(maker: Maker) -> Listed:
    return maker.listed("C-13 fin", maker.person(maker.stop(date(2026, 3, 12), date(2026, 3, 2))))


def _future(maker: Maker) -> Listed:
    known = {"prescribed": date(2026, 3, 26), "medical": date(2026, 3, 26), "received": date(2026, 3, 26)}
    return maker.listed("C-13 futur", maker.person(maker.stop(date(2026, 4, 13), date(2026, 5, 3), **known)))


def _before_rules(maker: Maker) -> Listed:
    return maker.listed("C-15", maker.person(maker.stop(date(2019, 12, 30), date(2020, 1, 19))))


def _unknown_stop(maker: Maker) -> Listed:
    person = maker.worked()
    unknown = f"{person.stops[0].reference}X"
    return maker.listed("R-ARRET", person, stop_reference=unknown)


def _rejected_for_papers(maker: Maker) -> Listed:
    person = maker.worked()
    return maker.listed("R-MOTIF rejet", replace(person, payments=(payment_on(person, "REJETE", "PIECE_MANQUANTE"),)))


def _spent_liberal(maker: Maker) -> Listed:
    return maker.listed("R-MAX PL", maker.worked(category="PL", days_paid=66))


def _same_amount_by_agent(maker: Maker) -> Listed:
    person = maker.worked()
    held = replace(advance_on(person, 69_739, "PROPOSEE"), start=date(2026, 3, 5), end=date(2026, 3, 26))
    return maker.listed("R-ACP même montant", replace(person, advances=(held,)))


def _overlapping_advance(maker: Maker) -> Listed:
    person = maker.worked()
    return maker.listed(
        "R-ACP autre arrêt", replace(person, advances=(advance_on(person, 15_050, "LIQUIDEE", reference="AT25000042"),))
    )


def _several(maker: Maker) -> Listed:
    person = maker.worked(flags=frozenset({"opposition"}), bank=None, stop={"state": "EN_SAISIE"}, schedule=True)
    return maker.listed("plusieurs", person)


CONTROL_CASES: tuple[Case, ...] = (
    _worked("C-07 toujours", lock="always"),
    _paid,
    _bank("C-08 titulaire", lambda _, bank: replace(bank, holder="Vantadour Michel")),
    _worked("C-02", certified=False),
    _other_name,
    _worked("C-03 naissance", arpege_birth=date(1970, 2, 1)),
    _worked("C-03 prénom", first_names=("Noé", "Loïc"), arpege_first_name="Noël"),
    _worked("C-04 aucun", bdo_files=0),
    _worked("C-04 deux", bdo_files=2),
    _worked("C-05", death=date(2026, 3, 12)),
    _worked("C-06 organisme", organism="016110000"),
    _worked("C-06 depuis", organism_since=date(2026, 3, 5)),
    _bank("C-08 faux", lambda _, bank: replace(bank, iban=_next_digit(bank.iban))),
    _bank("C-08 étranger", lambda _, bank: replace(bank, iban=_BELGIAN_IBAN, bic="GKCCBEBB")),
    _worked("C-10 fraude", flags=frozenset({"lcf", "contentieux"})),
    _worked("C-10 tutelle", flags=frozenset({"tutelle", "recours_amiable", "cession"})),
    _worked("C-11", sensitive=True),
    _worked("C-12", stale=True),
    _reversed,
    _future,
    _before_rules,
    _unknown_stop,
    lambda maker: maker.listed("R-ANO", maker.worked(), anomaly="TECH_9X"),
    lambda maker: maker.listed("R-MOTIF livraison", maker.worked(), anomaly="DROITS_FERMES"),
    _rejected_for_papers,
    _worked("R-ETAT", stop={"state": "EN_SAISIE"}),
    _worked("R-RISQUE", stop={"risk": "AT"}),
    _worked("R-TPT", stop={"part_time": True}),
    _worked("R-SM attente", stop={"opinion": "EN_ATTENTE"}),
    _worked("R-SM défavorable", stop={"opinion": "DEFAVORABLE"}),
    _late_reception,
    _worked("R-STATUT RG", category="RG"),
    _worked("R-STATUT conjoint", category="CONJ_COLLAB"),
    _worked("R-ANNEES", incomes=incomes(2026, (31_000, 29_000))),
    _worked("R-EXCLU", invalidity=True, old_age=True),
    _worked("R-ECHEANCIER", schedule=True),
    _worked("R-MAX TI", days_paid=339),
    _spent_liberal,
    _same_amount_by_agent,
    _overlapping_advance,
    _several,
)


def _next_digit(iban: str) -> str:
    """The IBAN with its last digit changed: its key is wrong."""
    return iban[:-1] + str((int(iban[-1]) + 1) % 10)
