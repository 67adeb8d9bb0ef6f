"""People of the domain text's examples (A01…A28) that these three applications can show."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

from sandbox.maker import Maker, incomes
from sandbox.model import Advance, AdvanceState, Income, Listed, Payment, PaymentState, Person

Case = Callable[[Maker], Listed]
A01_NIR = "185026199900189"
_CORSICA_2A, _CORSICA_2B = "285022A99900109", "285022B99900235"
_PROVISIONAL = "785026199900180"


def _a01(maker: Maker) -> Listed:
    return maker.listed("A01", maker.worked(nir=A01_NIR))


def _a03(maker: Maker) -> Listed:
    person = maker.worked()
    return maker.listed("A03", replace(person, advances=(advance_on(person, 30_000, "VALIDEE"),)))


def _a05(maker: Maker) -> Listed:
    return maker.listed("A05", maker.worked(incomes=incomes(2026, (4_000, 4_600, 5_000))))


def _a06(maker: Maker) -> Listed:
    stop = maker.stop(date(2026, 3, 2), date(2026, 3, 6))
    return maker.listed("A06", maker.person(stop, incomes=incomes(2026, (4_000, 4_746, 5_000))))


def _a07(maker: Maker) -> Listed:
    years = (Income(year=2023, income_c=3_000_000, due_c=660_000, paid_c=660_000),
             Income(year=2024, income_c=3_600_000, due_c=792_000, paid_c=396_000),
             Income(year=2025, income_c=2_700_000, due_c=594_000, paid_c=594_000))  # fmt: skip
    return maker.listed("A07", maker.worked(incomes=years))


def _a08(maker: Maker) -> Listed:
    return maker.listed("A08", maker.person(maker.stop(date(2026, 3, 2), date(2026, 3, 4))))


def _a10(maker: Maker) -> Listed:
    stop = maker.stop(date(2025, 12, 29), date(2026, 1, 31))
    years = (*incomes(2025, (15_000, 16_000, 17_000)), *incomes(2026, (41_000,)))
    return maker.listed("A10", maker.person(stop, incomes=years))


def _a12(maker: Maker) -> Listed:
    return maker.listed("A12", maker.worked(category="PL", incomes=incomes(2026, (160_000, 150_000, 140_000))))


def _a13_before(maker: Maker) -> Listed:
    return maker.listed("A13 30/06/2021", _practitioner(maker, date(2021, 6, 30)))


def _a13_after(maker: Maker) -> Listed:
    return maker.listed("A13 01/07/2021", _practitioner(maker, date(2021, 7, 1)))


def _practitioner(maker: Maker, start: date) -> Person:
    stop = maker.stop(start, date(2021, 7, 20))
    return maker.person(stop, category="PAMC", incomes=incomes(2021, (40_000, 40_000, 40_000)))


def _a15(maker: Maker) -> Listed:
    first = maker.stop(date(2026, 2, 23), date(2026, 3, 6))
    second = maker.stop(date(2026, 3, 9), date(2026, 4, 5))
    return maker.listed("A15", maker.person(second, stops=(first, second)))


def _a16(maker: Maker) -> Listed:
    first = maker.stop(date(2026, 3, 2), date(2026, 3, 20), prescriber="Dr Ancelin")
    second = maker.stop(date(2026, 3, 15), date(2026, 3, 31), prescriber="Dr Hamon")
    return maker.listed("A16", maker.person(second, stops=(first, second)))


def _a17_2a(maker: Maker) -> Listed:
    return maker.listed("A17 2A", maker.worked(nir=_CORSICA_2A), nir_as_delivered=_CORSICA_2A.lower())


def _a17_2b(maker: Maker) -> Listed:
    return maker.listed("A17 2B", maker.worked(nir=_CORSICA_2B))


def _a18(maker: Maker) -> Listed:
    return maker.listed("A18", maker.worked(nir=_PROVISIONAL, certified=False))


def _a20(maker: Maker) -> Listed:
    return maker.listed("A20", maker.worked(registry_death=date(2026, 3, 11), registry_told=date(2026, 3, 26)))


def _a20_told_today(maker: Maker) -> Listed:
    """RNIAM is told on the day of the run, and shows it on the next working day."""
    person = maker.worked(registry_death=date(2026, 3, 11), registry_told=date(2026, 3, 27))
    return maker.listed("A20 du jour même", person)


def _a21(maker: Maker) -> Listed:
    person = maker.worked()
    bank = maker.bank(person.birth_name, person.first_names[0])
    changed = maker.today - timedelta(days=5)
    return maker.listed("A21", replace(person, bank=replace(bank, changed=changed, origin="ameli")))


def _a23(maker: Maker) -> Listed:
    dates = {"prescribed": date(2026, 3, 20), "medical": date(2026, 3, 20), "received": date(2026, 3, 26)}
    return maker.listed("A23", maker.worked(stop=dates))


def _a24(maker: Maker) -> Listed:
    person = maker.worked()
    return maker.listed("A24", replace(person, late_payment=payment_on(person, "PAYE")))


def _a26(maker: Maker) -> Listed:
    return maker.listed("A26", maker.worked(homonyms=1))


def _a28_affiliation(maker: Maker) -> Listed:
    return maker.listed("A28 affiliation", maker.worked(affiliation=date(2025, 4, 2)))


def _a28_rights(maker: Maker) -> Listed:
    return maker.listed("A28 droits", maker.worked(rights_end=date(2026, 3, 1)))


def _a28_organism(maker: Maker) -> Listed:
    return maker.listed("A28 organisme", maker.worked(organism="013810000", organism_since=date(2026, 3, 5)))


DOMAIN_CASES: tuple[Case, ...] = (
    _a01, _a24, _a03, _a06, _a17_2a, _a18, _a28_organism, _a12, _a08, _a05, _a07, _a10, _a13_before,
    _a13_after, _a15, _a16, _a17_2b, _a21, _a23, _a26, _a28_affiliation, _a28_rights, _a20, _a20_told_today,
)  # fmt: skip


def advance_on(
    person: Person, amount_c: int, state: AdvanceState, *, author: str = "A1001", reference: str = ""
) -> Advance:
    """An advance on the elapsed days of the person's last stop, entered a week after it began."""
    stop = person.stops[-1]
    return Advance(
        reference=reference or stop.reference, start=stop.start + timedelta(days=3), end=stop.start + timedelta(days=9),
        amount_c=amount_c, state=state, author=author,
        entered_on=stop.start + timedelta(days=10),
    )  # fmt: skip


def payment_on(person: Person, state: PaymentState, reject_code: str = "", days: int = 7) -> Payment:
    """A payment line for the first payable days of the person's last stop."""
    stop = person.stops[-1]
    start = stop.start + timedelta(days=3)
    gross_c = 4_247 * days
    return Payment(
        reference=stop.reference, start=start, end=start + timedelta(days=days - 1), gross_c=gross_c,
        csg_c=(gross_c * 62 + 500) // 1000, crds_c=(gross_c * 5 + 500) // 1000,
        paid_on=start + timedelta(days=days + 4), state=state, reject_code=reject_code,
    )  # fmt: skip
