"""The oracle against the worked examples of the domain text, their amounts written by hand."""

from collections import Counter
from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from sandbox.delivery import content, read
from sandbox.maker import A01_INCOMES, Maker, incomes
from sandbox.model import Listed, Person, Population, Stop
from sandbox.oracle import Verdict, history, judge
from sandbox.population import build
from sandbox.rules import compute, income_threshold_c

RUN_DATE = date(2026, 3, 27)
COMMON = tuple(f"C-{number:02d}" for number in (*range(2, 14), 15))
READING = "ARRET ANO MOTIF ETAT RISQUE TPT SM CHEV 48H TARDIF STATUT AFF ANNEES EXCLU ECHEANCIER"
COMPUTING = "PAMC COEF RAAM MAX ACP"
CODES = (*COMMON, *(f"R-{name}" for name in f"{READING} {COMPUTING}".split()))


@pytest.fixture(scope="module")
def default() -> Population:
    """The population of the demo."""
    return build(200, 931, "2026-03-27")


@pytest.fixture(scope="module")
def by_case(default: Population) -> dict[str, tuple[str, int | None, tuple[str, ...]]]:
    """Outcome, amount and codes of each special case."""
    verdicts = judge(default, content(default), RUN_DATE)
    return {
        row.case: (verdict.outcome, verdict.amount_c, verdict.codes)
        for row, verdict in zip(default.rows, verdicts, strict=True)
    }


@pytest.mark.parametrize(
    ("case", "outcome", "amount_c", "codes"),
    [
        ("A01", "entered", 69_739, ()),
        ("A03", "exception", 39_739, ("R-ACP",)),
        ("A05", "exception", 0, ("R-RAAM",)),
        ("A06", "nothing_to_pay", 937, ()),
        ("A07", "exception", 56_240, ("R-COEF",)),
        ("A08", "nothing_to_pay", 0, ()),
        ("A10", "entered", 50_719, ()),
        ("A12", "awaiting_approval", 80_000, ()),
        ("A13 30/06/2021", "exception", 73_611, ("R-PAMC",)),
        ("A13 01/07/2021", "entered", 69_521, ()),
        ("A15", "exception", None, ("R-48H",)),
        ("A16", "exception", None, ("R-CHEV",)),
        ("A17 2A", "entered", 69_739, ()),
        ("A17 2B", "entered", 69_739, ()),
        ("A18", "exception", None, ("C-02",)),
        ("A19 clé fausse", "set_aside", None, ("LIGNE",)),
        ("A21", "exception", None, ("C-08",)),
        ("A23", "exception", None, ("R-TARDIF",)),
        ("A24", "exception", 69_739, ("C-09",)),
        ("A26", "exception", None, ("C-04",)),
        ("A28 affiliation", "exception", None, ("R-AFF",)),
        ("A28 droits", "exception", None, ("C-06",)),
        ("A28 organisme", "exception", None, ("C-06",)),
        ("700,00", "entered", 70_000, ()),
        ("700,01", "awaiting_approval", 70_001, ()),
        ("10,00", "entered", 1_000, ()),
        ("9,99", "nothing_to_pay", 999, ()),
        ("prolongation", "entered", 57_059, ()),
        ("R-ACP même montant", "exception", 0, ("R-ACP",)),
        ("C-07 une fois", "entered", 69_739, ()),
        ("plusieurs", "exception", None, ("C-08", "C-10", "R-ETAT", "R-ECHEANCIER")),
    ],
)
def test_a_worked_example_ends_as_the_domain_text_says(
    by_case: dict[str, tuple[str, int | None, tuple[str, ...]]],
    case: str,
    outcome: str,
    amount_c: int | None,
    codes: tuple[str, ...],
) -> None:
    assert by_case[case] == (outcome, amount_c, codes)


def test_every_operand_of_the_worked_example_is_the_published_one(default: Population) -> None:
    person = _person(default, "A01")

    computed = compute(person, person.stops[-1], RUN_DATE)

    assert computed.raam_c == Fraction(3_100_000)
    assert (computed.daily_c, computed.days) == (4_247, 22)
    assert (computed.first, computed.last) == (date(2026, 3, 5), date(2026, 3, 26))
    assert (computed.gross_c, computed.net_c, computed.amount_c) == (93_434, 87_174, 69_739)


def test_the_incomes_of_a_liberal_profession_are_capped_at_three_ceilings(default: Population) -> None:
    person = _person(default, "A12")

    assert compute(person, person.stops[-1], RUN_DATE).daily_c == 19_751


def test_the_ceiling_is_that_of_the_year_of_the_medical_date(default: Population) -> None:
    rich = replace(_person(default, "A10"), incomes=incomes(2025, (90_000, 90_000, 90_000)))

    assert compute(rich, rich.stops[-1], RUN_DATE).daily_c == 6_452


