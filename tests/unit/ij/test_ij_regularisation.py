"""An advance against what ARPEGE has paid: exact rest and overpayment (DOMAIN A.6)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from keywords.arpege.models import Payment
from keywords.compta.models import Advance
from keywords.ij import Regularisation, regularisation
from orchestrator.domain.civil import Period
from orchestrator.domain.errors import BusinessException
from orchestrator.domain.money import Euros
from orchestrator.domain.rules import PackAt, RulePack

RUN = date(2026, 4, 20)
COVERED = Period(date(2026, 3, 5), date(2026, 3, 26))


def advanced(**changes: Any) -> Advance:
    values = {"number": "ACP-1", "nature": "ACP-IJ", "stop_id": "AT1", "period": COVERED, "state": "LIQUIDEE"}
    return Advance(**{**values, "amount": Euros.parse("697,39"), **changes})


def paid(net: str, first: date = COVERED.start, last: date = date(2026, 4, 5), state: str = "PAYE") -> Payment:
    amount = Euros.parse(net)
    return Payment(
        reference="AT1", period=Period(first, last), gross=amount, net=amount, paid_on=date(2026, 4, 10), state=state
    )


def compared(pack: RulePack, *payments: Payment, advances: list[Advance] | None = None) -> Regularisation:
    rules = PackAt(pack=pack, day=RUN)
    found: Regularisation = regularisation(
        number="ACP-1", as_of=RUN, advances=advances or [advanced()], payments=list(payments), rules=rules
    )
    return found


@pytest.mark.parametrize(
    ("net", "rest", "overpaid"),
    [
        ("1267,98", "570,59", "0,00"),
        ("447,84", "0,00", "249,55"),
        ("697,39", "0,00", "0,00"),
        ("697,38", "0,00", "0,01"),
    ],
)
def test_what_is_left_to_pay_or_was_paid_too_much_is_exact(pack: RulePack, net: str, rest: str, overpaid: str) -> None:
    found = compared(pack, paid(net))
    assert (found.paid, found.rest, found.overpaid) == (True, Euros.parse(rest), Euros.parse(overpaid))
    assert found.legal_date == date(2026, 4, 30)


@pytest.mark.parametrize(
    "payments",
    [
        (),
        (paid("1267,98", state="REJETE"),),
        (paid("1267,98", state="EN_COURS"),),
        (paid("900,00", last=date(2026, 3, 25)),),
        (paid("900,00", first=date(2026, 3, 6)),),
        (paid("400,00", last=date(2026, 3, 10)), paid("400,00", first=date(2026, 3, 12))),
    ],
)
def test_until_each_day_is_paid_nothing_is_due_nor_overpaid(pack: RulePack, payments: tuple[Payment, ...]) -> None:
    found = compared(pack, *payments)
    assert (found.paid, found.rest, found.overpaid) == (False, Euros.parse("0,00"), Euros.parse("0,00"))


def test_two_payments_without_a_gap_and_another_advance_are_counted(pack: RulePack) -> None:
    halves = (paid("400,00", last=date(2026, 3, 10)), paid("400,00", first=date(2026, 3, 11)))
    other = advanced(number="ACP-2", period=Period(date(2026, 3, 28), date(2026, 4, 2)), state="REGULARISEE")
    cancelled = advanced(number="ACP-3", state="ANNULEE")
    found = compared(pack, *halves, advances=[advanced(), other, cancelled])
    assert (found.paid, found.payments, found.others, found.rest) == (True, 2, 1, Euros.parse("102,61"))


def test_an_advance_over_two_civil_years_is_flagged(pack: RulePack) -> None:
    over = advanced(period=Period(date(2025, 12, 30), date(2026, 1, 2)))
    assert compared(pack, advances=[over]).crosses_year
    assert not compared(pack).crosses_year


def test_an_advance_that_compta_no_longer_shows_is_for_a_person(pack: RulePack) -> None:
    with pytest.raises(BusinessException, match="COMPTA ne montre plus"):
        compared(pack, advances=[advanced(number="ACP-9")])
