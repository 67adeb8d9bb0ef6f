"""Advances that people paid and that a robot follows, one person for each end; and what each should become: their oracle.

Amounts are those of the domain text (A.6): an advance of 697,39 against a net of 1 267,98 or of 447,84.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sandbox.formats import show_date
from sandbox.maker import Maker
from sandbox.model import Advance, AdvanceState, Payment, Person, Population
from sandbox.witness import NIR as WITNESS

#: Who follows advances.
ROBOT = "ROB-931-SUIVI-1"
_ADVANCE_C, _ENOUGH_C, _LESS_C = 69_739, 126_798, 44_784
_FIRST, _LAST, _ADVANCED = date(2026, 1, 8), date(2026, 2, 8), date(2026, 1, 31)
_DAY = timedelta(days=1)
#: Why the bank sent a transfer back, one person each, and when it booked them.
SENT_BACK = ("AC04", "AC06", "MD07", "ZZ99", "AC04")
SENT_BACK_ON = date(2026, 3, 24)
_OPEN = ("LIQUIDEE", "REJETE_BANQUE")
_DEAD = ("REJETEE", "ANNULEE")


@dataclass(frozen=True, kw_only=True)
class Followed:
    """An open advance, and what should become of it."""

    person: Person
    advance: Advance
    outcome: str
    codes: tuple[str, ...] = ()
    #: How the payment that covers it is named; empty when there is none to link.
    payment: str = ""


def people(maker: Maker) -> tuple[Person, ...]:
    """One person for each end of an advance."""
    return tuple(make(maker) for make in _CASES)


def opened(population: Population) -> Iterator[tuple[Person, Advance]]:
    """The advances that the list of the population's day shows, in its order."""
    held = [(person, advance) for person in population.people for advance in person.advances]
    shown = [one for one in held if one[1].state in _OPEN and one[1].entered_on <= population.today]
    return iter(sorted(shown, key=lambda one: one[1].entered_on))


def judge(population: Population) -> Iterator[Followed]:
    """Say what each open advance should become, in the order of the list."""
    return (_judge(person, advance) for person, advance in opened(population))


def _judge(person: Person, advance: Advance) -> Followed:
    def stopped(*codes: str) -> Followed:
        return Followed(person=person, advance=advance, outcome="exception", codes=codes)

    if person.nir == WITNESS:
        return Followed(person=person, advance=advance, outcome="set_aside")
    if advance.state == "REJETE_BANQUE":
        return stopped("R-AC04")
    if advance.reference not in {stop.reference for stop in person.stops}:
        return stopped("R-ARRET")
    paid = [one for one in person.payments if one.state == "PAYE" and _days(one) & _days(advance)]
    if _days(advance) - {day for one in paid for day in _days(one)}:
        return Followed(person=person, advance=advance, outcome="waiting_for_payment")
    codes = _codes(person, advance, paid)
    if codes:
        return stopped(*codes)
    (one,) = paid
    named = f"{one.reference} du {show_date(one.start)} au {show_date(one.end)}"
    return Followed(person=person, advance=advance, outcome="entered", payment=named)


def _codes(person: Person, advance: Advance, paid: list[Payment]) -> list[str]:
    """Why a paid advance is for a person, by code."""
    days = {day for one in paid for day in _days(one)}
    others = [one for one in person.advances if one is not advance and one.state not in _DEAD and _days(one) & days]
    net_c = sum(one.gross_c - one.csg_c - one.crds_c for one in paid)
    reasons = {"R-AUTRE": bool(others), "R-INDU": net_c < advance.amount_c, "R-PLUSIEURS": len(paid) > 1}
    return [code for code, holds in reasons.items() if holds]


def _days(one: Advance | Payment) -> set[date]:
    return {one.start + n * _DAY for n in range((one.end - one.start).days + 1)}


def _person(maker: Maker, *nets_c: int, state: AdvanceState = "LIQUIDEE", second: AdvanceState | None = None) -> Person:
    """A person with an advance, ARPEGE's payments of its days one after the other, and a second advance when asked."""
    stop = maker.stop(_FIRST - 3 * _DAY, _LAST)
    held = Advance(
        reference=stop.reference, start=_FIRST, end=_ADVANCED, amount_c=_ADVANCE_C, state=state, author="A1002",
        entered_on=date(2026, 2, 3),
    )  # fmt: skip
    later = [replace(held, start=_ADVANCED + _DAY, end=_LAST, amount_c=20_000, state=second)] if second else []
    starts = [_FIRST + n * (_LAST - _FIRST) // max(len(nets_c), 1) for n in range(len(nets_c))]
    ends = [*(start - _DAY for start in starts[1:]), _LAST]
    payments = [_payment(stop.reference, *each) for each in zip(starts, ends, nets_c, strict=False)]
    return maker.person(stop, advances=(held, *later), payments=tuple(payments))


def _payment(reference: str, start: date, end: date, net_c: int) -> Payment:
    return Payment(
        reference=reference, start=start, end=end, gross_c=net_c + 9_106, csg_c=8_426, crds_c=680,
        paid_on=date(2026, 3, 16), state="PAYE",
    )  # fmt: skip


_CASES: tuple[Callable[[Maker], Person], ...] = (
    lambda maker: _person(maker, _ENOUGH_C),
    lambda maker: _person(maker, _ADVANCE_C),
    lambda maker: _person(maker, _LESS_C),
    _person,
    lambda maker: _person(maker, _ENOUGH_C, state="REJETE_BANQUE"),
    lambda maker: _person(maker, _ADVANCE_C, _LESS_C),
    lambda maker: _person(maker, _ENOUGH_C, second="VALIDEE"),
    *(lambda maker: _person(maker, state="REJETE_BANQUE") for _ in SENT_BACK[1:]),
)
