"""Releases that may come, by seed: what would alter an entry is stopped before; what does nothing stops nobody.

A short campaign of ``glr screens mutate``; the long one is in ``docs/screens.md``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.bench.mutants import Campaign, Mutant, Truth, table
from orchestrator.bootstrap.practice import Practice
from orchestrator.bootstrap.world import offline_world
from orchestrator.settings import Settings

PROJECT = Path(__file__).resolve().parents[2]
#: Seeds whose changes make a robot without a canary read or enter something else five times.
FIRST, COUNT = 55, 30


async def campaign(folder: Path, count: int, *, canary: bool = True) -> list[Mutant]:
    world = offline_world(Settings(workspace=folder, home=PROJECT))
    practice = Practice(folder=folder / "practice", cases=20, seed=11)
    return await Campaign(world=world, practice=practice, canary=canary).run(count, FIRST, lambda _: None)


async def test_what_would_alter_an_entry_is_stopped_and_what_does_nothing_stops_nobody(tmp_path: Path) -> None:
    tried = await campaign(tmp_path, COUNT)
    assert len(tried) == COUNT
    assert {one.application for one in tried} == {"bdo", "arpege", "compta"}
    assert [one for one in tried if one.missed] == []
    assert [one for one in tried if one.false_alarm] == []
    total = table(tried)[-1]
    assert total["alters"] >= 5
    assert total["observed"] >= 4  # really other values, by the keywords and the ledger
    assert total["harmless"] >= 5
    assert total["breaks"] == total["breaks_stopped"]


async def test_without_the_canary_the_campaign_would_go_red(tmp_path: Path) -> None:
    tried = await campaign(tmp_path, 5, canary=False)
    assert [one.truth for one in tried if one.missed] == [Truth.ALTERS] * sum(
        one.truth is Truth.ALTERS for one in tried
    )
    if not any(one.missed for one in tried):
        pytest.fail("no change of these seeds alters: the campaign proves nothing")
