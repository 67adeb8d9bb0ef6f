"""Expressions: exact numbers, no silent missing value, nothing of Python but what is listed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from pydantic import BaseModel

from orchestrator.domain.civil import Period
from orchestrator.domain.money import Euros
from orchestrator.domain.personal import PersonName
from orchestrator.language.checking import infer
from orchestrator.language.expressions import Expression, ExpressionSyntaxError, parse
from orchestrator.language.faults import ExpressionError
from orchestrator.language.functions import FUNCTIONS


class Row(BaseModel, frozen=True):
    """A row of a list."""

    period: Period
    state: str
    year: int = 2026


def evaluate(text: str, **names: object) -> object:
    return Expression(text=text, place="essai", line=1, tree=parse(text)).evaluate(names)


def shape(text: str, scope: Mapping[str, Any]) -> Any:
    return infer(parse(text), scope)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1 + 0.2 == 0.3", True),
        ("1 / 3 * 3 == 1", True),
        ("0.80", Decimal("0.80")),
        ("1 / 3", Fraction(1, 3)),
        ("2 + 3 * 4", 14),
        ("10.00 EUR", Euros(1_000)),
        ("10.00 EUR + 0.05 EUR", Euros(1_005)),
        ("2 * 10.00 EUR", Euros(2_000)),
        ('"10.00 EUR"', "10.00 EUR"),
        ("amount < 10.00 EUR", True),
        ('state in ["PAYE", "EN_COURS"]', True),
        ("not (true and false)", True),
        ("1 < 2 < 3", True),
        ("-3 < 0", True),
    ],
)
def test_values_are_exact(text: str, value: object) -> None:
    result = evaluate(text, amount=Euros(937), state="PAYE")

    assert result == value
    assert not isinstance(result, float)


@pytest.mark.parametrize("text", ["missing == 1", "missing != 1", "not missing", "missing < 2", "true and missing"])
def test_a_missing_value_is_an_error_and_never_false_or_true(text: str) -> None:
    with pytest.raises(ExpressionError, match="« missing » n'est pas renseigné"):
        evaluate(text, missing=None)


def test_known_asks_whether_a_value_is_there() -> None:
    assert evaluate("known(missing) and missing < 3", missing=None) is False
    assert evaluate("known(missing) and missing < 3", missing=2) is True


def test_a_name_that_is_missing_is_an_error_even_inside_a_function_that_allows_it() -> None:
    with pytest.raises(ExpressionError, match="« stop » n'existe pas pour ce dossier"):
        evaluate("known(stop.death)")


def test_a_failure_never_quotes_values() -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate("name < 3", name="MARTIN")

    assert "MARTIN" not in str(caught.value)
    assert caught.value.__suppress_context__


ROWS = [
    Row(period=Period(date(2026, 3, 1), date(2026, 3, 10)), state="PAYE"),
    Row(period=Period(date(2026, 3, 20), date(2026, 3, 25)), state="REJETE", year=2025),
]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('any_overlap(rows, period, state="PAYE")', True),
        ('any_overlap(rows, period, state="EN_COURS")', False),
        ("count(overlapping(rows, period))", 1),
        ('any_with(rows, state="REJETE")', True),
        ('all_among(rows, "state", ["PAYE", "REJETE"])', True),
        ('all_among(rows, "state", ["PAYE"])', False),
        ("every_year(rows, 2025, 2026)", True),
        ("every_year(rows, 2024, 2026)", False),
        ("any_ended_just_before(rows, first, 2)", True),
        ("any_ended_just_before(rows, first, 1)", False),
        ("days_between(first, run) == 14", True),
        ("add_years(leap, 1)", date(2025, 2, 28)),
        ("add_days(run, -1)", date(2026, 3, 26)),
        ("elapsed(period, run)", Period(date(2026, 3, 5), date(2026, 3, 15))),
        ("elapsed(period, first).start == period.start", True),
        ("covers(period, period) and overlaps(period, period)", True),
        ("covers(nothing, period) or overlaps(period, nothing)", False),
        ("same_name(name, other)", True),
        ("same_name(name, nothing)", False),
        ('same_text("Agent  A", "agent a")', True),
        ("earliest(first, run) < latest(first, run)", True),
        ("any([false, true]) and all([true, true])", True),
    ],
)
def test_functions_of_the_table(text: str, value: object) -> None:
    names = {
        "rows": ROWS,
        "period": Period(date(2026, 3, 5), date(2026, 3, 15)),
        "first": date(2026, 3, 13),
        "run": date(2026, 3, 27),
        "leap": date(2024, 2, 29),
        "name": PersonName("Le Gall-Cœur"),
        "other": PersonName("LE GALL COEUR"),
        "nothing": None,
    }

    assert evaluate(text, **names) == value


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda found: found.name)
def test_every_example_of_the_table_calls_its_function(function: Any) -> None:
    parse(function.example)
    assert function.name + "(" in function.example
    assert function.doc.endswith(".")


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')",
        "rows[0]",
        "[row for row in rows]",
        "rows.append(1)",
        "().__class__",
        "f'{rows}'",
        "rows if true else rows",
        "2 ** 9",
        "7 % 2",
        "1 << 3",
        "{1: 2}",
        "(1, 2)",
        "b'x' == b'x'",
        "None == None",
        "rows is rows",
        "count(*rows)",
        "any_with(rows, **rows)",
        "(x := 1)",
        "...",
        "1j",
        "name._clear",
        "name.reveal",
        "name.normalised",
        "run - run",
        "run + 1",
        "amount * 0.5",
    ],
)
def test_everything_else_is_refused_when_loaded(text: str) -> None:
    scope = {"rows": list[Row], "name": PersonName, "run": date, "amount": Euros}

    with pytest.raises(ExpressionSyntaxError):
        shape(text, scope)


@pytest.mark.parametrize("text", ["1e5", "5.", ".5", "1_000.5"])
def test_a_number_is_written_one_way(text: str) -> None:
    with pytest.raises(ExpressionSyntaxError):
        parse(text)


def test_types_follow_models_properties_unions_and_optional_values() -> None:
    class Other(BaseModel):
        ended: date | None = None

        @property
        def open(self) -> bool:
            """Not ended."""
            return self.ended is None

    scope = {"thing": Row | Other, "rows": tuple[Row, ...]}

    assert shape("thing.ended", scope) is date
    assert shape("thing.open and thing.year > 2", scope) is bool
    assert shape("overlapping(rows, thing.period)", scope) == list[Row]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('any(row.state == "PAYE" for row in rows)', True),
        ('all(row.state == "PAYE" for row in rows)', False),
        ("all(row.year < 2026 for row in rows if row.period.start > first)", True),
        ('count(row for row in rows if row.state == "PAYE" and row.period.days > 5)', 1),
        ("count(row.year for row in rows if any(row.year == other.year + 1 for other in rows)) == 1", True),
        ('any(row.state == "SOLDE" for row in none)', False),
        ('all(row.state == "SOLDE" for row in none)', True),
    ],
)
def test_a_condition_is_asked_of_each_row_of_a_list(text: str, value: object) -> None:
    assert infer(parse(text), {"rows": list[Row], "none": list[Row], "first": date}) is type(value)
    assert evaluate(text, rows=ROWS, none=[], first=date(2026, 3, 11)) == value


def test_a_missing_value_of_one_row_is_an_error_even_when_another_row_decides() -> None:
    class Dated(BaseModel, frozen=True):
        day: date | None

    rows = [Dated(day=date(2026, 3, 1)), Dated(day=None)]
    with pytest.raises(ExpressionError, match=r"« row\.day » n'est pas renseigné"):
        evaluate("any(row.day < run for row in rows)", rows=rows, run=date(2026, 3, 27))
    assert evaluate("any(known(row.day) and row.day < run for row in rows)", rows=rows, run=date(2026, 3, 27)) is True


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("any(row.stat == 1 for row in rows)", "« row » n'a pas de champ « stat »", 8),
        ("any(row.state for row in rows)", "« any » attend une liste de conditions", 3),
        ("any(row.state == run for row in rows)", "un texte ne se compare pas à une date", 4),
        ("any(row.x == 1 for row in run)", "une liste est attendue après « in », « run » est une date", 26),
        ("any(run.year == 1 for run in rows)", "le nom « run » veut déjà dire autre chose", 22),
        ("any(count.year == 1 for count in rows)", "le nom « count » veut déjà dire autre chose", 24),
        ("any(a.year == b.year for a in rows for b in rows)", "une seule liste à la fois", 3),
        ("any(row.year == 1 for row in rows) and row.year == 1", "« row » est inconnu ici", 39),
        ("any(row.year == 1 for row in rows if row.year)", "une condition (vrai ou faux) attendue", 37),
        ("any((a, b) == 1 for a, b in rows)", "une seule liste à la fois", 3),
        ("any(row.__class__ == 1 for row in rows)", "« row » n'a pas de champ « __class__ »", 8),
    ],
)
def test_what_is_asked_of_each_row_is_checked_when_loaded(text: str, message: str, column: int) -> None:
    with pytest.raises(ExpressionSyntaxError) as caught:
        shape(text, {"rows": list[Row], "run": date})

    assert message in caught.value.message
    assert caught.value.shift == column
