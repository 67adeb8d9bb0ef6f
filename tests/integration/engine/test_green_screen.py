"""A case on a green screen, by the engine and the real s3270: the host's own ledger says what was entered."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from green_host import account, contract, ledger, plan
from robot_world import PROJECT, PracticeWorld, RobotWorld, Row, robot_world

from orchestrator.bootstrap.world import load_keywords
from orchestrator.drivers.terminal_desk import TerminalDesk
from orchestrator.engine.results import RowOutcome
from orchestrator.language.load import load_scenario
from orchestrator.settings import Settings
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault

ACT = "PF5 PGN2"


@pytest.fixture
async def world(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path
) -> AsyncIterator[RobotWorld]:
    """The example of the guide, at the served PROGRES."""
    keywords = load_keywords(Settings(workspace=tmp_path, home=PROJECT))
    scenario = load_scenario(PROJECT / "docs" / "exemples" / "notes-progres.yaml", keywords=keywords)
    folder = practice_world.practice.folder
    address = json.loads((folder / "progres.json").read_text())["progres"]
    async with robot_world(practice_world, runner_url, vault, tmp_path, scenario) as opened:
        browser = opened.bench.desks["arpege"].browser
        desk = TerminalDesk(contract(), account(folder, address), browser)
        opened.bench.desks = {**opened.bench.desks, "progres": desk}
        yield opened
        await desk.discard()
    practice_world.fault()


def fault(world: RobotWorld, kind: str, **more: object) -> None:
    plan(world.world.practice.folder, {"fault": kind, "times": 1, **more})


def notes_of(world: RobotWorld, row: Row) -> list[dict[str, Any]]:
    return [line for line in ledger(world.world.practice.folder) if line["stop"] == row.stop]


async def verbs(owner: Database) -> list[str]:
    async with owner.transaction("test") as tx:
        found = await tx.connection.execute("select verb from audit_outbox where verb ~ '^(doubt|entry)' order by id")
        return [row["verb"] for row in await found.fetchall()]


async def test_a_note_is_entered_and_proven_with_a_picture_as_evidence(world: RobotWorld, owner_db: Database) -> None:
    row = world.world.take("entered")
    loaded = await world.deliver(row)

    await world.work()

    result = await world.only(loaded.run)
    (line,) = notes_of(world, row)
    assert (result.outcome, result.entry_reference) == (RowOutcome.ENTERED, line["number"])
    assert (line["nir"], line["amount_c"]) == (row.nir, 10_000)
    assert await verbs(owner_db) == ["entry.planned", "entry.intent", "entry.confirmed"]
    async with owner_db.transaction("test") as tx:
        kinds = await (await tx.connection.execute("select kind from evidence")).fetchall()
    assert [each["kind"] for each in kinds] == ["confirmed"]


async def test_a_line_lost_after_the_entry_is_a_doubt_that_a_look_settles_and_it_is_not_entered_twice(
    world: RobotWorld, owner_db: Database
) -> None:
    row = world.world.take("entered")
    fault(world, "drop", on=ACT)
    loaded = await world.deliver(row)

    await world.work()

    result = await world.only(loaded.run)
    (line,) = notes_of(world, row)
    assert (result.outcome, result.entry_reference) == (RowOutcome.ENTERED, line["number"])
    assert "entry.doubtful" in await verbs(owner_db)


async def test_a_line_lost_before_the_entry_is_a_doubt_that_only_a_person_ends(
    world: RobotWorld, owner_db: Database
) -> None:
    row = world.world.take("entered")
    fault(world, "cut", on=ACT)
    loaded = await world.deliver(row)

    await world.work()

    result = await world.only(loaded.run)
    assert (result.outcome, result.doubtful) == (RowOutcome.EXCEPTION, True)
    assert notes_of(world, row) == []
    assert "doubt.looked" in await verbs(owner_db)


async def test_a_night_and_a_lost_line_before_any_act_are_tried_again(world: RobotWorld, owner_db: Database) -> None:
    row = world.world.take("entered")
    fault(world, "degraded", on="ENTER PGN1")
    loaded = await world.deliver(row)

    await world.work()

    assert (await world.only(loaded.run)).outcome is RowOutcome.ENTERED
    assert len(notes_of(world, row)) == 1
    assert "entry.doubtful" not in await verbs(owner_db)
