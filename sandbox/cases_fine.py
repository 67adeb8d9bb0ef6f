"""People who look doubtful and are in order: a robot that stops them is wrong too."""

from dataclasses import replace
from datetime import date, timedelta

from sandbox.cases_domain import Case, advance_on, payment_on
from sandbox.formats import iban_of
from sandbox.maker import Maker, incomes, incomes_c
from sandbox.model import AdvanceState, Listed

_MONACO_ACCOUNT = "12739000700011111000H79"


def _locked_once(maker: Maker) -> Listed:
    return maker.listed("C-07 une fois", maker.worked(lock="first view"))


def _exactly_700(maker: Maker) -> Listed:
    stop = maker.stop(date(2026, 3, 5), date(2026, 4, 5))
    return maker.listed("700,00", maker.person(stop, incomes=incomes_c(2026, (3_603_280,) * 3)))


def _one_centime_more(maker: Maker) -> Listed:
    return maker.listed("700,01", maker.worked(incomes=incomes_c(2026, (3_111_990,) * 3)))


def _exactly_10(maker: Maker) -> Listed:
    stop = maker.stop(date(2026, 3, 2), date(2026, 3, 6))
    return maker.listed("10,00", maker.person(stop, incomes=incomes_c(2026, (489_100,) * 3)))


def _one_centime_less(maker: Maker) -> Listed:
    stop = maker.stop(date(2026, 3, 2), date(2026, 3, 5))
    return maker.listed("9,99", maker.person(stop, incomes=incomes_c(2026, (977_470,) * 3)))


def _one_day(maker: Maker) -> Listed:
    return maker.listed("arrêt d'un jour", maker.person(maker.stop(date(2026, 3, 10), date(2026, 3, 10))))


def _extension(maker: Maker) -> Listed:
    first = maker.stop(date(2026, 2, 9), date(2026, 3, 8))
    second = maker.stop(date(2026, 3, 9), date(2026, 4, 5), nature="PROLONGATION")
    person = maker.person(first)
    paid = payment_on(person, "PAYE", days=25)
    return maker.listed("prolongation", replace(person, stops=(first, second), payments=(paid,), days_paid=25))


def _old_advances(maker: Maker) -> Listed:
    person = maker.worked()
    closed: tuple[AdvanceState, ...] = ("REJETEE", "ANNULEE", "REGULARISEE")
    held = tuple(advance_on(person, 21_300, state) for state in closed)
    return maker.listed("avances closes", replace(person, advances=held))


def _long_illness(maker: Maker) -> Listed:
    return maker.listed("ALD", maker.worked(stop={"ald": True}, days_paid=400))


def _rejected_stop(maker: Maker) -> Listed:
    refused = maker.stop(date(2026, 3, 2), date(2026, 3, 31), state="REJETE")
    person = maker.worked()
    return maker.listed("arrêt rejeté voisin", replace(person, stops=(refused, *person.stops)))


def _favourable(maker: Maker) -> Listed:
    person = maker.worked(stop={"opinion": "FAVORABLE"})
    rejected = payment_on(person, "REJETE", "TECH_REJET_LOT")
    return maker.listed("rejet technique", replace(person, payments=(rejected,)), anomaly="TECH_REJET_LOT")


def _monaco(maker: Maker) -> Listed:
    person = maker.worked(birth_name="L'Hénoret", usage_name="Cœurdoux-Vaÿsse")
    bank = maker.bank("COEURDOUX VAYSSE", person.first_names[0].upper())
    bank = replace(bank, iban=iban_of("MC", _MONACO_ACCOUNT), bic="CFMOMCMXXXX")
    return maker.listed("Monaco", replace(person, bank=bank), name_as_delivered="L’HENORET")


def _thirty_days(maker: Maker) -> Listed:
    person = maker.worked()
    bank = maker.bank(person.birth_name, person.first_names[0])
    changed = maker.today - timedelta(days=30)
    return maker.listed("compte 30 jours", replace(person, bank=replace(bank, changed=changed)))


def _three_days_of_work(maker: Maker) -> Listed:
    first = maker.stop(date(2026, 2, 16), date(2026, 2, 26))
    second = maker.stop(date(2026, 3, 2), date(2026, 4, 5))
    return maker.listed("reprise de 3 jours", maker.person(second, stops=(first, second)))


def _late_to_the_day(maker: Maker) -> Listed:
    dates = {"prescribed": date(2026, 3, 4), "medical": date(2026, 3, 4), "received": date(2026, 3, 6)}
    return maker.listed("délais au jour près", maker.worked(stop=dates))


def _last_day_of_right(maker: Maker) -> Listed:
    return maker.listed("360e jour", maker.worked(days_paid=338))


def _a_year_ago(maker: Maker) -> Listed:
    return maker.listed("affilié un an", maker.worked(affiliation=date(2025, 3, 2)))


def _ligature(maker: Maker) -> Listed:
    person = maker.worked(birth_name="Lœuilliet-D'Aubrac", incomes=incomes(2026, (21_000, 20_000, 22_000)))
    return maker.listed("ligature", person, name_as_delivered="LOEUILLIET D AUBRAC")


FINE_CASES: tuple[Case, ...] = (
    _locked_once, _exactly_700, _one_centime_more, _exactly_10, _one_centime_less, _extension, _old_advances,
    _long_illness, _rejected_stop, _favourable, _monaco, _thirty_days, _three_days_of_work, _late_to_the_day,
    _last_day_of_right, _a_year_ago, _ligature, _one_day,
)  # fmt: skip
