"""The identity of an entry and what a look-up says of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from orchestrator.domain.civil import Period
from orchestrator.domain.entries import EntryPlan, EntrySeen, Sighting, classify, effect_digest, token_of
from orchestrator.domain.money import Euros

MARCH = Period(date(2026, 3, 5), date(2026, 3, 26))
PLAN = EntryPlan(token="GLR-AAAAAAAAAA", amount=Euros(69739), period=MARCH, subject="AT1")
OURS = EntrySeen(
    reference="ACP-1", amount=Euros(69739), period=MARCH, author="ROB-1", token="GLR-AAAAAAAAAA", subject="AT1"
)
AGENT = replace(OURS, reference="ACP-2", author="A1001", token="")
APRIL = Period(date(2026, 4, 1), date(2026, 4, 5))

TABLE = [
    ("nothing there", [], Sighting.ABSENT),
    ("ours, the same", [OURS], Sighting.OURS),
    ("ours, refused since: it was made once all the same", [replace(OURS, alive=False)], Sighting.OURS),
    ("ours with another amount", [replace(OURS, amount=Euros(1))], Sighting.DIFFERENT),
    ("ours with another period", [replace(OURS, period=APRIL)], Sighting.DIFFERENT),
    ("ours twice", [OURS, OURS], Sighting.DIFFERENT),
    ("an agent's, the same amount", [AGENT], Sighting.SAME_BY_ANOTHER),
    ("an agent's, another amount", [replace(AGENT, amount=Euros(30000))], Sighting.DIFFERENT),
    (
        "an agent's on the same stop, another period",
        [replace(AGENT, period=APRIL, amount=Euros(1))],
        Sighting.DIFFERENT,
    ),
    ("another stop, another period", [replace(AGENT, subject="AT2", period=APRIL)], Sighting.ABSENT),
    ("another stop, overlapping", [replace(AGENT, subject="AT2")], Sighting.SAME_BY_ANOTHER),
    ("an agent's, cancelled", [replace(AGENT, alive=False)], Sighting.ABSENT),
    ("ours beside an agent's: only ours confirms", [AGENT, OURS], Sighting.OURS),
]


@pytest.mark.parametrize(("seen", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_what_a_look_up_shows(seen: list[EntrySeen], expected: Sighting) -> None:
    assert classify(seen, PLAN)[0] is expected


def test_the_effect_is_remembered_without_its_identifiers() -> None:
    digest = effect_digest("ACP-IJ/185026199900189/AT26000101", b"k" * 32)
    assert len(digest) == 32
    assert digest != effect_digest("ACP-IJ/185026199900189/AT26000101", b"l" * 32)
    assert digest != effect_digest("ACP-IJ/185026199900189/AT26000102", b"k" * 32)


def test_the_token_is_short_readable_and_follows_from_the_effect() -> None:
    digest = effect_digest("ACP-IJ/185026199900189/AT26000101", b"k" * 32)
    token = token_of(digest)
    assert token == token_of(digest)
    assert len({token, token_of(digest, 2), token_of(digest, 3)}) == 3
    assert len(token) == 14
    assert not set(token.removeprefix("GLR-")) & set("01OIL")
