"""``retry:`` over days through real sessions: business days alone, its own tries, nobody holds the case meanwhile."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from robot_world import PracticeWorld, RobotWorld, Row, changed_scenario, robot_world

from orchestrator.domain.civil import SystemClock, opening
from orchestrator.engine.results import RowOutcome
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault

CODE = "    C-07: {title: Dossier ouvert par un agent, severity: retry}\n"
OVER_DAYS = CODE.replace("retry}", "retry, retry: {every: 2 business days, times: 3}}")
#: A Tuesday; Christmas and a week-end lie between it and the next two tries.
TUESDAY, FRIDAY, NEW_YEARS_EVE = date(2030, 12, 24), date(2030, 12, 27), date(2030, 12, 31)


@dataclass
class MovedClock:
    """A clock that stands at the opening of a day until it is moved."""

    day: date

    def now(self) -> datetime:
        return opening(self.day)


@asynccontextmanager
async def world_on(
    day: date, practice: PracticeWorld, runner_url: str, vault: Vault, folder: Path
) -> AsyncIterator[tuple[RobotWorld, MovedClock]]:
    practice.fault()
    scenario = changed_scenario(folder, (CODE, OVER_DAYS))
    async with robot_world(practice, runner_url, vault, folder, scenario) as world:
        clock = MovedClock(day)
        world.bench.clock = clock
        yield world, clock


async def cases_of(owner: Database, run: UUID) -> list[tuple[str, datetime | None, int, int]]:
    async with owner.transaction("test") as tx:
        cursor = await tx.connection.execute(
            "select state::text as state, wait_until, epoch, tries from cases where run = %s order by line", [run]
        )
        return [tuple(row.values()) for row in await cursor.fetchall()]


async def let_it_be(day: date, clock: MovedClock, owner: Database) -> None:
    """Move the clock of the robot, and that of the database as far as waiting cases are concerned."""
    clock.day = day
    async with owner.transaction("test") as tx:
        await tx.connection.execute(
            "update cases set wait_until = now() where state = 'waiting' and wait_until <= %s", [opening(day)]
        )


def broken(practice: PracticeWorld, fault: dict[str, Any]) -> None:
    """Have BDO fail."""
    (practice.practice.folder / "faults.json").write_text(json.dumps({"bdo": [fault]}))


def locked(practice: PracticeWorld, row: Row, how: str) -> None:
    """Have an agent open a file in BDO, or close it."""
    with sqlite3.connect(practice.practice.folder / "bdo.db") as store:
        store.execute("update dossier set verrou = ? where nir = ?", (how, row.nir))


async def test_a_file_that_an_agent_has_open_is_tried_on_business_days_then_entered_or_given_to_a_person(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path, owner_db: Database
) -> None:
    freed, kept = (practice_world.take("entered") for _ in range(2))
    for row in (freed, kept):
        locked(practice_world, row, "always")
    async with world_on(TUESDAY, practice_world, runner_url, vault, tmp_path) as (world, clock):
        run = (await world.deliver(freed, kept)).run
        await world.work()
        first = await cases_of(owner_db, run)
        assert [(state, until, tries) for state, until, _, tries in first] == [("waiting", opening(FRIDAY), 1)] * 2

        await let_it_be(date(2030, 12, 26), clock, owner_db)  # after Christmas, a day too early
        assert await world.work() == "nothing ready"
        assert await cases_of(owner_db, run) == first, "nobody took them"

        broken(practice_world, {"on": "GET /dossier/*", "fault": "error", "times": 2})
        await let_it_be(FRIDAY, clock, owner_db)
        await world.work()
        second = await cases_of(owner_db, run)
        assert [(state, until, tries) for state, until, _, tries in second] == [
            ("waiting", opening(NEW_YEARS_EVE), 2)
        ] * 2, "an application that failed that day costs no try"

        locked(practice_world, freed, "never")
        await let_it_be(NEW_YEARS_EVE, clock, owner_db)
        await world.work()
        entered, given = await world.results(run)
    assert (entered.outcome, entered.amount_c) == (RowOutcome.ENTERED, freed.amount_c)
    assert (given.outcome, given.codes) == (RowOutcome.EXCEPTION, ("C-07",))
    assert [line["amount_c"] for line in practice_world.lines_of(freed.stop)] == [freed.amount_c]
    assert practice_world.lines_of(kept.stop) == []


async def test_on_a_host_whose_clock_is_an_hour_fast_a_failure_that_passes_is_tried_again_within_seconds(
    practice_world: PracticeWorld,
    runner_url: str,
    vault: Vault,
    tmp_path: Path,
    owner_db: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = practice_world.take("entered")
    broken(practice_world, {"on": "GET /dossier/*", "fault": "error", "times": 1})
    monkeypatch.setattr(SystemClock, "now", lambda _: datetime.now(UTC) + timedelta(hours=1))
    async with robot_world(practice_world, runner_url, vault, tmp_path, changed_scenario(tmp_path)) as world:
        run = (await world.deliver(row)).run
        await world.work()
        (found,) = await world.results(run)
    assert (found.outcome, found.amount_c) == (RowOutcome.ENTERED, row.amount_c)
    assert [epoch for _, _, epoch, _ in await cases_of(owner_db, run)] == [2], "it failed once"


OF_AGENTS = CODE.replace("severity: retry}", "queue: ij-agents}")


@pytest.mark.parametrize(("opened", "seen_by"), [("", "few"), ("  open_queues: [ij-agents]\n", "all")])
async def test_exceptions_go_to_the_queue_of_their_code_which_agents_see_when_it_is_open(
    practice_world: PracticeWorld,
    runner_url: str,
    vault: Vault,
    tmp_path: Path,
    owner_db: Database,
    visit: Any,
    opened: str,
    seen_by: str,
) -> None:
    practice_world.fault()
    scenario = changed_scenario(tmp_path, (CODE, OF_AGENTS), ("  queue: ij\n", f"  queue: ij\n{opened}"))
    rows = practice_world.take("entered"), practice_world.refused("C-03")
    locked(practice_world, rows[0], "always")
    async with robot_world(practice_world, runner_url, vault, tmp_path, scenario) as world:
        run = (await world.deliver(*rows)).run
        await world.work()
        assert [row.codes for row in await world.results(run)] == [("C-07",), ("C-03",)]
    async with owner_db.transaction("test") as tx:
        cursor = await tx.connection.execute(
            "select reference, queue, restricted from exception_item join cases on cases.id = case_id order by line"
        )
        own, other = await cursor.fetchall()
    assert (own["queue"], own["restricted"]) == ("ij-agents", seen_by == "few")
    assert (other["queue"], other["restricted"]) == ("ij", False)
    for login, sees in (("a.martin", seen_by == "all"), ("c.roux", True)):
        page = (await (await visit(login)).get("/exceptions")).text
        assert (own["reference"] in page, other["reference"] in page) == (sees, True)
