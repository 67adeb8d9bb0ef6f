"""The advance, by the oracle's own arithmetic: exact fractions, centimes, civil dates."""

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from sandbox.model import Advance, Person, Stop

CAP_C = 80_000
MINIMUM_C = 1_000
APPROVAL_ABOVE_C = 70_000
WAITING_DAYS = 3
#: Yearly social-security ceiling, in euros.
PASS = {
    2017: 39_228, 2018: 39_732, 2019: 40_524, 2020: 41_136, 2021: 41_136, 2022: 41_136, 2023: 43_992, 2024: 46_368,
    2025: 47_100, 2026: 48_060,
}  # fmt: skip
#: Medical dates for which there is a rule.
RULES_FROM, RULES_TO = date(2020, 1, 1), date(2026, 12, 31)
LIBERAL = ("PL", "PAMC")
CLOSED_STATES = ("REJETEE", "ANNULEE", "REGULARISEE")


@dataclass(frozen=True, kw_only=True)
class Computed:
    """The operands and the result of one computation (centimes)."""

    raam_c: Fraction
    daily_c: int
    first: date
    last: date
    days: int
    gross_c: int
    net_c: int
    amount_c: int


def compute(person: Person, stop: Stop, run_date: date) -> Computed:
    """The advance of a stop on a run date; the person has three incomes and the rules cover the medical date."""
    first, last = payable_period(stop, run_date)
    days = max(0, (last - first).days + 1)
    raam_c = average_income_c(person, stop)
    daily_c = daily_rate_c(person, stop)
    gross_c = daily_c * days
    net_c = gross_c - half_up(Fraction(gross_c * 62, 1000)) - half_up(Fraction(gross_c * 5, 1000))
    capped_c = min(net_c * 80 // 100, CAP_C)
    deducted_c = sum(a.amount_c for a in open_advances(person) if overlap(a.start, a.end, stop.start, stop.end))
    return Computed(
        raam_c=raam_c, daily_c=daily_c, first=first, last=last, days=days, gross_c=gross_c, net_c=net_c,
        amount_c=max(0, capped_c - deducted_c),
    )  # fmt: skip


def payable_period(stop: Stop, run_date: date) -> tuple[date, date]:
    """First payable day, and last elapsed day (before the first when nothing is payable)."""
    waiting = 0 if stop.nature == "PROLONGATION" else WAITING_DAYS
    return stop.start + timedelta(days=waiting), min(stop.end, run_date - timedelta(days=1))


def average_income_c(person: Person, stop: Stop) -> Fraction:
    """Mean of the three years before the medical date, each in the share of contributions paid (centimes)."""
    used = [one for one in person.incomes if 1 <= stop.medical.year - one.year <= 3]
    return sum((one.income_c * paid_share(one.due_c, one.paid_c) for one in used), Fraction(0)) / 3


def paid_share(due_c: int, paid_c: int) -> Fraction:
    """Contributions paid over due; 1 when none are due."""
    return Fraction(paid_c, due_c) if due_c else Fraction(1)


def income_threshold_c(year: int) -> Fraction:
    """Ten per cent of the mean ceiling of the three years before."""
    return Fraction(sum(PASS[year - back] for back in (1, 2, 3)) * 100, 30)


def daily_rate_c(person: Person, stop: Stop) -> int:
    """Centimes a day, half up; 0 under the threshold."""
    raam_c = average_income_c(person, stop)
    if raam_c < income_threshold_c(stop.medical.year):
        return 0
    ceiling_c = PASS[stop.medical.year] * 100 * (3 if person.category in LIBERAL else 1)
    return half_up(min(raam_c, Fraction(ceiling_c)) / 730)


def open_advances(person: Person) -> tuple[Advance, ...]:
    """Advances that count."""
    return tuple(one for one in person.advances if one.state not in CLOSED_STATES)


def half_up(value: Fraction) -> int:
    """To the nearest whole, a half goes up (values are not negative)."""
    return int(value + Fraction(1, 2))


def overlap(start: date, end: date, other_start: date, other_end: date) -> bool:
    """Whether two inclusive periods share a day."""
    return start <= other_end and other_start <= end
