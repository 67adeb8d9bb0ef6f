"""A session walks the screens with the witness before it works anything: a change that could alter an entry stops it there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from robot_world import PracticeWorld, RobotWorld, known_witnesses, robot_world
from witnessed import release, work

from orchestrator.engine.results import RowOutcome
from orchestrator.store.vault import Vault


@pytest.fixture
async def world(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path
) -> AsyncIterator[RobotWorld]:
    practice_world.fault()
    async with robot_world(practice_world, runner_url, vault, tmp_path) as opened:
        yield opened
        release(opened, {})


CHANGES = {
    "dates of the stops": {"arpege": {"screen": "arrets", "kind": "shown.date_format", "seed": 1}},
    "columns of the payments": {"arpege": {"screen": "paiements", "kind": "list.swap_classes", "seed": 2}},
    "values of a person": {"bdo": {"screen": "dossier", "kind": "value.swap_ids", "seed": 3}},
    "death and attachment": {"rniam": {"screen": "personne", "kind": "value.swap_ids", "seed": 3}},
    "labels of the form": {"compta": {"screen": "nouvelle-avance", "kind": "swap_labels", "seed": 4}},
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_that_could_alter_an_entry_stops_the_run_before_its_first_write(
    world: RobotWorld, change: str
) -> None:
    row, witnesses = world.world.take("entered"), await known_witnesses(world)
    loaded = await world.deliver(row)
    release(world, {**CHANGES[change]})
    assert await work(world, witnesses) == "screens not walked"
    assert world.world.lines_of(row.stop) == []
    assert (await world.only(loaded.run)).outcome is RowOutcome.RUNNING  # kept, for a person or for later
    async with world.loader.database.transaction("test") as tx:
        stopped = await tx.all("sessions.stopped_applications", caisse=world.bench.scenario.caisse)
    assert [each["application"] for each in stopped] == [*CHANGES[change]]
    release(world, {})
    assert await work(world, witnesses) == "application stopped"  # until a person has reopened it
    assert world.world.lines_of(row.stop) == []


async def test_a_change_that_alters_nothing_stops_nobody(world: RobotWorld) -> None:
    row, witnesses = world.world.take("entered"), await known_witnesses(world)
    await world.deliver(row)
    release(world, {"compta": {"screen": "nouvelle-avance", "kind": "banner", "seed": 5}})
    assert await work(world, witnesses) == "nothing ready"
    assert [line["amount_c"] for line in world.world.lines_of(row.stop)] == [row.amount_c]
