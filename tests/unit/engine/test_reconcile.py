"""Missing, extra, different: each difference is shown, and only differences."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from orchestrator.domain.civil import Period
from orchestrator.domain.entries import EntrySeen
from orchestrator.domain.money import Euros
from orchestrator.engine.reconcile import Gap, GapKind, Source, made_by_others, of_days, reconcile, source_gaps

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


def test_what_another_author_entered_explains_what_is_missing_unless_it_was_cancelled() -> None:
    found = reconcile([ours("GONE"), ours("DOUBT", state="doubtful"), ours("TAKEN", 250)], [])
    other = EntrySeen(reference="ACP-9", amount=Euros(240), period=MARCH, author="A.MARTIN", token="")
    cancelled = EntrySeen(reference="ACP-8", amount=Euros(100), period=MARCH, author="A.MARTIN", token="", alive=False)
    gaps = made_by_others(found, {"TAKEN": [seen("TAKEN", 250), other], "GONE": [cancelled]})
    assert [(gap.kind, gap.case, gap.reference, gap.ours_c, gap.seen_c) for gap in gaps] == [
        ("missing", "DOS-GONE", "ACP-GONE", 100, None),
        ("doubt", "DOS-DOUBT", "", 100, None),
        ("another", "DOS-TAKEN", "ACP-9", 250, 240),
    ]


def test_a_gap_found_again_is_the_same_whatever_its_words_and_another_amount_makes_another() -> None:
    (first,), (again,) = (reconcile([ours("A")], [seen("A", 90)]).gaps for _ in range(2))
    (other,) = reconcile([ours("A")], [seen("A", 91)]).gaps
    assert first.fingerprint("compta") == again.fingerprint("compta")
    assert len({first.fingerprint("compta"), other.fingerprint("compta"), first.fingerprint("arpege")}) == 3


def test_a_row_that_is_neither_a_case_nor_set_aside_and_an_end_without_proof_are_gaps() -> None:
    about: dict[str, Any] = {"run": UUID(int=1), "run_date": date(2026, 3, 27), "sha256": "ab", "entered": 1, "open": 0}
    whole = Source(file_name="a.csv", rows=3, in_cases=2, set_aside=1, **about)
    lost = Source(file_name="b.csv", rows=3, in_cases=2, set_aside=0, **about)
    gaps = source_gaps([whole, lost], [{"reference": "DOS-X"}])
    assert [(gap.kind, gap.case, gap.reference) for gap in gaps] == [
        (GapKind.LOST, "", "b.csv"),
        (GapKind.UNPROVEN, "DOS-X", ""),
    ]
