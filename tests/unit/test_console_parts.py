"""The console's pure parts: the answer about an entry, choices, paging, progress, words, and the pinned htmx."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

import orchestrator.console
from orchestrator.console.choices import choices_of, sensitive, target_queues
from orchestrator.console.entry_status import Word, entry_status
from orchestrator.console.forgotten import Forgotten
from orchestrator.console.pages import ago, duration
from orchestrator.console.paging import Mark, cut, write
from orchestrator.console.progress import progress_of
from orchestrator.console.words import EVENTS, end_title, event_title
from orchestrator.store.accounts import matches

STATIC = Path(orchestrator.console.__file__).parent / "static"
NOON, DAY = datetime(2026, 3, 27, 12, tzinfo=UTC), timedelta(days=1)


def _entry(state: str, **about: Any) -> dict[str, Any]:
    absent = ("reference", "amount_c", "settled_at", "line", "undoes")
    row = {"id": uuid4(), "application": "compta", "keyword": "compta.x", "token": "GLR-X", **dict.fromkeys(absent)}
    return {**row, "state": state, "intent_at": None, "ended_at": None, "result": None, **about}


def test_htmx_is_the_file_that_was_read_and_nothing_else_is_vendored() -> None:
    known = "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130"
    assert sha256((STATIC / "htmx-4.0.1.min.js").read_bytes()).hexdigest() == known
    assert {path.name for path in STATIC.iterdir()} == {"htmx-4.0.1.min.js", "console.css", "console.js", "icon.svg"}


@pytest.mark.parametrize(
    ("entries", "cause", "word"),
    [
        ([], "business", Word.NO),
        ([_entry("planned")], "business", Word.NO),
        ([_entry("planned", result="not_sent", ended_at=NOON)], "application", Word.NO),
        ([_entry("planned")], "doubt", Word.DOUBTFUL),
        ([_entry("intent", intent_at=NOON)], None, Word.DOUBTFUL),
        ([_entry("doubtful", intent_at=NOON)], "doubt", Word.DOUBTFUL),
        ([_entry("confirmed", reference="AC-1", settled_at=NOON)], "application", Word.CONFIRMED),
        ([_entry("by_hand", reference="AC-1", settled_at=NOON, amount_c=1)], None, Word.CONFIRMED),
        ([_entry("confirmed", reference="AC-1", settled_at=NOON), _entry("doubtful")], None, Word.DOUBTFUL),
        ([_entry("confirmed", reference="AC-1", settled_at=NOON), _entry("planned")], None, Word.PARTIAL),
        ([_entry("planned"), _entry("by_hand", reference="AC-1", settled_at=NOON)], "business", Word.PARTIAL),
        ([_entry("confirmed", reference="AC-1", settled_at=NOON), _entry("planned")], "doubt", Word.DOUBTFUL),
        ([_entry("undone", reference="AC-1", settled_at=NOON), _entry("planned")], "business", Word.UNDONE),
        ([_entry("undone", reference="AC-1"), _entry("confirmed", reference="AC-2")], "business", Word.PARTIAL),
        ([_entry("confirmed", reference="AC-1"), _entry("doubtful", undoes="AC-1")], "doubt", Word.DOUBTFUL),
    ],
)
def test_the_answer_about_an_entry_never_hides_a_doubt(entries: Any, cause: str | None, word: Word) -> None:
    status = entry_status(entries, cause)
    assert status.word is word
    forgotten = Forgotten(backup_at=NOON - DAY, restored_at=NOON, applications="COMPTA")
    assert entry_status(entries, cause, forgotten=forgotten).word is (Word.FORGOTTEN if word is Word.NO else word)
    assert status.correctable is (word is Word.NO)


def test_a_restored_house_knows_again_of_an_entry_once_a_robot_has_looked_and_begun_it() -> None:
    forgotten = Forgotten(backup_at=NOON - 2 * DAY, restored_at=NOON - DAY, applications="COMPTA")
    looked, not_looked = (
        _entry("planned", result="not_sent", intent_at=at, ended_at=at, line=line)
        for line, at in ((2, NOON), (3, NOON - 2 * DAY))
    )
    assert entry_status([looked], forgotten=forgotten).word is Word.NO
    status = entry_status([looked, not_looked], forgotten=forgotten)
    assert (status.word, [line.status.word for line in status.lines]) == (Word.FORGOTTEN, [Word.NO, Word.FORGOTTEN])
    alone = entry_status([not_looked], forgotten=forgotten)
    assert alone.proof == (
        "Base restaurée de la sauvegarde du 25/03/2026 à 13:00 : ce qu’un robot a saisi de là au 26/03/2026 à 13:00 n’y est "
        "pas. Avant de saisir à la main, cherchez l’objet du dossier dans COMPTA (jeton GLR-X) ; un robot cherche "
        "toujours d’abord."
    )


def test_of_several_entries_it_is_said_how_many_are_made_and_how_each_stands(scenario: Any) -> None:
    entries = [_entry("confirmed", line=2, reference="AC-1", settled_at=NOON), _entry("doubtful", line=3)]
    status = entry_status([*entries, _entry("planned", line=4)], "doubt")
    assert (status.word, status.count) == (Word.DOUBTFUL, "1 sur 3 saisies")
    assert [(line.item, line.status.word) for line in status.lines] == [
        ("ligne 2", Word.CONFIRMED), ("ligne 3", Word.DOUBTFUL), ("ligne 4", Word.NO)
    ]  # fmt: skip
    half = entry_status([entries[0], _entry("planned", line=3)])
    choices = choices_of(scenario, {"code": "C-03", "failed": []}, half)
    assert (choices.resend, choices.correct, choices.reject) == (True, False, False)
    assert choices.why == (
        "1 sur 2 saisies : le dossier ne peut plus être corrigé ni rejeté. Renvoyé, il reprend à ce qui manque.",
    )


def test_every_failed_code_must_allow_a_decision(scenario: Any) -> None:
    clear = entry_status([])
    open_to_all = choices_of(scenario, {"code": "C-03", "failed": [{"code": "C-03"}]}, clear)
    assert (open_to_all.resend, open_to_all.correct, open_to_all.by_hand, open_to_all.reject) == (True,) * 4
    both = choices_of(scenario, {"code": "C-03", "failed": [{"code": "C-03"}, {"code": "C-05"}]}, clear)
    assert (both.resend, both.by_hand, both.reject) == (False, False, True)
    unknown = choices_of(scenario, {"code": "UnknownScreen", "failed": []}, clear)
    assert unknown.resend


def test_baskets_of_codes_are_sensitive_and_every_case_can_reach_the_developer(scenario: Any) -> None:
    assert target_queues(scenario) == ["ij", "ij-sensible", "robot"]
    assert [queue for queue in target_queues(scenario) if sensitive(scenario, queue)] == ["ij-sensible"]


@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2200, 1, 1)), st.uuids())  # noqa: DTZ001
def test_a_mark_comes_back_as_it_was_written(at: datetime, identifier: UUID) -> None:
    instant = at.replace(tzinfo=UTC)
    assert Mark.read(write(instant, identifier)) == Mark(at=instant, id=identifier)


@given(st.text(max_size=40))
def test_any_other_mark_is_the_first_page(text: str) -> None:
    assert Mark.read(text) in {Mark.read(None), Mark.read(text)}


def test_a_page_is_cut_only_when_there_is_more() -> None:
    rows = [{"at": NOON, "id": UUID(int=index)} for index in range(3)]
    assert cut(rows, 3, "at") == (rows, None)
    page, following = cut(rows, 2, "at")
    assert page == rows[:2]
    assert Mark.read(following) == Mark(at=NOON, id=UUID(int=1))


def test_the_parts_of_a_run_fill_its_bar_exactly() -> None:
    counts: list[dict[str, Any]] = [
        {"state": "ended", "ended_as": "entered", "cases": 100},
        {"state": "ended", "ended_as": "done_by_hand", "cases": 3},
        {"state": "exception", "ended_as": None, "cases": 40},
        {"state": "leased", "ended_as": None, "cases": 2},
        {"state": "ready", "ended_as": None, "cases": 48},
    ]
    pace = {"last_minute": 30, "busy_seconds": 200.0, "age_seconds": 300.0}
    progress = progress_of(counts, pace, {"entered_c": 1, "awaiting_c": 2}, rows=200, aside=7)
    assert sum(part.count for part in progress.parts) == 200
    assert sum(part.width for part in progress.parts) == 1000
    assert (progress.done, progress.percent, progress.leased, progress.over) == (150, 75, 2, False)
    assert (progress.per_minute, progress.remaining) == (30.0, 100.0)


def test_an_empty_run_is_over_and_has_no_pace() -> None:
    pace = {"last_minute": 0, "busy_seconds": None, "age_seconds": 1.0}
    progress = progress_of([], pace, {"entered_c": 0, "awaiting_c": 0}, rows=0, aside=0)
    assert (progress.over, progress.percent, progress.per_minute, progress.remaining) == (True, 100, None, None)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3600, "1 h 00"), (7800, "2 h 10"), (3 * 86_400, "3 j")],
)
def test_lengths_of_time_are_said_as_people_say_them(seconds: int, words: str) -> None:
    assert duration(seconds) == words


def test_a_moment_ago_is_now() -> None:
    assert ago(NOON, NOON + timedelta(seconds=59)) == "à l’instant"
    assert ago(NOON, NOON + timedelta(seconds=125)) == "il y a 2 min"


def test_every_state_has_french_words_and_an_unknown_one_is_shown_as_it_is() -> None:
    assert end_title("ended", "entered") == "Saisi"
    assert end_title("ended", "mutation_faite") == "mutation_faite"
    assert event_title("attempt", "entered") == "Tentative : Saisi"
    assert all(title[0].isupper() for title in EVENTS.values())


def test_a_password_of_nobody_never_matches() -> None:
    assert not matches(None, "personne")
    assert not matches("pas un condensat", "personne")