@pytest.mark.parametrize(("year", "threshold_c"), [(2022, 409_320), (2023, 411_360), (2024, 420_880), (2026, 458_200)])
def test_the_income_threshold_is_the_published_one(year: int, threshold_c: int) -> None:
    assert income_threshold_c(year) == threshold_c


@pytest.mark.parametrize("code", CODES)
def test_every_control_stops_somebody_by_itself(
    by_case: dict[str, tuple[str, int | None, tuple[str, ...]]], code: str
) -> None:
    assert any(codes == (code,) for _, _, codes in by_case.values())


@pytest.mark.parametrize("seed", [931, 1, 2, 3, 4, 5])
def test_no_seed_makes_a_plain_person_doubtful(seed: int) -> None:
    population = build(120, seed, "2026-03-27")
    expected = {"nominal": "entered", "large": "awaiting_approval"}

    verdicts = judge(population, content(population), RUN_DATE)

    plain = [(r.case, v.outcome) for r, v in zip(population.rows, verdicts, strict=True) if r.case in expected]
    assert plain == [(case, expected[case]) for case, _ in plain]
    assert len(plain) >= 60


def test_the_demo_has_its_announced_outcomes(default: Population) -> None:
    verdicts = judge(default, content(default), RUN_DATE)

    assert Counter(verdict.outcome for verdict in verdicts) == {
        "entered": 119,
        "exception": 56,
        "awaiting_approval": 12,
        "set_aside": 9,
        "nothing_to_pay": 4,
    }


def test_a_stop_delivered_again_adds_nothing(default: Population) -> None:
    first, again = content(default), content(default, change=7)
    before = history(default, [(first, RUN_DATE)], set())

    verdicts = judge(default, again, date(2026, 3, 30), before)

    assert Counter(v.outcome for v in verdicts) == {"already_done": 119, "set_aside": 77, "nothing_to_pay": 4}


def test_what_the_ledger_holds_is_already_done(default: Population) -> None:
    data = content(default)
    key = next(line.key for line in read(data) if line.number == _line(default, "A12"))

    verdicts = judge(default, data, RUN_DATE, history(default, [], {key}))

    assert [v for v in verdicts if v.outcome == "already_done"] == [
        Verdict(line=_line(default, "A12"), outcome="already_done")
    ]


def test_a_person_of_another_name_in_the_delivery_fails_the_identity_control() -> None:
    maker = Maker(1, RUN_DATE)
    person = maker.worked(birth_name="Crèvecœur-D'Aubrac", usage_name="")
    spelled = maker.listed("x", person, name_as_delivered="CREVECOEUR D’AUBRAC")
    other = replace(spelled, name_as_delivered="CREVECOEUR DAUBRAC")

    assert (_outcome(spelled), _outcome(other)) == ("entered", "exception")


@pytest.mark.parametrize(("changed_days_ago", "outcome"), [(30, "entered"), (29, "exception")])
def test_an_account_is_trusted_from_the_thirtieth_day(changed_days_ago: int, outcome: str) -> None:
    maker = Maker(1, RUN_DATE)
    person = maker.worked()
    assert person.bank is not None
    changed = date.fromordinal(RUN_DATE.toordinal() - changed_days_ago)

    recent = replace(person, bank=replace(person.bank, changed=changed))

    assert _outcome(maker.listed("x", recent)) == outcome


@pytest.mark.parametrize(("gap", "outcome"), [(1, "exception"), (2, "exception"), (3, "entered")])
def test_a_new_stop_within_two_days_of_the_last_goes_to_a_person(gap: int, outcome: str) -> None:
    maker = Maker(1, RUN_DATE)
    person = maker.worked()
    start = person.stops[0].start.toordinal()
    past = maker.stop(date.fromordinal(start - 30), date.fromordinal(start - gap - 1))

    assert _outcome(maker.listed("x", replace(person, stops=(past, *person.stops)))) == outcome


def test_the_worked_example_of_the_maker_is_the_one_of_the_domain_text() -> None:
    stop = Maker(1, RUN_DATE).worked().stops[0]

    assert A01_INCOMES == (30_000, 36_000, 27_000)
    assert (stop.start, stop.end, stop.medical) == (date(2026, 3, 2), date(2026, 4, 5), date(2026, 3, 2))
    assert isinstance(stop, Stop)


def _person(population: Population, case: str) -> Person:
    return next(row.person for row in population.rows if isinstance(row, Listed) and row.case == case)


def _line(population: Population, case: str) -> int:
    return next(number for number, row in enumerate(population.rows, start=2) if row.case == case)


def _outcome(listed: Listed) -> str:
    population = Population(size=1, seed=1, today=RUN_DATE, rows=(listed,))
    return judge(population, content(population), RUN_DATE)[0].outcome
