"""The rules of extension, against dates written by hand from the domain (B.2, B.6)."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keywords.ged.models import Document
from keywords.rights import add_months, closing, extend_all, fold, permit, read_end
from keywords.rights.models import Closing, EndKind, Extension, MonthRule, Permit
from orchestrator.domain.civil import Period
from orchestrator.domain.errors import BusinessException
from orchestrator.domain.rules import PackAt, RulePack
from orchestrator.language.faults import Faults
from orchestrator.language.rulepacks import load_rule_pack

RULES = Path(__file__).parents[3] / "scenarios" / "rules" / "prolongations.yaml"


def _pack(file: Path) -> RulePack:
    faults = Faults(file=file.name)
    loaded, _ = load_rule_pack(file, faults)
    assert loaded is not None
    assert faults.found == []
    return loaded


PACK = _pack(RULES)
AT = PackAt(pack=PACK, day=date(2020, 4, 6))
TYPES = ["C2S_FREE", "C2S_PAID", "CMUC", "AME", "ACS", "TS", "ASILE", "DIPLO"]


def extended(right_type: str, end: date, current: date | None = None, **changes: Any) -> Extension:
    values = {"base_until": date(2030, 1, 1), "deceased": False, "renewal_accepted": False, **changes}
    found = extend_all(right_type=right_type, end_original=end, end_current=current or end, rules=AT, **values)
    assert isinstance(found, Extension)
    return found


@pytest.mark.parametrize(
    ("end", "by_q", "by_e"),
    [("2020-03-31", "2020-06-30", "2020-06-30"), ("2020-04-30", "2020-07-30", "2020-07-31"),
     ("2020-02-29", "2020-05-29", "2020-05-31"), ("2020-07-31", "2020-10-31", "2020-10-31"),
     ("2020-11-30", "2021-02-28", "2021-02-28"), ("2021-01-31", "2021-04-30", "2021-04-30"),
     ("2023-11-30", "2024-02-29", "2024-02-29")],
)  # fmt: skip
def test_three_months_by_each_rule(end: str, by_q: str, by_e: str) -> None:
    day = date.fromisoformat(end)
    assert add_months(day, 3, MonthRule.Q) == date.fromisoformat(by_q)
    assert add_months(day, 3, MonthRule.E) == date.fromisoformat(by_e)


@pytest.mark.parametrize(
    ("case", "right", "end", "expected", "count"),
    [("B01", "C2S_FREE", "2020-03-31", "2020-06-30", 1), ("B02", "C2S_FREE", "2020-03-11", "2020-03-11", 0),
     ("B02", "CMUC", "2020-03-12", "2020-06-12", 1), ("B04", "C2S_PAID", "2020-07-29", "2020-10-29", 1),
     ("B04", "C2S_FREE", "2020-07-30", "2021-01-30", 2), ("B.2", "C2S_FREE", "2020-07-31", "2021-01-31", 2),
     ("B05", "C2S_FREE", "2020-10-29", "2020-10-29", 0), ("B05", "C2S_FREE", "2020-10-30", "2021-01-30", 1),
     ("B07", "C2S_FREE", "2020-04-30", "2020-07-31", 1), ("B08", "C2S_FREE", "2021-02-16", "2021-05-16", 1),
     ("B08", "C2S_FREE", "2021-02-17", "2021-02-17", 0), ("B13", "AME", "2020-11-05", "2021-02-05", 1),
     ("B14", "TS", "2020-03-16", "2020-09-12", 1), ("B14", "TS", "2020-03-15", "2020-03-15", 0),
     ("B15", "RECEPISSE", "2020-06-15", "2020-12-12", 1), ("B15", "RECEPISSE", "2020-06-16", "2020-06-16", 0),
     ("B.1", "ASILE", "2020-03-16", "2020-06-14", 1), ("B.1", "DIPLO", "2020-04-01", "2020-04-01", 0),
     ("B.1", "ACS", "2020-05-31", "2020-07-31", 1), ("B.1", "ACS", "2020-11-05", "2020-11-05", 0)],
)  # fmt: skip
def test_the_end_after_the_rules(case: str, right: str, end: str, expected: str, count: int) -> None:
    found = extended(right, date.fromisoformat(end))
    assert (found.end, len(found.applied)) == (date.fromisoformat(expected), count), case


def test_b07_the_rule_of_months_is_shown() -> None:
    found = extended("C2S_FREE", date(2020, 4, 30), months="Q")
    assert (found.end, found.months) == (date(2020, 7, 30), MonthRule.Q)


@pytest.mark.parametrize("changes", [{"renewal_accepted": True}, {"deceased": True}])
def test_b09_b22_neither_common_law_nor_the_deceased_is_extended(changes: dict[str, Any]) -> None:
    found = extended("C2S_FREE", date(2020, 4, 20), **changes)
    assert (found.end, found.applied, bool(found.skipped)) == (date(2020, 4, 20), (), True)


def closed(day: date | None, *, right_type: str = "C2S_PAID", reason: str = "IMPAYE") -> Closing:
    end = date(2020, 12, 31)
    shown = f"{day:%d/%m/%Y}" if day else ""
    found = closing(right_type=right_type, closed_on=shown, reason=reason, end_current=end, rules=AT)
    assert isinstance(found, Closing)
    return found


def test_b11_a_closing_for_unpaid_participation_is_cancelled_and_the_debt_kept() -> None:
    found = closed(date(2020, 4, 1))
    assert (found.cancelled, found.rule, found.debt_kept) == (True, "EXT-C2S-PAY", True)
    assert found.period == Period(date(2020, 4, 1), date(2020, 12, 31))
    assert [closed(date(2020, *day)).cancelled for day in ((3, 11), (3, 12), (7, 31), (8, 1), (10, 29), (10, 30))] == [
        False, True, True, False, False, True,
    ]  # fmt: skip


def test_any_other_closing_is_left_to_a_person() -> None:
    day = date(2020, 4, 1)
    others = (
        closed(None), closed(day, right_type="C2S_FREE"), closed(day, reason="RADIATION"), closed(date(2021, 1, 1)),
    )  # fmt: skip
    assert [(one.cancelled, one.period) for one in others] == [(False, None)] * 4


def held(*copies: tuple[str, date], state: str = "CLASSE") -> Permit:
    documents = [
        Document(
            document=f"GED-{place}", kind="TITRE_SEJOUR", reference=f"T{place}", subject=kind, author="A1001", state=state,
            period=Period(date(2019, 1, 1), end), filed_on=date(2019, 1, 2),
        )
        for place, (kind, end) in enumerate(copies)
    ]  # fmt: skip
    found = permit(documents=documents, end_current=date(2020, 6, 14), rules=AT)
    assert isinstance(found, Permit)
    return found


@pytest.mark.parametrize(
    ("kind", "end", "extended", "stops"),
    [("TS", "2020-03-16", "2020-09-12", ""), ("TS", "2020-03-15", "2020-03-15", "D-12"),
     ("RECEPISSE", "2020-06-15", "2020-12-12", ""), ("RECEPISSE", "2020-06-14", "2020-12-11", ""),
     ("ASILE", "2020-03-16", "2020-06-14", "D-12"), ("ASILE", "2020-03-17", "2020-06-15", ""),
     ("TS", "2020-06-16", "2020-06-16", ""), ("TS", "2020-06-14", "2020-12-11", "")],
)  # fmt: skip
def test_b14_b15_the_extended_end_of_a_permit_decides(kind: str, end: str, extended: str, stops: str) -> None:
    found = held((kind, date.fromisoformat(end)))
    assert (found.extended, found.valid, found.known) == (date.fromisoformat(extended), not stops, True)


def test_of_several_permits_the_longest_holds_and_an_unknown_kind_is_for_a_person() -> None:
    old, new = ("TS", date(2020, 3, 1)), ("RECEPISSE", date(2020, 4, 1))
    assert [held(*copies).document for copies in ((old, new), (new, old))] == ["GED-1", "GED-0"]
    assert not held(new, ("DIPLO", date(2021, 1, 1))).known
    assert not held(old, state="ANNULE").found
    assert held().valid


CRISIS = """  crisis:
    title: Une crise à venir
    columns: {{rule: text, rights: list of text, unit: text, quantity: integer, until: text}}
    rows:
      - {{valid_from: 2010-01-01, valid_to: {before}, rule: NO, rights: [], unit: NO, quantity: 0, until: NO, source: X}}
      - {{valid_from: {end}, valid_to: {end}, rule: NEW, rights: [TS], unit: DAYS, quantity: 180, until: AUCUNE, source: X}}
      - {{valid_from: {after}, rule: NO, rights: [], unit: NO, quantity: 0, until: NO, source: X}}
