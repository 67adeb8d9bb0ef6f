"""What becomes of an advance once ARPEGE has paid its days: pure and exact, no application is touched."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from pydantic import BaseModel, Field

from keywords.arpege.models import Payment
from keywords.compta.models import Advance
from orchestrator.domain.civil import Period
from orchestrator.domain.errors import BusinessException
from orchestrator.domain.keywords import compute
from orchestrator.domain.money import ZERO, Euros, total
from orchestrator.domain.rules import PackAt

_DAY = timedelta(days=1)


class Regularisation(BaseModel, frozen=True):
    """An advance against what ARPEGE has paid (source: DOMAIN A.6)."""

    paid: bool = Field(title="Chaque jour de l'avance est payé par ARPEGE")
    payment: str = Field(title="Référence du paiement")
    due: Euros = Field(title="Net dû, payé par ARPEGE")
    advance: Euros = Field(title="Acompte versé")
    rest: Euros = Field(title="Reste à payer")
    overpaid: Euros = Field(title="Trop versé")
    legal_date: date = Field(title="Date légale (délai de rectification)")
    crosses_year: bool = Field(title="Avance à cheval sur deux années civiles")
    payments: int = Field(title="Paiements d'ARPEGE sur les jours de l'avance")
    others: int = Field(title="Autres avances sur les jours payés")


@compute("ij.regularisation", "Acompte comparé au paiement d'Arpège : reste à payer ou trop versé, exact.")
def regularisation(
    *, number: str, as_of: date, advances: list[Advance], payments: list[Payment], rules: PackAt
) -> Regularisation:
    """Compare an advance with the payments of ARPEGE that cover its days, in exact centimes.

    Until every day of the advance is in a payment ``PAYE``, it is not ``paid``: there is neither rest nor overpayment.
    The legal date is that of the last payment (without one ``as_of``, the day of the run) plus the days of the rule pack
    (CSS, art. R. 133-9-2).
    Raises ``BusinessException`` R-AVANCE when COMPTA no longer shows the advance.
    Example: net 1 267,98 €, advance 697,39 €: 570,59 € to pay; net 447,84 €: 249,55 € overpaid.
    """
    advance = next((each for each in advances if each.number == number), None)
    if advance is None:
        raise BusinessException("R-AVANCE", "COMPTA ne montre plus cette avance pour cette personne.")
    found = sorted(
        (each for each in payments if each.state == "PAYE" and each.period.overlaps(advance.period)),
        key=lambda each: each.period.start,
    )
    paid = _covered(advance.period, found)
    due = total([each.net for each in found])
    rest = due - advance.amount if paid else ZERO
    days = [each.paid_on for each in found if each.paid_on is not None]
    return Regularisation(
        paid=paid,
        payment=_named(found[0]) if found else "",
        due=due,
        advance=advance.amount,
        rest=max(rest, ZERO),
        overpaid=max(ZERO - rest, ZERO),
        legal_date=max(days, default=as_of) + timedelta(days=rules.recovery.rectification_days),
        crosses_year=advance.period.start.year != advance.period.end.year,
        payments=len(found),
        others=_others(advance, advances, found),
    )


def _named(payment: Payment) -> str:
    """Name a payment as ARPEGE shows it: its stop and its days."""
    return f"{payment.reference} {payment.period}"


def _covered(period: Period, payments: Sequence[Payment]) -> bool:
    """Say whether every day of the period is in a payment; payments in the order of their first day."""
    reached = period.start
    for payment in payments:
        if payment.period.start <= reached:
            reached = max(reached, payment.period.end + _DAY)
    return reached > period.end


def _others(advance: Advance, advances: Sequence[Advance], payments: Sequence[Payment]) -> int:
    """Count the other advances that the same payments would have to net."""
    alive = [each for each in advances if each is not advance and each.state not in {"REJETEE", "ANNULEE"}]
    return sum(any(each.period.overlaps(one.period) for one in payments) for each in alive)
