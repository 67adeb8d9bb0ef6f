"""One case of several rows and several entries, through real sessions; the ledger is COMPTA's own."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from grouped_world import grouped_world, household
from robot_world import PracticeWorld, RobotWorld

from orchestrator.engine.replay import Replayed, Trial, replay
from orchestrator.engine.results import RowOutcome
from orchestrator.store.vault import Vault


async def ends(world: RobotWorld, run: UUID) -> list[tuple[str, str | None, int]]:
    """Return state, end and number of the cases of a run."""
    async with world.bench.database.transaction("test") as tx:
        found = await tx.all("runs.progress", run=run)
    return [(row["state"], row["ended_as"], row["cases"]) for row in found]


async def test_the_rows_of_one_person_make_one_case_with_one_advance_for_each_stop(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path
) -> None:
    rows = household(practice_world, 3)
    async with grouped_world(practice_world, runner_url, vault, tmp_path) as world:
        loaded = await world.deliver(*rows)
        await world.work()
        results = await world.results(loaded.run)
        trial = Trial(
            scenario=world.bench.scenario, keywords=world.bench.keywords, database=world.bench.database, vault=vault
        )
        (replayed,) = await replay(trial, loaded.run)
        assert await ends(world, loaded.run) == [("ended", "entered", 1)]
    assert (loaded.rows, loaded.cases, loaded.set_aside) == (3, 1, 0)
    assert [(result.line, result.outcome, result.amount_c) for result in results] == [
        (2, RowOutcome.ENTERED, 10_000),
        (3, RowOutcome.ENTERED, 10_000),
        (4, RowOutcome.ENTERED, 10_000),
    ]
    ledger = [line for row in rows for line in practice_world.lines_of(row.stop)]
    assert [(line["stop"], line["amount_c"]) for line in ledger] == [(row.stop, 10_000) for row in rows]
    assert [result.entry_reference for result in results] == [line["number"] for line in ledger]
    assert (replayed.result, replayed.differences) == (Replayed.SAME, ())
