"""Missing, extra, different: each difference is shown, and only differences."""

from __future__ import annotations

from datetime import date
from typing import Any

from orchestrator.domain.civil import Period
from orchestrator.domain.entries import EntrySeen
from orchestrator.domain.money import Euros
from orchestrator.engine.reconcile import Gap, of_days, reconcile

MARCH = Period(date(2026, 3, 5), date(2026, 3, 26))


def ours(token: str, amount: int = 100, state: str = "confirmed") -> dict[str, Any]:
    return {
        "token": token,
        "reference": f"ACP-{token}",
        "amount_c": amount,
        "state": state,
        "case_reference": f"DOS-{token}",
    }


def seen(token: str, amount: int = 100, number: str | None = None) -> EntrySeen:
    return EntrySeen(reference=number or f"ACP-{token}", amount=Euros(amount), period=MARCH, author="ROB", token=token)


def test_the_same_on_both_sides_is_counted_with_its_total() -> None:
    found = reconcile([ours("A"), ours("B", 250)], [seen("B", 250), seen("A")])
    assert (found.matched, found.total, found.gaps) == (2, Euros(350), ())


def test_every_kind_of_difference_is_shown() -> None:
    found = reconcile(
        [
            ours("GONE"),
            ours("AMOUNT", 100),
            ours("TWICE"),
            ours("DOUBT", state="doubtful"),
            ours("HAND", state="by_hand"),
        ],
        [
            seen("AMOUNT", 101),
            seen("TWICE", number="ACP-1"),
            seen("TWICE", number="ACP-2"),
            seen("DOUBT"),
            seen("EXTRA"),
        ],
    )
    assert [(gap.kind, gap.case, gap.reference) for gap in found.gaps] == [
        ("missing", "DOS-GONE", "ACP-GONE"),
        ("different", "DOS-AMOUNT", "ACP-AMOUNT"),
        ("different", "DOS-TWICE", "ACP-1, ACP-2"),
        ("doubt", "DOS-DOUBT", "ACP-DOUBT"),
        ("extra", "", "ACP-EXTRA"),
    ]
    assert found.matched == 0
    assert isinstance(found.gaps[0], Gap)


def test_another_days_entry_is_not_missing_and_one_made_later_than_its_run_is_not_in_excess() -> None:
    day, other = date(2026, 3, 27), date(2026, 3, 30)
    before, today, late = ours("BEFORE"), ours("TODAY"), ours("LATE")
    dated = [{**before, "run_date": day}, {**today, "run_date": other}, {**late, "run_date": day}]
    found = reconcile(of_days(dated, [seen("LATE")], other, other), [seen("LATE")])
    assert (found.matched, [(gap.kind, gap.case) for gap in found.gaps]) == (1, [("missing", "DOS-TODAY")])
