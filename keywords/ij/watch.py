"""What a registered stop looks like beside what ARPEGE has paid of it: pure, no application is touched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from pydantic import BaseModel, Field

from keywords.arpege.models import Payment, StopRead
from keywords.compta.models import Advance
from orchestrator.domain.civil import Period
from orchestrator.domain.errors import BusinessException
from orchestrator.domain.keywords import compute
from orchestrator.domain.rules import PackAt

_DAY = timedelta(days=1)


class Watch(BaseModel, frozen=True):
    """A stop against its payments and advances (source: DOMAIN 6, robot 9)."""

    unpaid: int = Field(title="Jours payables échus que rien ne paie")
    unpaid_from: date | None = Field(default=None, title="Premier de ces jours")
    waited: int = Field(title="Jours d'attente, depuis ce jour ou la réception de l'arrêt")
    late: bool = Field(title="Attente au-delà du délai")
    days_twice: int = Field(title="Jours payés deux fois")
    advance_open: bool = Field(title="Acompte ouvert sur cet arrêt")
    not_netted: int = Field(title="Acomptes dont chaque jour est payé et que rien n'a régularisés")


@compute(
    "ij.watch",
    "Arrêt comparé à ses paiements et à ses acomptes : jours sans paiement, payés deux fois, non régularisés.",
)
def watch(*, stop: StopRead, payments: list[Payment], advances: list[Advance], as_of: date, rules: PackAt) -> Watch:
    """Compare the elapsed payable days of a stop with what is paid, or being paid, of them; whole civil days.

    The waiting period is that of sickness alone (``rules.waiting``); ``rules.watch`` says after how many days a stop is
    late, and an advance that is paid for should have been netted.
    Raises ``BusinessException`` C-15 for a kind of stop without a rule.
    Example: stop from 2 March, received on the 3rd, nothing paid on the 27th: 22 days unpaid since the 5th, waited 22.
    """
    paid = [one for one in payments if one.state == "PAYE" and one.period.overlaps(stop.period)]
    coming = [one for one in payments if one.state == "EN_COURS"]
    due = Period(stop.start + timedelta(days=_waiting(stop, rules)), min(stop.end, as_of - _DAY))
    missing = sorted(_days([due]) - _days(one.period for one in (*paid, *coming)))
    waited = (as_of - max(missing[0], stop.received_on)).days if missing else 0
    return Watch(
        unpaid=len(missing),
        unpaid_from=missing[0] if missing else None,
        waited=waited,
        late=bool(missing) and waited >= rules.watch.unpaid_days,
        days_twice=_twice(stop.period, paid),
        advance_open=any(one.open and _on(one, stop) for one in advances),
        not_netted=sum(_should_be_netted(one, paid, as_of, rules) for one in advances if _on(one, stop)),
    )


def _waiting(stop: StopRead, rules: PackAt) -> int:
    if stop.risk != "AS":
        return 0
    days: int | None = rules.waiting.days.get(stop.kind)
    if days is None:
        raise BusinessException("C-15", "Aucune règle de carence pour cette nature d'arrêt.")
    return days


def _days(periods: Iterable[Period]) -> set[date]:
    return {one.start + n * _DAY for one in periods for n in range((one.end - one.start).days + 1)}


def _twice(period: Period, paid: Sequence[Payment]) -> int:
    """Count the days of a stop that more than one payment pays."""
    counted = Counter(day for one in paid for day in _days([one.period]) & _days([period]))
    return sum(times > 1 for times in counted.values())


def _on(advance: Advance, stop: StopRead) -> bool:
    return advance.stop_id == stop.reference or advance.period.overlaps(stop.period)


def _should_be_netted(advance: Advance, paid: Sequence[Payment], as_of: date, rules: PackAt) -> bool:
    """Say whether every day of a paid advance was paid by ARPEGE, and long enough ago for somebody to have netted it."""
    on_it = [one for one in paid if one.period.overlaps(advance.period)]
    if advance.state != "LIQUIDEE" or _days([advance.period]) - _days(one.period for one in on_it):
        return False
    last = max((one.paid_on for one in on_it if one.paid_on is not None), default=as_of)
    return (as_of - last).days >= int(rules.watch.netted_days)
