"""The rules of incoming transfers, against values written by hand from the domain (C.3, C.6)."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keywords.transfers import family, identity, months_before, score
from keywords.transfers.identities import match_births, match_names, one_slip, registered_as, same_in_digits
from keywords.transfers.models import BirthMatch, Certified, Dependent, Family, Former, Identity, NameMatch, Score
from orchestrator.domain.civil import PartialDate, parse_french_date
from orchestrator.domain.errors import BusinessException
from orchestrator.domain.personal import Nir, PersonName
from orchestrator.domain.rules import PackAt, RulePack
from orchestrator.language.faults import Faults
from orchestrator.language.rulepacks import load_rule_pack

RULES = Path(__file__).parents[3] / "scenarios" / "rules" / "mutations.yaml"
TODAY = date(2026, 2, 2)
MAN, WOMAN = Nir.parse("185026199900189"), Nir.parse("285026199900238")


def _pack() -> RulePack:
    faults = Faults(file=RULES.name)
    loaded, _ = load_rule_pack(RULES, faults)
    assert loaded is not None
    assert faults.found == []
    return loaded


AT = PackAt(pack=_pack(), day=TODAY)


def scored(end: str, effect: str, as_of: date = TODAY, children: tuple[str, ...] = (), **facts: bool) -> Score:
    known = {"care": False, "complementary": False, "allowances": False, "our_department": True, **facts}
    former = Former(end=date.fromisoformat(end) if end else None, **known)
    found = score(
        former=former, family=with_children(*children), effect=date.fromisoformat(effect), as_of=as_of, rules=AT
    )
    assert isinstance(found, Score)
    return found


def with_children(*born: str) -> Family:
    dependents = [child(day) for day in born]
    found = family(dependents=dependents, as_of=TODAY, rules=AT)
    assert isinstance(found, Family)
    return found


def child(born: str, *, certified: bool = True, other_organism: str = "") -> Dependent:
    return Dependent(nir=MAN, born=PartialDate.parse(born), certified=certified, other_organism=other_organism)


@pytest.mark.parametrize(
    ("case", "end", "effect", "gap", "twice"),
    [("C01", "2026-01-31", "2026-02-01", 0, 0), ("C02", "2026-01-15", "2026-02-01", 16, 0),
     ("C03", "2026-02-28", "2026-02-01", -28, 28), ("leap", "2024-02-29", "2024-03-01", 0, 0),
     ("open", "", "2026-02-01", 0, 0)],
)  # fmt: skip
def test_gap_and_overlap_of_two_periods(case: str, end: str, effect: str, gap: int, twice: int) -> None:
    found = scored(end, effect)
    assert (found.gap, found.broken, found.twice) == (gap, gap > 0, twice), case


@pytest.mark.parametrize(
    ("case", "end", "children", "facts", "points"),
    [("C02", "2026-01-15", (), {}, 100), ("C13", "2026-02-01", ("01/02/2025",), {"care": True}, 170),
     ("today", "2026-02-02", (), {}, 50), ("7 days", "2026-02-09", (), {}, 50), ("8 days", "2026-02-10", (), {}, 20),
     ("30 days", "2026-03-04", (), {}, 20), ("31 days", "2026-03-05", (), {}, 0), ("open", "", (), {}, 0),
     ("C2S", "", (), {"complementary": True}, 30), ("two years", "", ("02/02/2024",), {}, 0),
     ("not yet two", "", ("03/02/2024",), {}, 30), ("day unknown", "", ("00/02/2024",), {}, 30)],
)  # fmt: skip
def test_the_points_of_a_transfer(
    case: str, end: str, children: tuple[str, ...], facts: dict[str, Any], points: int
) -> None:
    found = scored(end, "2026-02-01", children=children, **facts)
    assert (found.points, sum(part.points for part in found.parts)) == (points, points), case


@pytest.mark.parametrize(
    ("effect", "inside"),
    [("2025-12-01", False), ("2025-12-02", True), ("2026-02-02", True), ("2026-02-03", False)],
)
def test_an_effect_more_than_two_months_back_or_in_the_future_is_for_a_person(effect: str, *, inside: bool) -> None:
    assert scored("", effect).in_window is inside


def test_two_months_before_the_end_of_a_month() -> None:
    assert [months_before(date(2026, 4, day), 2) for day in (28, 29, 30)] == [date(2026, 2, 28)] * 3
    assert months_before(date(2026, 1, 31), 2) == date(2025, 11, 30)


@pytest.mark.parametrize(("effect", "waived"), [("2020-03-15", True), ("2020-09-30", True), ("2020-10-01", False)])
def test_c19_the_residence_waiting_period_is_a_dated_row(effect: str, *, waived: bool) -> None:
    assert scored("", effect, as_of=date(2020, 10, 1)).waived is waived


def test_a_day_before_every_rule_is_c_15() -> None:
    early = PackAt(pack=AT.pack, day=date(2017, 12, 31))
    with pytest.raises(BusinessException, match="Aucune règle"):
        family(dependents=[], as_of=TODAY, rules=early)


@pytest.mark.parametrize(
    ("said", "birth", "usage", "expected"),
    [("LEFEVRE", "Lefèvre", None, NameMatch.EQUAL), ("d aubrac", "D'Aubrac", None, NameMatch.EQUAL),
     ("CREVECOEUR", "Crèvecœur", None, NameMatch.EQUAL), ("Le  Goff Kermadec", "LE GOFF-KERMADEC", None, NameMatch.EQUAL),
     ("LEFEVER", "Lefèvre", None, NameMatch.NEAR), ("LEFEVR", "Lefèvre", None, NameMatch.NEAR),
     ("LEFEVRES", "Lefèvre", None, NameMatch.NEAR), ("LEFEBRE", "Lefèvre", None, NameMatch.NEAR),
     ("Noël", "Houël", "NOEL", NameMatch.INVERTED), ("LEFEBER", "Lefèvre", None, NameMatch.DIFFERENT),
     ("Noël", "Houël", None, NameMatch.DIFFERENT)],
)  # fmt: skip
def test_names_are_compared_after_normalisation(said: str, birth: str, usage: str | None, expected: NameMatch) -> None:
    used = None if usage is None else PersonName.parse(usage)
    assert match_names(PersonName.parse(said), PersonName.parse(birth), used) is expected


@given(one=st.text("ABC", max_size=5), other=st.text("ABC", max_size=5))
def test_one_slip_is_the_distance_of_damerau(one: str, other: str) -> None:
    made = {one[:n] + one[n + 1 :] for n in range(len(one))}
    made |= {one[:n] + letter + one[n + kept :] for n in range(len(one) + 1) for letter in "ABC" for kept in (0, 1)}
    made |= {one[:n] + one[n : n + 2][::-1] + one[n + 2 :] for n in range(len(one) - 1)}
    assert one_slip(one, other) is (other in made and one != other)


@pytest.mark.parametrize(
    ("case", "nir", "said", "known", "expected"),
    [("same", "185026199900189", "12/02/1985", "12/02/1985", BirthMatch.EQUAL),
     ("C10", "185206199900384", "00/00/1985", "00/00/1985", BirthMatch.PARTIAL),
     ("C10", "185206199900384", "00/00/1985", "12/05/1985", BirthMatch.PARTIAL),
     ("C10", "185206199900384", "11/05/1985", "12/05/1985", BirthMatch.DIFFERENT),
     ("year", "185026199900189", "12/02/1986", "12/02/1985", BirthMatch.DIFFERENT),
     ("NIR of another month", "185026199900189", "12/03/1985", "12/03/1985", BirthMatch.DIFFERENT),
     ("NIR of another year", "185026199900189", "12/02/1984", "12/02/1984", BirthMatch.DIFFERENT)],
)  # fmt: skip
def test_c10_partial_birth_dates(case: str, nir: str, said: str, known: str, expected: BirthMatch) -> None:
    found = match_births(Nir.parse(nir), PartialDate.parse(said), PartialDate.parse(known))
    assert found is expected, case


def test_c07_a_number_being_registered_and_the_nir_that_it_became() -> None:
    provisional = Nir.parse("885026199900229")
    assert registered_as(provisional, WOMAN)
    assert provisional.provisional
    assert not registered_as(provisional, MAN)
    assert not registered_as(WOMAN, WOMAN)


def test_a_corsican_number_and_the_one_that_has_its_digits() -> None:
    corsican, continental = Nir.parse("285022b99900235"), Nir.parse("285021899900235")
    assert same_in_digits(corsican, continental)
    assert corsican != continental
    assert not same_in_digits(corsican, corsican)
    assert not same_in_digits(corsican, WOMAN)


@pytest.mark.parametrize(
    ("case", "place", "born", "abroad"),
    [("C11 abroad", "99", "12/02/1985", True), ("C11 Algeria", "93", "12/02/1955", True),
     ("93 is a department", "93", "12/02/1985", False), ("Orne", "61", "12/02/1985", False)],
)  # fmt: skip
def test_c11_where_a_number_says_that_somebody_is_born(case: str, place: str, born: str, *, abroad: bool) -> None:
    day = PartialDate.parse(born)
    number = f"1{day.year % 100:02d}02{place}999001"
    found = identified(Nir.parse(f"{number}{97 - int(number) % 97:02d}"), day)
    expected = Identity(
        name=NameMatch.EQUAL, birth=BirthMatch.EQUAL, foreign=abroad, homonyms=0, registered=False, confused=False
    )
    assert found == expected, case


def identified(nir: Nir, born: PartialDate, *others: Nir) -> Identity:
    rniam = Certified(
        certified=True, birth_name=PersonName("Noël"), born=born, deceased=False, organism="023610000", others=others
    )
    found = identity(nir=nir, birth_name=PersonName("NOEL"), born=born, certified=rniam, rules=AT)
    assert isinstance(found, Identity)
    return found


def test_other_numbers_of_the_same_traits_are_homonyms_or_what_the_number_became() -> None:
    born, provisional = PartialDate.parse("12/02/1985"), Nir.parse("885026199900229")
    corsican, continental = Nir.parse("285022B99900235"), Nir.parse("285021899900235")
    assert identified(MAN, born, WOMAN).homonyms == 1  # C08
    became = identified(provisional, born, WOMAN)
    assert (became.homonyms, became.registered) == (1, True)  # C07
    assert identified(corsican, born, continental).confused


def test_dependents_are_counted_by_what_keeps_them_from_following() -> None:
    children = [
        child("01/01/2015"),
        child("01/01/2016", certified=False),
        child("01/01/2017", other_organism="023610000"),
    ]
    found = family(dependents=children, as_of=TODAY, rules=AT)
    assert found == Family(count=3, uncertified=1, elsewhere=1, infant=False)


@pytest.mark.parametrize("text", ["31/04/2026", "30/02/2026", "00/02/2026"])
def test_c17_an_effect_that_no_calendar_has_is_refused_where_it_is_read(text: str) -> None:
    with pytest.raises(ValueError, match="date impossible"):
        parse_french_date(text)
