"""Identifiers in the order of time."""

from __future__ import annotations

import time
from uuid import RFC_4122

from orchestrator.domain.ids import new_id


def test_an_id_says_its_millisecond_and_follows_those_of_before() -> None:
    before = time.time_ns() // 1_000_000
    made = []
    for _ in range(5):
        made.append(new_id())
        time.sleep(0.002)
    after = time.time_ns() // 1_000_000
    assert made == sorted(made)
    assert {(one.version, one.variant) for one in made} == {(7, RFC_4122)}
    assert before <= made[0].int >> 80 < made[-1].int >> 80 <= after


def test_ids_of_one_millisecond_are_all_different() -> None:
    assert len({new_id() for _ in range(100_000)}) == 100_000
