"""A stop beside what ARPEGE has paid of it: which days wait, for how long, what is paid twice or not netted."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from keywords.arpege.models import Payment, StopRead
from keywords.compta.models import Advance
from keywords.ij import Watch, watch
from orchestrator.domain.civil import Period
from orchestrator.domain.errors import BusinessException
from orchestrator.domain.money import Euros
from orchestrator.domain.rules import PackAt, RulePack

RUN = date(2026, 3, 27)


def march(first: int, last: int) -> Period:
    return Period(date(2026, 3, first), date(2026, 3, last))


def stop(**changes: Any) -> StopRead:
    day = date(2026, 3, 2)
    values = {
        "reference": "AT1", "kind": "INITIAL", "start": day, "end": date(2026, 4, 5), "prescribed_on": day,
        "medical_date": day, "received_on": date(2026, 3, 3), "risk": "AS", "opinion": "SANS", "state": "ENREGISTRE",
        "part_time": False, "ald": False, "screen_date": RUN, "degraded": False,
    }  # fmt: skip
    return StopRead(**{**values, **changes})


def paid(period: Period, state: str = "PAYE", day: int = 20) -> Payment:
    amount = Euros.parse("100,00")
    return Payment(
        reference="AT1", period=period, gross=amount, net=amount, paid_on=date(2026, 3, day), state=state
    )  # fmt: skip


def advanced(period: Period, state: str = "LIQUIDEE", stop_id: str = "AT1") -> Advance:
    amount = Euros.parse("100,00")
    return Advance(number="ACP-1", nature="ACP-IJ", stop_id=stop_id, period=period, state=state, amount=amount)


def watched(pack: RulePack, *payments: Payment, advances: tuple[Advance, ...] = (), **changes: Any) -> Watch:
    found: Watch = watch(
        stop=stop(**changes), payments=list(payments), advances=list(advances), as_of=RUN,
        rules=PackAt(pack=pack, day=RUN),
    )  # fmt: skip
    return found


@pytest.mark.parametrize(
    ("payments", "unpaid", "waited", "late"),
    [
        ((), 22, 22, True),
        ((paid(march(5, 26)),), 0, 0, False),
        ((paid(march(5, 11)),), 15, 15, True),
        ((paid(march(5, 12)),), 14, 14, False),
        ((paid(march(5, 26), "EN_COURS"),), 0, 0, False),
        ((paid(march(5, 26), "REJETE"),), 22, 22, True),
        ((paid(march(5, 9)), paid(march(11, 26))), 1, 17, True),
    ],
)
def test_elapsed_days_that_nothing_pays_wait_from_the_first_of_them(
    pack: RulePack, payments: tuple[Payment, ...], unpaid: int, waited: int, *, late: bool
) -> None:
    found = watched(pack, *payments)
    assert (found.unpaid, found.waited, found.late, found.days_twice) == (unpaid, waited, late, 0)


def test_nobody_waits_before_the_stop_is_received_and_the_future_is_not_due(pack: RulePack) -> None:
    assert [watched(pack, received_on=date(2026, 3, day)).late for day in (12, 13)] == [True, False]
    assert watched(pack, end=date(2026, 3, 4)).unpaid == 0, "the waiting period alone"
    assert watched(pack, start=RUN, end=RUN).unpaid == 0


@pytest.mark.parametrize(
    ("kind", "risk", "first"), [("PROLONGATION", "AS", 2), ("INITIAL", "MAT", 2), ("RECHUTE", "AS", 5)]
)
def test_the_waiting_period_is_that_of_sickness_alone(pack: RulePack, kind: str, risk: str, first: int) -> None:
    assert watched(pack, kind=kind, risk=risk).unpaid_from == date(2026, 3, first)


def test_a_kind_of_stop_without_a_rule_is_for_a_person(pack: RulePack) -> None:
    with pytest.raises(BusinessException, match="carence"):
        watched(pack, kind="AUTRE")


def test_a_day_in_two_payments_is_paid_twice_and_one_that_was_rejected_is_not(pack: RulePack) -> None:
    assert watched(pack, paid(march(5, 20)), paid(march(20, 26))).days_twice == 1
    assert watched(pack, paid(march(5, 20)), paid(march(21, 26))).days_twice == 0
    assert watched(pack, paid(march(5, 20)), paid(march(5, 20), "REJETE")).days_twice == 0
    before = Period(date(2026, 2, 1), date(2026, 2, 20))
    assert watched(pack, paid(before), paid(before)).days_twice == 0, "days of another stop"


def test_an_advance_whose_days_are_all_paid_for_a_week_should_have_been_netted(pack: RulePack) -> None:
    held = advanced(march(5, 19))
    for payments, state, expected in [
        ((paid(march(5, 26), day=20),), "LIQUIDEE", 1),
        ((paid(march(5, 26), day=21),), "LIQUIDEE", 0),
        ((paid(march(5, 18)),), "LIQUIDEE", 0),
        ((paid(march(5, 26)),), "REGULARISEE", 0),
        ((), "LIQUIDEE", 0),
    ]:
        found = watched(pack, *payments, advances=(held.model_copy(update={"state": state}),))
        assert (found.not_netted, found.advance_open) == (expected, state == "LIQUIDEE")
    assert not watched(
        pack, advances=(advanced(Period(date(2026, 2, 1), date(2026, 2, 2)), stop_id="AT0"),)
    ).advance_open
