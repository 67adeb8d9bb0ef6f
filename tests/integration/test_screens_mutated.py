"""Releases that may come, by seed: what would alter an entry is stopped before; what does nothing stops nobody.

A short campaign of ``glr screens mutate``; the long one is in ``docs/screens.md``.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from orchestrator.bench.mutants import ROBOT, Campaign, Mutant, Truth, table
from orchestrator.bootstrap.practice import Practice
from orchestrator.bootstrap.world import offline_world
from orchestrator.settings import Settings
from sandbox.mutations.hints import TOLD

PROJECT = Path(__file__).resolve().parents[2]
#: Seeds of every application: three changes alter what is read or entered, five do nothing, the others break.
SEEDS = (55, 56, 59, 60, 61, 62, 64, 72, 73, 74)


class Typed(Campaign):
    """These seeds, after one change for each way in which a page says how a date or an amount is typed."""

    def _asked(self, first: int, applications: Sequence[str]) -> Iterator[dict[str, Any]]:
        yield from typed_otherwise()
        yield from (asked for asked in super()._asked(first, applications) if asked["seed"] in SEEDS)


#: Of the C2S and the GED: changes of each form that enters, and of what is read.
RIGHTS = (
    ("c2s", "modification", "swap_labels", 1), ("c2s", "modification", "rename_name", 1),
    ("c2s", "annulation-fermeture", "swap_fields", 2), ("c2s", "droit", "value.swap_ids", 3),
    ("c2s", "droit", "list.swap_cells", 3), ("ged", "depot", "swap_labels", 4), ("ged", "depot", "date_format", 4),
    ("ged", "documents", "list.swap_classes", 5),
)  # fmt: skip
#: What leaves everybody alone.
QUIET = (("c2s", "modification", "css", 6), ("ged", "depot", "banner", 7))


class Rights(Campaign):
    """The screens of the robot that extends rights: the changes that are named, in turn."""

    def _asked(self, first: int, applications: Sequence[str]) -> Iterator[dict[str, Any]]:
        for one in (*RIGHTS, *QUIET):
            yield dict(zip(("application", "screen", "kind", "seed"), one, strict=True))


def typed_otherwise() -> list[dict[str, Any]]:
    """Return changes of the format in which an empty form expects dates and amounts, each told otherwise."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for kind in ("date_format", "amount_format"):
        for seed in range(60):
            chance = random.Random(seed)
            chance.choice((1, 2))  # the format itself
            asked = {"application": "compta", "screen": "nouvelle-avance", "kind": kind, "seed": seed}
            found.setdefault((kind, chance.choice(TOLD)), asked)
    return [asked for (_, told), asked in found.items() if told in {"placeholder", "beside", "pattern", "script"}]


async def campaign(
    folder: Path,
    count: int,
    *,
    canary: bool = True,
    kind: type[Campaign] = Campaign,
    robot: str = ROBOT,
    first: int = SEEDS[0],
) -> list[Mutant]:
    world = offline_world(Settings(workspace=folder, home=PROJECT))
    practice = Practice(folder=folder / "practice", cases=20, seed=11)
    return await kind(world=world, practice=practice, canary=canary, robot=robot).run(count, first, lambda _: None)


async def test_what_would_alter_an_entry_is_stopped_and_what_does_nothing_stops_nobody(tmp_path: Path) -> None:
    otherwise = len(typed_otherwise())
    tried = await campaign(tmp_path, otherwise + len(SEEDS), kind=Typed)
    assert tuple(one.seed for one in tried[otherwise:]) == SEEDS
    typed = tried[:otherwise]
    assert otherwise == 8
    assert {one.kind for one in typed if one.observed} >= {"amount_format"}  # really another amount in the ledger
    assert {one.truth for one in typed} == {Truth.ALTERS}
    assert [one for one in typed if not one.stopped] == []
    assert {one.application for one in tried} == {"bdo", "arpege", "compta", "rniam"}
    assert [one for one in tried if one.missed] == []
    assert [one for one in tried if one.false_alarm] == []
    total = table(tried)[-1]
    assert total["alters"] >= 5
    assert total["observed"] >= 4  # really other values, by the keywords and the ledger
    assert total["harmless"] >= 5
    assert total["breaks"] == total["breaks_stopped"]


async def test_so_it_is_in_the_c2s_and_the_ged(tmp_path: Path) -> None:
    tried = await campaign(tmp_path, len(RIGHTS) + len(QUIET), kind=Rights, robot="droits-prolongation")
    assert len(tried) == len(RIGHTS) + len(QUIET), "each change is really shown by a page"
    told, quiet = tried[: len(RIGHTS)], tried[len(RIGHTS) :]
    assert [one for one in told if not one.stopped] == []
    assert {one.truth for one in told} == {Truth.ALTERS}
    assert {(one.truth, one.stopped) for one in quiet} == {(Truth.HARMLESS, False)}


async def test_without_the_canary_the_campaign_would_go_red(tmp_path: Path) -> None:
    tried = await campaign(tmp_path, 5, canary=False, first=61)
    assert [one.truth for one in tried if one.missed] == [Truth.ALTERS] * sum(
        one.truth is Truth.ALTERS for one in tried
    )
    if not any(one.missed for one in tried):
        pytest.fail("no change of these seeds alters: the campaign proves nothing")
