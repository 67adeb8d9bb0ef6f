"""The checker of campaigns: a quiet evening breaks nothing, and each promise can be seen broken."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from checker.evidence import Line, Seen, read_ledger
from checker.invariants import Promise, violations

LINE = Line(number="ACP-1", effect=("N", "AT1"), amount_c=5000, token="GLR-A", author="ROB", at="2026-03-27T06:30:00Z")
CASE = {"id": 1, "reference": "DOS-1", "run": 1, "state": "ended", "ended_as": "entered", "epoch": 1, "version": 2}
ENTRY = {"id": 1, "token": "GLR-A", "state": "confirmed", "amount_c": 5000, "reference": "ACP-1", "shown": False,
         "case_state": "ended", "ended_as": "entered", "not_due": False, "payment": True, "tries": []}  # fmt: skip
DOUBT = {"n": 1, "result": "doubtful", "seen": "absent", "reference": None, "login_ended": True, "waited": True}
PROVEN = {**DOUBT, "n": 2, "result": "confirmed", "seen": None}


def tried(*tries: dict[str, Any], payment: bool = False) -> Seen:
    return replace(QUIET, entries=[{**ENTRY, "payment": payment, "tries": list(tries)}])


def case_event(version: int, verb: str) -> dict[str, Any]:
    return {"verb": verb, "object": "DOS-1", "details": {"version": version}}


EVENTS = (
    case_event(0, "case.ready"),
    case_event(1, "case.leased"),
    {"verb": "entry.intent", "object": "GLR-A", "details": {}},
    {"verb": "entry.confirmed", "object": "GLR-A", "details": {}},
    case_event(2, "case.ended"),
)
QUIET = Seen(ledger=[LINE], cases=[CASE], entries=[ENTRY], events=EVENTS)
BY_HAND = replace(LINE, number="ACP-2", token="", author="A1001")

BROKEN: list[tuple[Seen, Promise, str]] = [
    (replace(QUIET, ledger=[LINE, BY_HAND]), Promise.ONCE, "2 saisies"),
    (replace(QUIET, ledger=[BY_HAND]), Promise.PROVEN, "n'est pas dans le registre"),
    (replace(QUIET, ledger=[replace(LINE, amount_c=4999)]), Promise.PROVEN, "4999 au registre"),
    (replace(QUIET, ledger=[replace(LINE, token="GLR-B")]), Promise.PROVEN, "montre GLR-B"),
    (replace(QUIET, entries=[{**ENTRY, "state": "by_hand", "reference": "ACP-9"}]), Promise.PROVEN, "ACP-9"),
    (replace(QUIET, entries=[{**ENTRY, "state": "planned"}]), Promise.SHOWN, "planned chez nous"),
    (replace(QUIET, entries=[]), Promise.SHOWN, "inconnue chez nous"),
    (replace(QUIET, entries=[{**ENTRY, "state": "doubtful"}]), Promise.SHOWN, "sans être montrée"),
    (tried(DOUBT, PROVEN, payment=True), Promise.SETTLED, "refaite après l'essai 1, en doute (absent)"),
    (tried({**DOUBT, "seen": None}, PROVEN), Promise.SETTLED, "jamais vérifié"),
    (tried({**DOUBT, "waited": False}, PROVEN), Promise.SETTLED, "refaite après l'essai 1"),
    (tried({**DOUBT, "login_ended": False}, PROVEN), Promise.SETTLED, "refaite après l'essai 1"),
    (tried(DOUBT, {**DOUBT, "n": 2}, {**PROVEN, "n": 3}), Promise.SETTLED, "refaite 2 fois"),
    (tried(DOUBT), Promise.SETTLED, "confirmée sans que le doute ait été vérifié (absent)"),
    (tried({**DOUBT, "seen": "ours", "reference": "ACP-9"}), Promise.SETTLED, "confirmée sans"),
    (replace(QUIET, entries=[{**ENTRY, "state": "planned"}]), Promise.ENDED, "terminé (entered)"),
    (replace(QUIET, entries=[{**ENTRY, "state": "intent", "ended_as": "nothing_to_pay"}]), Promise.ENDED, "intent"),
    (replace(QUIET, missing={"anomalies.csv": 1}), Promise.KEPT, "1 ligne(s) sans issue"),
    (replace(QUIET, late=["DOS-1"]), Promise.LEASED, "DOS-1"),
    (replace(QUIET, events=EVENTS[:-1]), Promise.LOGGED, "DOS-1"),
    (replace(QUIET, events=(*EVENTS, EVENTS[0])), Promise.LOGGED, "4 au journal"),
    (replace(QUIET, events=(*EVENTS[:3], EVENTS[4])), Promise.LOGGED, "le journal dit entry.intent"),
    (replace(QUIET, events=EVENTS[1:], restorations=1), Promise.LOGGED, "2 au journal"),
    (replace(QUIET, events=(*EVENTS[:3], EVENTS[4]), restorations=1), Promise.LOGGED, "le journal dit entry.intent"),
    (replace(QUIET, entries=[], gaps=frozenset({"ACP-9"})), Promise.SHOWN, "inconnue chez nous"),
    (replace(QUIET, entries=[], with_people=frozenset({LINE.effect})), Promise.SHOWN, "inconnue chez nous"),
    (replace(QUIET, entries=[], restorations=1), Promise.SHOWN, "inconnue chez nous"),
    (replace(QUIET, same_eyes=["GLR-A"]), Promise.FOUR_EYES, "GLR-A"),
    (replace(QUIET, cases=[{**CASE, "state": "leased"}]), Promise.DRAINED, "encore leased"),
]


def test_a_quiet_evening_breaks_no_promise() -> None:
    assert violations(QUIET) == []


@pytest.mark.parametrize(("seen", "promise", "words"), BROKEN)
def test_each_promise_can_be_seen_broken(seen: Seen, promise: Promise, words: str) -> None:
    assert any(broken.promise is promise and words in broken.what for broken in violations(seen))


@pytest.mark.parametrize("tries", [(DOUBT, PROVEN), ({**DOUBT, "seen": "ours", "reference": "ACP-1"},)])
def test_a_doubt_that_a_late_look_has_settled_breaks_nothing(tries: tuple[dict[str, Any], ...]) -> None:
    assert violations(tried(*tries)) == []


@pytest.mark.parametrize("change", [{"ended_as": "nothing_to_pay"}, {"not_due": True}])
def test_an_entry_that_was_planned_and_is_not_made_after_all_leaves_its_case_a_good_end(change: dict[str, Any]) -> None:
    planned = replace(QUIET, ledger=[], entries=[{**ENTRY, "state": "planned", **change}])
    assert Promise.ENDED not in {broken.promise for broken in violations(planned)}


def test_a_doubt_that_a_person_is_shown_breaks_nothing() -> None:
    doubt = {**ENTRY, "state": "doubtful", "shown": True, "case_state": "exception"}
    events = (*EVENTS[:3], {"verb": "entry.doubtful", "object": "GLR-A", "details": {}}, EVENTS[4])
    assert violations(replace(QUIET, entries=[doubt], events=events)) == []


def test_what_a_restored_house_has_forgotten_breaks_nothing_once_a_person_is_shown_it() -> None:
    planned = {**ENTRY, "state": "planned", "ended_as": "rejected", "case_state": "rejected"}
    again = ({"verb": "entry.planned", "object": "GLR-A", "details": {}}, *EVENTS, case_event(1, "case.leased"))
    forgot = replace(QUIET, entries=[planned], events=again, gaps=frozenset({"ACP-1"}), restorations=1)
    assert violations(forgot) == []
    told = replace(QUIET, entries=[], restorations=1, with_people=frozenset({LINE.effect}))
    assert violations(told) == []


def test_a_line_of_the_ledger_that_a_kill_has_cut_is_not_yet_written(tmp_path: Path) -> None:
    act = {
        "act": "PROPOSITION",
        "number": "ACP-1",
        "nir": "N",
        "stop": "AT1",
        "amount_c": 5000,
        "free_reference": "GLR-A",
    }
    whole = json.dumps({**act, "author": "ROB", "at": LINE.at})
    path = tmp_path / "compta.ledger.jsonl"
    path.write_text(f"{whole}\n{whole[:40]}", encoding="utf-8")
    assert read_ledger(path) == [LINE]
