"""The functions of expressions, in one table: name, what it takes, what it gives, in French, with an example.

Nothing else can be called. Rows are the lists that keywords return; a filter ``state="PAYE"`` keeps the rows whose
field has that value. A function that compares people or periods says False when one of them is missing.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from inspect import Parameter, signature
from typing import Any

from orchestrator.domain.civil import Period
from orchestrator.domain.personal import PersonName
from orchestrator.language.business_days import add_business_days, business_days_between
from orchestrator.language.shapes import ANY

#: A list of rows with fields.
ROWS = "rows"
#: A list of anything.
LIST = "list"
#: The name of a field of the rows, between quotes.
COLUMN = "column"


@dataclass(frozen=True, kw_only=True)
class Function:
    """One function of the language."""

    #: Its name.
    name: str
    #: What is called.
    call: Callable[..., Any]
    #: The shapes of its arguments, in order.
    takes: tuple[Any, ...]
    #: The shape of what it gives; :data:`ROWS` for the same rows as the first argument.
    gives: Any
    #: True when ``field=value`` filters may follow.
    filters: bool
    #: In French, one sentence.
    doc: str
    #: An example.
    example: str
    #: Fields that the rows must have.
    needs: tuple[str, ...]

    @property
    def missing_allowed(self) -> bool:
        """True when it has an answer for a missing value."""
        return self.call in {_known, _same_name, _same_text, _overlaps, _covers}


def _kept(rows: Sequence[Any], filters: dict[str, Any]) -> list[Any]:
    return [row for row in rows if all(getattr(row, name) == value for name, value in filters.items())]


def _any_with(rows: Sequence[Any], **filters: Any) -> bool:  # noqa: ANN401
    return bool(_kept(rows, filters))


def _overlapping(rows: Sequence[Any], period: Period, **filters: Any) -> list[Any]:  # noqa: ANN401
    return [row for row in _kept(rows, filters) if row.period.overlaps(period)]


def _any_overlap(rows: Sequence[Any], period: Period, **filters: Any) -> bool:  # noqa: ANN401
    return bool(_overlapping(rows, period, **filters))


def _any_ended_just_before(rows: Sequence[Any], day: date, gap: int, **filters: Any) -> bool:  # noqa: ANN401
    gaps = ((day - row.period.end).days - 1 for row in _kept(rows, filters))
    return any(0 <= found <= gap for found in gaps)


def _all_among(rows: Sequence[Any], column: str, allowed: Sequence[Any]) -> bool:
    return all(getattr(row, column) in allowed for row in rows)


def _every_year(rows: Sequence[Any], first: int, last: int) -> bool:
    return set(range(first, last + 1)) <= {row.year for row in rows}


def _same_name(one: PersonName | None, other: PersonName | None) -> bool:
    return one is not None and other is not None and one.normalised == other.normalised


def _same_text(one: str | None, other: str | None) -> bool:
    return (
        one is not None and other is not None and " ".join(one.split()).casefold() == " ".join(other.split()).casefold()
    )


def _overlaps(one: Period | None, other: Period | None) -> bool:
    return one is not None and other is not None and one.overlaps(other)


def _covers(one: Period | None, other: Period | None) -> bool:
    return one is not None and other is not None and one.start <= other.start and other.end <= one.end


def _elapsed(period: Period, day: date) -> Period:
    return Period(period.start, max(period.start, min(period.end, day - timedelta(days=1))))


def _days_between(first: date, last: date) -> int:
    return (last - first).days


def _add_days(day: date, count: int) -> date:
    return day + timedelta(days=count)


def _add_years(day: date, count: int) -> date:
    year = day.year + count
    return day.replace(year=year, day=min(day.day, monthrange(year, day.month)[1]))


def _min(one: Fraction, other: Fraction) -> Fraction:
    return min(one, other)


def _points(number: Fraction, condition: bool) -> Fraction:  # noqa: FBT001 - called by position, as in a condition
    return number if condition else Fraction(0)


def _max(one: Fraction, other: Fraction) -> Fraction:
    return max(one, other)


def _earliest(one: date, other: date) -> date:
    return min(one, other)


def _latest(one: date, other: date) -> date:
    return max(one, other)


def _known(value: object) -> bool:
    return value is not None


def _function(
    name: str,
    call: Callable[..., Any],
    takes: tuple[Any, ...],
    gives: Any,  # noqa: ANN401
    doc: str,
    example: str,
    *needs: str,
) -> Function:
    filters = any(p.kind is Parameter.VAR_KEYWORD for p in _parameters(call))
    return Function(
        name=name, call=call, takes=takes, gives=gives, doc=doc, example=example, needs=needs, filters=filters
    )


def _parameters(call: Callable[..., Any]) -> list[Parameter]:
    return list(signature(call).parameters.values()) if call.__module__ == __name__ else []


_ALL = (
    _function("known", _known, (ANY,), bool, "Vrai quand la valeur est renseignée.", "known(account.changed_on)"),
    _function(
        "count",
        len,
        (LIST,),
        int,
        "Le nombre d'éléments d'une liste.",
        "count(one for one in checked if one.late) == 0",
    ),
    _function(
        "any",
        any,
        (list[bool],),
        bool,
        "Vrai quand une condition au moins est vraie ; faux pour une liste vide.",
        "any(row.alive for row in stop.others)",
    ),
    _function(
        "all",
        all,
        (list[bool],),
        bool,
        "Vrai quand toutes le sont ; vrai pour une liste vide.",
        "all(row.end < stop.start for row in stop.others if row.alive)",
    ),
    _function(
        "same_name",
        _same_name,
        (PersonName, PersonName),
        bool,
        "Vrai quand deux noms sont égaux, sans accents, casse, traits d'union ni apostrophes ; faux s'il en manque un.",
        "same_name(person.birth_name, birth_name)",
    ),
    _function(
        "same_text",
        _same_text,
        (str, str),
        bool,
        "Vrai quand deux textes sont égaux, sans tenir compte de la casse ni des espaces ; faux s'il en manque un.",
        'same_text(account.origin, "agent")',
    ),
    _function(
        "days_between",
        _days_between,
        (date, date),
        int,
        "Nombre de jours de la première date à la seconde (négatif si la seconde est avant).",
        "days_between(account.changed_on, run.date) >= 30",
    ),
    _function(
        "add_days",
        _add_days,
        (date, int),
        date,
        "La date, un nombre de jours plus tard.",
        "add_days(stop.start, 2)",
    ),
    _function(
        "add_years",
        _add_years,
        (date, int),
        date,
        "La date, un nombre d'années plus tard (le 29 février devient le 28).",
        "add_years(rights.affiliated_on, 1) <= stop.medical_date",
    ),
    _function(
        "business_days_between",
        business_days_between,
        (date, date),
        int,
        "Nombre de jours ouvrés après la première date, jusqu'à la seconde comprise (négatif si elle est avant).",
        "business_days_between(received_on, today)",
    ),
    _function(
        "add_business_days",
        add_business_days,
        (date, int),
        date,
        "La date, un nombre de jours ouvrés plus tard.",
        "add_business_days(today, 2)",
    ),
    _function(
        "min", _min, (Fraction, Fraction), Fraction, "Le plus petit de deux nombres.", "min(30, person.homonyms)"
    ),
    _function("max", _max, (Fraction, Fraction), Fraction, "Le plus grand de deux nombres.", "max(0, person.homonyms)"),
    _function(
        "points",
        _points,
        (Fraction, bool),
        Fraction,
        "Le nombre quand la condition est vraie, sinon zéro : pour additionner des points.",
        "points(100, person.deceased)",
    ),
    _function("earliest", _earliest, (date, date), date, "La première de deux dates.", "earliest(stop.end, run.date)"),
    _function(
        "latest", _latest, (date, date), date, "La dernière de deux dates.", "latest(stop.start, rights.affiliated_on)"
    ),
    _function(
        "overlaps",
        _overlaps,
        (Period, Period),
        bool,
        "Vrai quand deux périodes ont un jour commun ; faux s'il en manque une.",
        "overlaps(advance.period, stop.period)",
    ),
    _function(
        "covers",
        _covers,
        (Period, Period),
        bool,
        "Vrai quand la première période contient toute la seconde ; faux s'il en manque une.",
        "covers(person.rights, stop.period)",
    ),
    _function(
        "elapsed",
        _elapsed,
        (Period, date),
        Period,
        "Les jours de la période passés avant ce jour ; au moins son premier jour.",
        "elapsed(stop.period, run.date)",
    ),
    _function(
        "any_with",
        _any_with,
        (ROWS,),
        bool,
        "Vrai quand une ligne a ces valeurs.",
        "any_with(advances, stop_id=stop_id, open=true)",
    ),
    _function(
        "any_overlap",
        _any_overlap,
        (ROWS, Period),
        bool,
        "Vrai quand la période d'une ligne (ayant ces valeurs) a un jour commun avec celle-ci.",
        'any_overlap(payments, stop.period, state="PAYE")',
        "period",
    ),
    _function(
        "overlapping",
        _overlapping,
        (ROWS, Period),
        ROWS,
        "Les lignes (ayant ces valeurs) dont la période a un jour commun avec celle-ci.",
        'overlapping(payments, stop.period, state="REJETE")',
        "period",
    ),
    _function(
        "any_ended_just_before",
        _any_ended_just_before,
        (ROWS, date, int),
        bool,
        "Vrai quand une ligne finit avant ce jour en laissant au plus ce nombre de jours pleins entre les deux.",
        "any_ended_just_before(stop.others, stop.start, 2, alive=true)",
        "period",
    ),
    _function(
        "all_among",
        _all_among,
        (ROWS, COLUMN, LIST),
        bool,
        "Vrai quand, sur toutes les lignes, ce champ a l'une des valeurs de la liste.",
        'all_among(payments, "reject_code", rules.ij.anomalies.technical)',
    ),
    _function(
        "every_year",
        _every_year,
        (ROWS, int, int),
        bool,
        "Vrai quand il y a une ligne pour chaque année, de la première à la dernière.",
        "every_year(rights.incomes, stop.medical_date.year - 3, stop.medical_date.year - 1)",
        "year",
    ),
)

#: The functions of the language by name.
FUNCTIONS = {function.name: function for function in _ALL}
