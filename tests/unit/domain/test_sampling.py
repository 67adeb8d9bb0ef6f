"""A seed draws the same cases everywhere: the first were computed by ordinary tools."""

from __future__ import annotations

from random import Random

import pytest

from orchestrator.domain.sampling import draw

POPULATION = tuple(f"DOS-{number:06d}" for number in range(1, 3101))
#: By ``printf "3f9c01aa77e2b4d0:DOS-…" | sha256sum`` for each of them, and ``sort``.
FIRST = ("DOS-002248", "DOS-000683", "DOS-001235", "DOS-001320")


def test_the_same_seed_draws_the_same_cases_whatever_their_order() -> None:
    shuffled = list(POPULATION)
    Random(7).shuffle(shuffled)
    drawn = draw(POPULATION, "3f9c01aa77e2b4d0", 60)
    assert drawn == draw(shuffled, "3f9c01aa77e2b4d0", 60)
    assert drawn[: len(FIRST)] == FIRST
    assert len(set(drawn)) == 60
    assert draw(POPULATION, "3f9c01aa77e2b4d0", 70)[:60] == drawn
    assert set(draw(POPULATION, "another0", 60)) != set(drawn)


def test_a_small_population_is_drawn_whole_and_nonsense_is_refused() -> None:
    assert sorted(draw(["B", "A", "A"], "graine42", 60)) == ["A", "B"]
    for seed, size in (("", 1), ("graine42", 0)):
        with pytest.raises(ValueError, match="graine"):
            draw(["A"], seed, size)