"""


@pytest.mark.parametrize(
    ("end", "expected"),
    [("2020-07-05", "2021-01-01"), ("2023-09-02", "2024-02-29"), ("2024-09-02", "2025-03-01")],
)
def test_b17_a_new_crisis_is_a_new_table_of_the_pack(tmp_path: Path, end: str, expected: str) -> None:
    day, file = date.fromisoformat(end), tmp_path / RULES.name
    table = CRISIS.format(before=day - timedelta(days=1), end=day, after=day + timedelta(days=1))
    file.write_text(RULES.read_text("utf-8") + table, "utf-8")
    found = fold(_pack(file), "TS", day, MonthRule.E)
    assert [(one.rule, one.end) for one in found] == [("NEW", date.fromisoformat(expected))]


def test_b18_a_second_run_finds_the_same_end() -> None:
    assert extended("C2S_FREE", date(2020, 3, 31), date(2020, 6, 30)).end == date(2020, 6, 30)


def test_an_end_that_no_rule_gives_goes_to_a_person() -> None:
    with pytest.raises(BusinessException, match="Aucune règle ne donne"):
        extended("C2S_FREE", date(2020, 3, 31), date(2020, 7, 15))


def test_base_rights_are_never_exceeded_unsaid() -> None:
    assert not extended("C2S_FREE", date(2020, 3, 31), base_until=date(2020, 6, 29)).within_base
    assert extended("C2S_FREE", date(2020, 3, 31), base_until=date(2020, 6, 30)).within_base


@pytest.mark.parametrize(
    ("shown", "kind"),
    [("30/02/2020", EndKind.IMPOSSIBLE), ("00/00/0000", EndKind.IMPOSSIBLE), ("31/12/2099", EndKind.OPEN_ENDED),
     ("99/99/9999", EndKind.IMPOSSIBLE), ("31/03/2020", EndKind.DATED)],
)  # fmt: skip
def test_b21_what_a_screen_shows_as_an_end(shown: str, kind: EndKind) -> None:
    assert read_end(shown=shown).kind is kind


def test_b21_a_right_without_an_end_is_not_extended() -> None:
    with pytest.raises(BusinessException, match="sans date de fin"):
        extended("C2S_FREE", date(2099, 12, 31))


@given(
    right=st.sampled_from(TYPES), days=st.integers(0, 600), runs=st.integers(1, 4), seed=st.integers(0, 99),
    months=st.sampled_from(["E", "Q"]),
)  # fmt: skip
def test_the_end_is_the_fold_whatever_the_order_and_number_of_runs(
    right: str, days: int, runs: int, seed: int, months: str
) -> None:
    end = date(2019, 12, 1) + timedelta(days=days)
    tables = [(name, tuple(Random(seed).sample(rows, len(rows)))) for name, rows in PACK.tables.items()]
    Random(seed).shuffle(tables)
    shuffled = RulePack(name=PACK.name, tables=dict(tables), columns=PACK.columns)
    expected = fold(PACK, right, end, MonthRule(months))
    assert len({one.rule for one in expected}) == len(expected)
    current = end
    for _ in range(runs):
        found = extend_all(
            right_type=right, end_original=end, end_current=current, base_until=date.max, deceased=False,
            renewal_accepted=False, rules=PackAt(pack=shuffled, day=end), months=months,
        )  # fmt: skip
        current = found.end
    assert current == (expected[-1].end if expected else end)
