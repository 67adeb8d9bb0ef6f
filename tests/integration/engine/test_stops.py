"""A person stops robots: no act begins after it, on any machine; what had left is read back; nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from entry_lanes import LANES, EntryLanes, Lane, limits
from robot_world import PROJECT, PracticeWorld, RobotWorld, desks, robot_world

from orchestrator.bootstrap.world import load_keywords
from orchestrator.domain.errors import RobotsStopped, SettingsError
from orchestrator.domain.money import Euros
from orchestrator.engine import stops
from orchestrator.engine.enter import Entering
from orchestrator.engine.lease import LeasePermit
from orchestrator.engine.results import RowOutcome
from orchestrator.engine.sweep import sweep
from orchestrator.engine.tickets import ticket_queue
from orchestrator.language.load import load_scenario
from orchestrator.settings import Settings
from orchestrator.store.database import Database, StoreError
from orchestrator.store.vault import Vault

CAISSE, SCENARIO, WHO = "cpam-931", "ij-acompte", "s.noir"
TEN = Euros(1_000)


@pytest.fixture
async def lanes(runner_url: str, vault: Vault) -> AsyncIterator[EntryLanes]:
    keywords = load_keywords(Settings(home=PROJECT))
    scenario = load_scenario(PROJECT / "scenarios" / "ij-acompte.yaml", keywords=keywords, caisse=CAISSE)
    async with Database(runner_url, size=LANES) as database:
        lanes = EntryLanes(replace(scenario, limits=limits(per_run=Euros(10_000_000))), database, vault)
        await lanes.publish(runner_url)
        yield lanes


async def stop(console: Database, what: str) -> None:
    async with console.transaction(f"agent:{WHO}") as tx:
        if what == SCENARIO:
            assert await stops.stop_scenario(tx, CAISSE, SCENARIO, "Montants faux depuis ce matin", WHO)
        else:
            assert await stops.stop_application(tx, CAISSE, what, "Montants faux depuis ce matin", WHO)


async def resume(console: Database, what: str) -> None:
    async with console.transaction(f"agent:{WHO}") as tx:
        if what == SCENARIO:
            assert await stops.resume_scenario(tx, CAISSE, SCENARIO, WHO)
        else:
            assert await stops.resume_application(tx, CAISSE, what)


async def rows(owner: Database, text: str) -> list[dict[str, Any]]:
    async with owner.transaction("test") as tx:
        return await (await tx.connection.execute(text.encode())).fetchall()


# --- sixteen lanes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", [SCENARIO, "compta", "bdo"])
async def test_no_lane_begins_an_act_after_the_stop_and_all_go_on_after_it(
    lanes: EntryLanes, console_db: Database, owner_db: Database, what: str
) -> None:
    await lanes.load(80)
    stopped, late, begun = asyncio.Event(), [], [await lanes.lane(number) for number in range(LANES)]

    async def work(lane: Lane) -> None:
        while True:
            case = await lane.take()
            if case is None:
                return
            entry = await lane.plan(case)
            await asyncio.sleep(0.02)  # in the middle of a case
            after = stopped.is_set()
            try:
                await lane.intend(case, entry, TEN)
            except RobotsStopped:
                await lane.end(case, "ready")
                return
            late.extend([case.reference] if after else [])
            await lane.confirm(case, entry, TEN)

    working = [asyncio.create_task(work(lane)) for lane in begun]
    while len(await rows(owner_db, "select 1 from entry where state = 'confirmed'")) < 20:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    await stop(console_db, what)
    stopped.set()
    await asyncio.gather(*working)
    assert late == []
    assert await begun[0].take() is None
    states = {
        row["state"]: row["n"] for row in await rows(owner_db, "select state::text, count(*) n from cases group by 1")
    }
    assert set(states) == {"ended", "ready"}
    assert sum(states.values()) == 80
    money = await rows(owner_db, "select amount_c from spending")
    assert money == [{"amount_c": states["ended"] * TEN.centimes}]
    await resume(console_db, what)
    stopped.clear()
    await asyncio.gather(*(work(lane) for lane in begun))
    assert await rows(owner_db, "select state::text, count(*) n from cases group by 1") == [{"state": "ended", "n": 80}]
    assert await rows(owner_db, "select count(*) n from entry where state = 'confirmed'") == [{"n": 80}]


async def test_the_database_itself_refuses_the_intent_of_a_stopped_robot(
    lanes: EntryLanes, console_db: Database
) -> None:
    await lanes.load(1)
    lane = await lanes.lane()
    case = await lane.take()
    assert case is not None
    entry = await lane.plan(case)
    await stop(console_db, "arpege")  # it reads there: what it has read may be what is wrong
    with pytest.raises(StoreError) as refused:
        async with lanes.database.transaction("robot:acompte-ij") as tx:
            await tx.run("entries.intend", id=entry.id, amount_c=1, counted="{}")
    assert refused.value.state == "GL008"


async def test_an_application_that_a_scenario_does_not_use_stops_nothing_of_it(
    lanes: EntryLanes, owner_db: Database, runner_url: str
) -> None:
    await lanes.load(2)
    async with owner_db.transaction("robot:other") as tx:
        await tx.run("sessions.stop_application", caisse=CAISSE, application="elsewhere", reason="essai")
    queue = ticket_queue(runner_url, size=1)
    async with queue.open_async():
        await sweep(lanes.database, queue)
    assert [row["args"] for row in await rows(owner_db, "select args from queue.procrastinate_jobs")] == [
        {"caisse": CAISSE, "scenario": SCENARIO}
    ] * 2
    assert await (await lanes.lane()).work(TEN)


async def test_who_stops_and_why_is_written_and_a_wrong_name_or_a_nir_is_refused(
    lanes: EntryLanes, console_db: Database, owner_db: Database
) -> None:
    await stop(console_db, SCENARIO)
    await stop(console_db, "compta")
    async with console_db.transaction("agent:other") as tx:
        assert not await stops.stop_application(tx, CAISSE, "compta", "encore", "other")
        with pytest.raises(SettingsError, match="Connus : arpege, bdo, compta, rniam"):
            await stops.stop_application(tx, CAISSE, "conpta", "essai", "other")
        with pytest.raises(SettingsError, match="Connus : ij-acompte"):
            await stops.stop_scenario(tx, CAISSE, "ij-acomptes", "essai", "other")
        with pytest.raises(SettingsError, match="NIR"):
            await stops.stop_scenario(tx, CAISSE, SCENARIO, "à cause de 1 85 02 61 999 001 89", "other")
    await resume(console_db, SCENARIO)
    await resume(console_db, "compta")
    found = await rows(
        owner_db,
        "select actor, verb, object, details ->> 'reason' as reason from audit_outbox"
        " where verb like 'scenario.%' or verb like 'application.%' order by id",
    )
    why = "Montants faux depuis ce matin"
    assert [tuple(row.values()) for row in found] == [
        ("agent:s.noir", "scenario.stopped", SCENARIO, why),
        ("agent:s.noir", "application.stopped", "compta", why),
        ("agent:s.noir", "scenario.released", SCENARIO, why),
        ("agent:s.noir", "application.reopened", "compta", None),
    ]


# --- real sessions at the practice applications ----------------------------------------------------------------------


@pytest.fixture
async def world(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path
) -> AsyncIterator[RobotWorld]:
    practice_world.fault()
    async with robot_world(practice_world, runner_url, vault, tmp_path) as opened:
        yield opened


async def test_a_stop_between_intent_and_act_lets_nothing_leave_and_one_after_it_is_read_back(
    world: RobotWorld, console_db: Database, owner_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = world.world.take("entered"), world.world.take("entered")
    asked, proves = LeasePermit.holds, Entering._prove

    async def at_the_gate(permit: LeasePermit) -> bool:
        monkeypatch.setattr(LeasePermit, "holds", asked)
        await stop(console_db, SCENARIO)
        return await asked(permit)

    async def on_the_way(self: Entering, *given: Any) -> Any:
        monkeypatch.setattr(Entering, "_prove", proves)
        await stop(console_db, "compta")
        return await proves(self, *given)

    monkeypatch.setattr(LeasePermit, "holds", at_the_gate)
    first = await world.deliver(before)
    await world.work()
    assert world.world.lines_of(before.stop) == []
    assert (await world.only(first.run)).outcome is RowOutcome.RUNNING  # waits; nobody is asked anything
    found = await rows(
        owner_db, "select entry.state::text, cases.state::text as held, cases.attempts from entry, cases"
    )
    assert found == [{"state": "planned", "held": "ready", "attempts": 0}]
    await resume(console_db, SCENARIO)
    monkeypatch.setattr(Entering, "_prove", on_the_way)
    assert await world.work() == "application stopped"
    assert len(world.world.lines_of(before.stop)) == 1
    assert (await world.only(first.run)).outcome is RowOutcome.ENTERED
    second = await world.deliver(after)
    assert await world.work() == "application stopped"
    assert world.world.lines_of(after.stop) == []
    await resume(console_db, "compta")
    await world.work()
    assert (await world.only(second.run)).outcome is RowOutcome.ENTERED
    assert len(world.world.lines_of(after.stop)) == 1


async def test_nothing_reaches_the_application_after_the_stop_with_lanes_at_work(
    world: RobotWorld, console_db: Database, owner_db: Database
) -> None:
    """The times are those of the practice application's own ledger."""
    taken = [world.world.take("entered") for _ in range(7)]
    loaded = await world.deliver(*taken)
    runner = uuid4()
    async with world.loader.database.transaction("test") as tx:
        await tx.run("sessions.register_runner", id=runner, host="test", pid=1)
    sessions = [world.session(runner) for _ in range(3)]
    for session in sessions:
        browser = session.bench.desks["compta"].browser
        session.bench = replace(session.bench, desks=desks(browser, world.world))
        session.benches = {session.bench.scenario.hash: session.bench}
    working = [asyncio.create_task(session.run()) for session in sessions]
    while not any(world.world.lines_of(row.stop) for row in taken):  # noqa: ASYNC110 - another process's file
        await asyncio.sleep(0.05)
    await stop(console_db, "compta")
    stopped = datetime.now(UTC)
    assert {*await asyncio.gather(*working)} == {"application stopped"}
    stops_taken = {row.stop for row in taken}
    at = [datetime.fromisoformat(act["at"]) for act in world.world.acts() if act.get("stop") in stops_taken]
    assert max(at) <= stopped + timedelta(seconds=5)
    results = await world.results(loaded.run)
    assert {result.outcome for result in results} <= {RowOutcome.ENTERED, RowOutcome.RUNNING}
    assert sum(result.outcome is RowOutcome.ENTERED for result in results) == len(at)
    intents = await rows(owner_db, "select max(at) as last from audit_outbox where verb = 'entry.intent'")
    assert intents[0]["last"] <= stopped + timedelta(seconds=5)
