"""``wait:`` through real sessions: nobody holds a case that waits, it goes on after its date, and nothing is entered twice."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb
from robot_world import PROJECT, PracticeWorld, RobotWorld, robot_world

from orchestrator.bootstrap.world import load_keywords
from orchestrator.domain.civil import opening
from orchestrator.engine.replay import Replayed, Trial, replay
from orchestrator.engine.results import RowOutcome
from orchestrator.language.load import load_scenario
from orchestrator.language.model import Scenario
from orchestrator.settings import Settings
from orchestrator.store.database import Database, StoreUnavailable
from orchestrator.store.vault import Vault

AFTER = """
  - id: three_days
    wait: {until: "add_days(today, 3)", then: seen}

  - id: seen
    extract: compta.advances
    with:
      nir: ${nir}
    controls:
      W-01: any_with(seen, stop_id=stop_id, amount=advance.amount)

schedule:
"""
BEFORE = """
  - id: a_day
    wait: {until: "add_days(today, 1)", then: proposal}

  - id: proposal
"""
CODE = "  codes:  "


def waiting_scenario(folder: Path, *, before: bool = False, after: bool = False) -> Scenario:
    shutil.copytree(PROJECT / "scenarios", folder / "scenarios", dirs_exist_ok=True)
    path = folder / "scenarios" / "ij-acompte.yaml"
    text = path.read_text("utf-8")
    if after:
        text = text.replace("\nschedule:\n", AFTER).replace(
            "    R-ANO:", "    W-01: {title: Avance absente}\n    R-ANO:", 1
        )
        text = text.replace("    W-01: {title: Avance absente}\n    R-ANO: anomaly", "    R-ANO: anomaly")
        text = text.replace("    R-ARRET: {title", "    W-01: {title: Avance absente de COMPTA}\n    R-ARRET: {title")
    if before:
        text = text.replace("\n  - id: proposal\n", BEFORE)
    path.write_text(text, "utf-8")
    keywords = load_keywords(Settings(workspace=folder, home=PROJECT))
    return load_scenario(path, keywords=keywords, caisse="cpam-931")


@asynccontextmanager
async def waiting_world(
    practice: PracticeWorld, runner_url: str, vault: Vault, folder: Path, **where: bool
) -> AsyncIterator[RobotWorld]:
    practice.fault()
    async with robot_world(practice, runner_url, vault, folder, waiting_scenario(folder, **where)) as world:
        yield world


async def case_of(owner: Database, run: UUID) -> dict[str, Any]:
    async with owner.transaction("test") as tx:
        cursor = await tx.connection.execute(
            "select state::text as state, ended_as, waits_for, waited, wait_until, attempts, epoch, leased_by from cases"
            " where run = %s",
            [run],
        )
        row = await cursor.fetchone()
    assert row is not None
    return dict(row)


async def let_days_pass(owner: Database) -> None:
    async with owner.transaction("test") as tx:
        await tx.connection.execute("update cases set wait_until = now() where state = 'waiting'")


async def test_after_an_entry_the_case_waits_held_by_nobody_then_goes_on_without_entering_again(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path, owner_db: Database
) -> None:
    row = practice_world.take("entered")
    async with waiting_world(practice_world, runner_url, vault, tmp_path, after=True) as world:
        loaded = await world.deliver(row)
        assert await world.work() == "nothing ready"
        waiting = await case_of(owner_db, loaded.run)
        day = world.bench.today
        assert (waiting["state"], waiting["waits_for"], waiting["leased_by"]) == ("waiting", "date", None)
        assert waiting["wait_until"] == opening(day.fromordinal(day.toordinal() + 3))
        assert len(practice_world.lines_of(row.stop)) == 1

        assert await world.work() == "nothing ready"
        assert (await case_of(owner_db, loaded.run))["epoch"] == waiting["epoch"], "nobody claimed it"

        await let_days_pass(owner_db)
        await world.work()
        ended = await case_of(owner_db, loaded.run)
        found = await world.only(loaded.run)
        trial = Trial(
            scenario=world.bench.scenario, keywords=world.bench.keywords, database=world.loader.database, vault=vault
        )
        (replayed,) = await replay(trial, loaded.run)
    assert (ended["state"], ended["ended_as"], ended["waits_for"]) == ("ended", "entered", None)
    assert found.outcome is RowOutcome.ENTERED
    assert [line["amount_c"] for line in practice_world.lines_of(row.stop)] == [row.amount_c]
    assert (replayed.result, replayed.differences) == (Replayed.SAME, ())


async def test_before_an_entry_everything_is_read_again_after_the_wait(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path, owner_db: Database
) -> None:
    row = practice_world.take("entered")
    async with waiting_world(practice_world, runner_url, vault, tmp_path, before=True) as world:
        loaded = await world.deliver(row)
        await world.work()
        assert (await case_of(owner_db, loaded.run))["state"] == "waiting"
        assert practice_world.lines_of(row.stop) == []
        practice_world.show_day("2026-03-26")  # what is read again shows it: an old screen, C-12
        try:
            await let_days_pass(owner_db)
            await world.work()
            again = await case_of(owner_db, loaded.run)
        finally:
            practice_world.show_day("2026-03-27")
        assert (again["state"], again["waits_for"]) == ("exception", None)
        assert (await world.only(loaded.run)).codes == ("C-12",)
        assert practice_world.lines_of(row.stop) == []


@pytest.mark.parametrize("moment", ["proven", "going on"])
async def test_a_session_that_dies_around_the_wait_enters_nothing_twice(
    practice_world: PracticeWorld,
    runner_url: str,
    vault: Vault,
    tmp_path: Path,
    owner_db: Database,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
) -> None:
    row = practice_world.take("entered")
    async with waiting_world(practice_world, runner_url, vault, tmp_path, after=True) as world:
        loaded = await world.deliver(row)
        if moment == "going on":
            await world.work()
            await let_days_pass(owner_db)
        with monkeypatch.context() as dying:
            dying.setattr("orchestrator.engine.session.settle", _dies)  # the entry is proven, nothing more is written
            with pytest.raises(StoreUnavailable):
                await world.work()
        assert len(practice_world.lines_of(row.stop)) == 1
        assert (await case_of(owner_db, loaded.run))["state"] == "leased"
        await _lease_ends(owner_db)
        await world.work()
        found = await case_of(owner_db, loaded.run)
        assert found["state"] == ("waiting" if moment == "proven" else "ended")
        await let_days_pass(owner_db)
        await world.work()
        ended = await case_of(owner_db, loaded.run)
    assert (ended["state"], ended["ended_as"]) == ("ended", "entered")
    assert [line["amount_c"] for line in practice_world.lines_of(row.stop)] == [row.amount_c]


async def _dies(*_: Any) -> None:
    await asyncio.sleep(0)
    raise StoreUnavailable


async def _lease_ends(owner: Database) -> None:
    async with owner.transaction("test") as tx:
        await tx.connection.execute("update cases set lease_until = now() - interval '1 second' where state = 'leased'")
        await tx.all("cases.sweep_orphans")


async def test_a_check_that_fails_after_the_wait_goes_to_a_person_who_can_end_the_case(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path, owner_db: Database
) -> None:
    row = practice_world.take("entered")
    async with waiting_world(practice_world, runner_url, vault, tmp_path, after=True) as world:
        loaded = await world.deliver(row)
        await world.work()
        made = (await world.only(loaded.run)).entry_reference
        await let_days_pass(owner_db)
        async with owner_db.transaction("test") as tx:  # what was known of the amount is lost: it is read again
            await tx.connection.execute("update cases set findings = null")
        await world.work()
        assert (await world.only(loaded.run)).codes == ("W-01",)
        await _instruct(owner_db, {"do": "read_back", "reference": "ACP-1999-000001", "by": "martin"})
        await world.work()
        assert (await world.only(loaded.run)).codes == ("RELECTURE",)
        await _instruct(owner_db, {"do": "read_back", "reference": made, "by": "martin"})
        await world.work()
        ended = await case_of(owner_db, loaded.run)
    assert (ended["state"], ended["ended_as"]) == ("ended", "entered")
    assert len(practice_world.lines_of(row.stop)) == 1


async def _instruct(owner: Database, instruction: dict[str, Any]) -> None:
    """Do what a decision in the console does: close the exception, give the case back with an instruction."""
    async with owner.transaction("agent:martin") as tx:
        await tx.connection.execute(
            "update exception_item set closed_at = now(), closed_by = 'martin', decision = 'done_by_hand'"
            " where closed_at is null"
        )
        await tx.connection.execute(
            "update cases set state = 'ready', instruction = %s where state = 'exception'", [Jsonb(instruction)]
        )
