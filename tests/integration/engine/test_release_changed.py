"""A release of COMPTA that changes its form is noticed before anything is filled; what changes nothing stops nobody."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from robot_world import PracticeWorld, RobotWorld, robot_world

from orchestrator.domain.civil import date_of
from orchestrator.domain.errors import ReleaseChanged, ScreenChanged
from orchestrator.domain.money import Euros
from orchestrator.domain.personal import Nir
from orchestrator.engine.results import RowOutcome
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault
from sandbox.mutations.plan import FORM

SEEDS = range(6)
HARMLESS = ("css", "banner")


@pytest.fixture
async def world(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path
) -> AsyncIterator[RobotWorld]:
    practice_world.fault()
    async with robot_world(practice_world, runner_url, vault, tmp_path) as opened:
        yield opened
        release(opened)


def release(world: RobotWorld, kind: str | None = None, seed: int = 0) -> None:
    """Have COMPTA serve its form as that mutation leaves it; none is the release we know."""
    asked = {"compta": {"screen": "nouvelle-avance", "kind": kind, "seed": seed}} if kind else {}
    (world.world.practice.folder / "mutations.json").write_text(json.dumps(asked))


def values() -> dict[str, Any]:
    return {
        "nir": Nir("185026109999988"),
        "stop_id": "ARR-0000",
        "start": date_of("2026-03-05"),
        "end": date_of("2026-03-20"),
        "amount": Euros(100),
        "reason": "essai",
        "token": "T",
    }


@pytest.mark.parametrize("kind", FORM)
async def test_what_would_alter_an_entry_is_refused_before_anything_is_filled(world: RobotWorld, kind: str) -> None:
    for seed in SEEDS:
        release(world, kind, seed)
        with pytest.raises((ReleaseChanged, ScreenChanged)):
            await world.bench.desks["compta"].prepare("propose_advance", **values())
        page = world.bench.desks["compta"].page
        assert page is not None
        filled = "document.forms[0] ? [...document.forms[0].elements].map((e) => e.value).join(' ') : ''"
        assert "185026109999988" not in str(await page.evaluate(filled))


@pytest.mark.parametrize("kind", HARMLESS)
async def test_what_changes_nothing_for_a_robot_raises_no_alarm(world: RobotWorld, kind: str) -> None:
    for seed in SEEDS:
        release(world, kind, seed)
        assert (await world.bench.desks["compta"].prepare("propose_advance", **values())).screen == "proposal"


async def test_a_changed_form_closes_the_application_and_every_case_waits_for_it(
    world: RobotWorld, owner_db: Database
) -> None:
    rows = [world.world.take("entered"), world.world.take("entered")]
    loaded = await world.deliver(*rows)
    release(world, "swap_labels", 3)
    assert await world.work() == "application stopped"
    assert [result.outcome for result in await world.results(loaded.run)] == [RowOutcome.RUNNING] * 2
    async with world.bench.database.transaction("test") as tx:
        (stopped,) = await tx.all("sessions.stopped_applications", caisse="cpam-931")
    assert stopped["application"] == "compta"
    assert "Montant" not in stopped["reason"]  # counted, not quoted: the differences are kept beside it
    async with owner_db.transaction("test") as tx:
        told = await tx.all("console.screen_differences", caisse="cpam-931", application="compta")
    assert "libellé : « Référence arrêt » → « Montant »" in told[0]["said"]
    assert {row["screen"] for row in told} == {"proposal"}
    assert [world.world.lines_of(row.stop) for row in rows] == [[], []]

    release(world)
    async with owner_db.transaction("test") as tx:
        await tx.run("sessions.reopen_application", caisse="cpam-931", application="compta")
    assert await world.work() == "nothing ready"
    assert [result.outcome for result in await world.results(loaded.run)] == [RowOutcome.ENTERED] * 2
    assert [len(world.world.lines_of(row.stop)) for row in rows] == [1, 1]
