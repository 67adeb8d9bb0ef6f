"""Computations on daily allowances (indemnités journalières): pure and exact, no application is touched."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from keywords.arpege.models import Income, Rights, StopRead
from keywords.compta.models import Advance
from keywords.ij.models import AdvanceComputed
from keywords.ij.regularisation import Regularisation, regularisation
from keywords.ij.watch import Watch, watch
from orchestrator.domain.civil import Period
from orchestrator.domain.errors import BusinessException
from orchestrator.domain.keywords import compute
from orchestrator.domain.money import ZERO, Euros, total
from orchestrator.domain.rules import PackAt

__all__ = ["Regularisation", "Watch", "advance", "regularisation", "watch"]


@compute("ij.advance", "Acompte d'indemnités journalières : calcul exact, chaque opérande montré.")
def advance(
    *,
    stop: StopRead,
    rights: Rights,
    advances: list[Advance],
    as_of: date,
    rate: Decimal,
    cap: Euros,
    rules: PackAt,
) -> AdvanceComputed:
    """Compute the advance on the elapsed, unpaid days of a stop, with every operand.

    Amounts are exact until the four roundings of the rule pack (daily rate, CSG, CRDS, advance), then whole centimes.
    ``rules`` is the pack at the medical date; ``as_of`` the date of the run: days from there on are never advanced.
    Raises ``BusinessException`` C-15 when a rule is missing and R-ANNEES when an income is.
    Source: CSS, art. D. 622-7 and L. 640-1; DOMAIN A.4, A.5.
    Example: TI, incomes 30 000, 36 000 and 27 000, stop and medical date 2 March 2026, run on 27 March: 697,39 €.
    """
    incomes = _incomes(rights, stop.medical_date, rules.formula.years)
    raam = sum((income.income.exact * _coefficient(income) for income in incomes), Fraction(0)) / len(incomes)
    ceiling = rules.ceiling.annual * _by(rules.formula.ceilings, rights.category, "catégorie")
    threshold = Fraction(rules.formula.threshold_rate) * _mean_ceiling(rules, stop.medical_date)
    daily = _daily(raam, ceiling, threshold, rules)
    waiting = _by(rules.waiting.days, stop.kind, "nature d'arrêt")
    period = Period(stop.start + timedelta(days=waiting), min(stop.end, as_of - timedelta(days=1)))
    amounts = _amounts(daily * period.days, rate, rules)
    already_open = _open_on(advances, stop)
    return AdvanceComputed(
        category=rights.category,
        category_open=rights.category in rules.pack.at("categories", stop.start).open,
        raam=raam,
        lowest_coefficient=min(_coefficient(income) for income in incomes),
        ceiling=ceiling,
        threshold=threshold,
        daily=daily,
        waiting_days=waiting,
        period=period,
        days=period.days,
        already_indemnified=rights.days_indemnified,
        days_in_all=rights.days_indemnified + period.days,
        max_days=_max_days(stop, rights, rules),
        rate=rate,
        cap=cap,
        open_advances=already_open,
        amount=max(ZERO, min(amounts["before_cap"], cap) - already_open),
        **amounts,
        as_of=as_of,
    )


def _amounts(gross: Euros, rate: Decimal, rules: PackAt) -> dict[str, Euros]:
    """Return gross, levies, net, and the part of it that may be advanced; three of the four roundings are here."""
    csg = Euros.of(gross.exact * Fraction(rules.levies.csg), rules.roundings.csg)
    crds = Euros.of(gross.exact * Fraction(rules.levies.crds), rules.roundings.crds)
    net = gross - csg - crds
    before_cap = Euros.of(net.exact * Fraction(rate), rules.roundings.advance)
    return {"gross": gross, "csg": csg, "crds": crds, "net": net, "before_cap": before_cap}


def _incomes(rights: Rights, medical_date: date, years: int) -> list[Income]:
    """Return the incomes of the civil years before the medical date."""
    by_year = {income.year: income for income in rights.incomes}
    wanted = range(medical_date.year - years, medical_date.year)
    if not set(wanted) <= set(by_year):
        raise BusinessException("R-ANNEES", f"Il faut les revenus de {years} années civiles avant le constat médical.")
    return [by_year[year] for year in wanted]


def _coefficient(income: Income) -> Fraction:
    """Return paid over due contributions, between 0 and 1; 1 when nothing was due."""
    return min(Fraction(1), income.paid.exact / income.due.exact) if income.due > ZERO else Fraction(1)


def _mean_ceiling(rules: PackAt, medical_date: date) -> Fraction:
    years = range(medical_date.year - rules.formula.years, medical_date.year)
    ceilings = [rules.pack.at("ceiling", date(year, 1, 1)).annual for year in years]
    return total(ceilings).exact / len(ceilings)


def _daily(raam: Fraction, ceiling: Euros, threshold: Fraction, rules: PackAt) -> Euros:
    """Return the daily allowance; nothing below the threshold."""
    if raam < threshold:
        return ZERO
    return Euros.of(min(raam, ceiling.exact) / rules.formula.divisor, rules.roundings.daily)


def _max_days(stop: StopRead, rights: Rights, rules: PackAt) -> int:
    table = rules.maximum.days_ald if stop.ald else rules.maximum.days
    return _by(table, rights.category, "catégorie")


def _open_on(advances: list[Advance], stop: StopRead) -> Euros:
    """Return what is open on days of the stop."""
    return total([known.amount for known in advances if known.open and known.period.overlaps(stop.period)])


def _by(table: dict[str, int], key: str, what: str) -> int:
    if key not in table:
        raise BusinessException("C-15", f"Aucune règle pour cette {what}.")
    return table[key]
