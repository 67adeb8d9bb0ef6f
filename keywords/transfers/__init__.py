"""Incoming transfers between schemes: pure rules on dated rows, no application is touched."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from keywords.transfers.identities import match_births, match_names, registered_as, same_in_digits
from keywords.transfers.models import Certified, Dependent, Family, Former, Identity, Part, Score
from orchestrator.domain.civil import PartialDate, Period
from orchestrator.domain.keywords import compute
from orchestrator.domain.personal import Nir, PersonName
from orchestrator.domain.rules import PackAt, RuleRow

#: What an agent reads in the work basket, by the sign of the gap.
REASONS = {1: "RUPTURE DE DROITS", 0: "CONTINUITE", -1: "CHEVAUCHEMENT, RISQUE DE DOUBLE PAIEMENT"}


@compute("transfers.identity", "L'identité reçue, comparée à celle du RNIAM.")
def identity(*, nir: Nir, birth_name: PersonName, born: PartialDate, certified: Certified, rules: PackAt) -> Identity:
    """Compare names and birth date after normalisation; what is not equal is for a person, never refused by a robot.

    Source: DOMAIN C.3, C07, C08, C10, C11. Example: « LEFEVRE » and « Lefèvre » are equal, « LEFEVER » is near.
    """
    return Identity(
        name=match_names(birth_name, certified.birth_name, certified.usage_name),
        birth=match_births(nir, born, certified.born),
        foreign=born_abroad(nir, certified.born, rules),
        homonyms=len(certified.others),
        registered=any(registered_as(nir, other) for other in certified.others),
        confused=any(same_in_digits(nir, other) for other in certified.others),
    )


@compute("transfers.family", "Les ayants droit qui suivent l'assuré.")
def family(*, dependents: Sequence[Dependent], as_of: date, rules: PackAt) -> Family:
    """Say who is not certified, who is attached elsewhere too, and whether one is an infant (source: DOMAIN C.2, C.5)."""
    years = rules.priority.infant_years
    return Family(
        count=len(dependents),
        uncertified=sum(not one.certified for one in dependents),
        elsewhere=sum(bool(one.other_organism) for one in dependents),
        infant=any(younger_than(one.born, years, as_of) for one in dependents),
    )


@compute("transfers.score", "Cotation d'une mutation : écart des droits, soins en cours, enfant en bas âge.")
def score(*, former: Former, family: Family, effect: date, as_of: date, rules: PackAt) -> Score:
    """Give the points of DOMAIN C.3 but those of the days waited, which the scenario adds each day.

    ``gap`` is new start - former end - 1: positive, days without rights; negative, days covered twice.
    Raises ``BusinessException`` C-15 when no row is in force. Source: DOMAIN C.3.
    Example: former rights closed yesterday, a long illness, a child of one year: 100 + 40 + 30.
    """
    weights = rules.priority
    gap = 0 if former.end is None else (effect - former.end).days - 1
    parts = tuple(one for one in _parts(former, family, gap, as_of, weights) if one.points)
    return Score(
        points=sum(one.points for one in parts),
        parts=parts,
        gap=gap,
        broken=gap > 0,
        period=meeting(effect, gap),
        reason=REASONS[(gap > 0) - (gap < 0)],
        twice=max(0, -gap),
        in_window=months_before(as_of, rules.window.months) <= effect <= as_of,
        waived=rules.pack.at("residence", effect).months == 0,
    )


def meeting(effect: date, gap: int) -> Period:
    """The days without rights, those covered twice, or the day of effect when the two periods meet."""
    if gap > 0:
        return Period(effect - timedelta(days=gap), effect - timedelta(days=1))
    return Period(effect, effect + timedelta(days=max(0, -gap - 1)))


def _parts(former: Former, family: Family, gap: int, as_of: date, weights: RuleRow) -> list[Part]:
    left = None if former.end is None else (former.end - as_of).days
    closed = gap > 0 or (left is not None and left < 0)
    soon = left is not None and 0 <= left <= weights.week_days
    later = left is not None and weights.week_days < left <= weights.month_days
    return [
        Part(reason="Droits fermés ou rupture", points=weights.broken if closed else 0),
        Part(reason="Fermeture dans la semaine", points=weights.week if soon else 0),
        Part(reason="Fermeture dans le mois", points=weights.month if later else 0),
        Part(reason="ALD, maternité ou hospitalisation", points=weights.care if former.care else 0),
        Part(reason="C2S ou AME", points=weights.complementary if former.complementary else 0),
        Part(reason="Enfant en bas âge", points=weights.infant if family.infant else 0),
    ]


def born_abroad(nir: Nir, born: PartialDate, rules: PackAt) -> bool:
    """True for a place of birth that was abroad, or has become so (C11): the row of the pack at the birth date says which."""
    return nir.birth_place in rules.pack.at("birth_places", date(born.year, born.month or 1, born.day or 1)).abroad


def younger_than(born: PartialDate, years: int, as_of: date) -> bool:
    """True before that birthday; what is not known of a birth date is taken as late as it may be, for the child."""
    turned = (born.year + years, born.month or 12, born.day or 31)
    return (as_of.year, as_of.month, as_of.day) < turned


def months_before(day: date, months: int) -> date:
    """The same day some months before, or the last of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    raise ValueError("no month has fewer than 28 days")
