"""A session walks the screens with the witness before it works anything: a change that could alter an entry stops it there."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from robot_world import PracticeWorld, RobotWorld, known_witnesses, robot_world

from orchestrator.drivers.witness import Witness
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


def release(world: RobotWorld, asked: dict[str, object]) -> None:
    """Have the applications serve a screen as a mutation leaves it; none is the release we know."""
    (world.world.practice.folder / "mutations.json").write_text(json.dumps(asked))


async def work(world: RobotWorld, witnesses: dict[str, Witness]) -> str:
    runner = uuid4()
    async with world.bench.database.transaction("test") as tx:
        await tx.run("sessions.register_runner", id=runner, host="test", pid=1)
    session = world.session(runner)
    session.witnesses = witnesses
    return await session.run()


CHANGES = {
    "dates of the stops": {"arpege": {"screen": "arrets", "kind": "shown.date_format", "seed": 1}},
    "columns of the payments": {"arpege": {"screen": "paiements", "kind": "list.swap_classes", "seed": 2}},
    "values of a person": {"bdo": {"screen": "dossier", "kind": "value.swap_ids", "seed": 3}},
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
    async with world.bench.database.transaction("test") as tx:
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
