"""Who holds a case, and what an old holder can still write: nothing."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from case_rows import one_row
from published import publish_bare
from settling import settled

from orchestrator.bench.queues.claimers import Claimers
from orchestrator.bench.queues.held import held_by_two, read
from orchestrator.engine.case_rows import new_reference
from orchestrator.engine.lease import LEASE, Heartbeat, Lease, LeasePermit, boot_clock, clocks
from orchestrator.engine.sweep import sweep
from orchestrator.engine.tickets import ticket_queue
from orchestrator.store.database import Database, StoreError, Transaction
from orchestrator.store.vault import Vault

CAISSE, SCENARIO = "cpam-931", "ij-acompte"


@pytest.fixture
async def run(orchestrator_db: Database, owner_db: Database) -> UUID:
    """Seed a run of a published version, without cases."""
    run = uuid4()
    async with owner_db.transaction("test") as tx:
        asks = {"parallel": 2, "ramp": "{}", "incidents": None, "outside": "[]"}
        version = {"hash": "h", "caisse": CAISSE, "name": SCENARIO, "title": "t", "document": "d"}
        await tx.run("versions.record", **version, **asks)
        await publish_bare(tx, CAISSE, SCENARIO, "h")
    async with orchestrator_db.transaction("test") as tx:
        delivery = {"id": run, "caisse": CAISSE, "scenario": SCENARIO, "file_name": "f", "sha256": str(run), "rows": 0}
        await tx.run("runs.record_delivery", **delivery)
        await tx.run(
            "runs.start", id=run, caisse=CAISSE, scenario=SCENARIO, title="t", version="h", delivery=run, robot="r",
            mode="live", run_date="2026-03-27",
        )  # fmt: skip
    return run


async def add_case(tx: Transaction, vault: Vault, run: UUID, line: int) -> UUID:
    case = uuid4()
    _, wrapped = vault.new_data_key(case)
    about = {"caisse": CAISSE, "run": run, "scenario": SCENARIO, "reference": new_reference(), "key_digest": case.bytes}
    await tx.run("cases.insert", **one_row(id=case, line=line, data_key=wrapped, **about))
    return case


async def claim(database: Database, session: UUID, lease: timedelta = LEASE) -> Lease | None:
    asked = clocks()
    where = {"caisse": CAISSE, "scenario": SCENARIO}
    async with database.transaction("test") as tx:
        await tx.run("sessions.register_runner", id=session, host="h", pid=1)
        await tx.connection.execute(
            "insert into robot_session (id, caisse, runner, robot, scenario) values (%s, %s, %s, 'r', %s)"
            " on conflict do nothing", [session, CAISSE, session, SCENARIO],
        )  # fmt: skip
        wanted = {"actor": "test", "in_turn": False, "most": 1, "session": session, "lease": lease, "versions": "{h}"}
        row = await tx.first("cases.claim", **wanted, **where)
    return (
        Lease(case=row["id"], epoch=row["epoch"], session=session, asked=asked, last_beat=boot_clock() + 60)
        if row
        else None
    )


async def end(database: Database, lease: Lease) -> int:
    """Try to end a case under a lease; return how many rows it touched."""
    async with database.transaction("test") as tx:
        return await tx.run("cases.settle", **lease.key, **settled("ended", "entered"))


async def expire(owner: Database) -> None:
    async with owner.transaction("test") as tx:
        await tx.connection.execute("update cases set lease_until = now() - interval '1 second' where state = 'leased'")


async def test_no_case_is_held_by_two_by_what_the_claimers_wrote_down_and_those_of_the_dead_come_back(
    orchestrator_url: str, orchestrator_db: Database, vault: Vault, run: UUID, tmp_path: Path
) -> None:
    """``glr bench claims``, short: sixteen claimers, few cases; every twentieth claim is left as by the dead."""
    async with orchestrator_db.transaction("test") as tx:
        cases = {str(await add_case(tx, vault, run, line)) for line in range(2, 22)}
    queue = ticket_queue(orchestrator_url, size=1)
    async with Database(orchestrator_url, size=16, claiming=True) as many, queue.open_async():
        with (tmp_path / "one.held").open("w", encoding="ascii") as log:
            claimers = Claimers(
                database=many, caisse=CAISSE, scenario=SCENARIO, version="h", log=log, lease=timedelta(seconds=0.5), dies=20
            )  # fmt: skip
            claiming = asyncio.create_task(claimers.run(16, 600, uuid4()))
            while not claiming.done():
                await sweep(orchestrator_db, queue)
                await asyncio.sleep(0.1)
            await claiming
    held = list(read(tmp_path))
    assert held_by_two(held) == []
    assert len(held) == 600
    assert {one.case for one in held} <= cases
    assert max(one.epoch for one in held) > 20


async def test_an_old_epoch_writes_nothing(
    orchestrator_db: Database, owner_db: Database, vault: Vault, run: UUID
) -> None:
    async with orchestrator_db.transaction("test") as tx:
        await add_case(tx, vault, run, 2)
    first = await claim(orchestrator_db, uuid4())
    assert first is not None
    await expire(owner_db)
    async with orchestrator_db.transaction("sweep") as tx:
        assert len(await tx.all("cases.sweep_orphans")) == 1
    second = await claim(orchestrator_db, uuid4())
    assert second is not None
    assert second.epoch == first.epoch + 1
    assert await end(orchestrator_db, first) == 0
    assert await LeasePermit(first, orchestrator_db).holds() is False
    assert await LeasePermit(second, orchestrator_db).holds() is True
    assert await end(orchestrator_db, second) == 1


async def test_a_lease_that_ran_out_cannot_be_used_even_before_the_sweep(
    orchestrator_db: Database, owner_db: Database, vault: Vault, run: UUID
) -> None:
    async with orchestrator_db.transaction("test") as tx:
        await add_case(tx, vault, run, 2)
    lease = await claim(orchestrator_db, uuid4())
    assert lease is not None
    await expire(owner_db)
    assert await LeasePermit(lease, orchestrator_db).holds() is False
    assert await end(orchestrator_db, lease) == 0


async def test_a_permit_ends_with_either_clock(
    orchestrator_db: Database, vault: Vault, run: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with orchestrator_db.transaction("test") as tx:
        await add_case(tx, vault, run, 2)
    lease = await claim(orchestrator_db, uuid4())
    assert lease is not None
    assert lease.in_time()
    monkeypatch.setattr("orchestrator.engine.lease.boot_clock", lambda: lease.boot_deadline + 0.001)
    assert not lease.in_time()
    monkeypatch.undo()
    monkeypatch.setattr("orchestrator.engine.lease.time.time", lambda: lease.wall_deadline + 0.001)
    assert not lease.in_time()


async def test_the_heartbeat_renews_until_the_limit_of_the_case(
    orchestrator_db: Database,
    orchestrator_url: str,
    owner_db: Database,
    vault: Vault,
    run: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("orchestrator.engine.lease.BEAT", 0.05)
    async with orchestrator_db.transaction("test") as tx:
        await add_case(tx, vault, run, 2)
    lease = await claim(orchestrator_db, uuid4(), timedelta(seconds=2))
    assert lease is not None
    heart = Heartbeat(orchestrator_url)
    heart.start()
    heart.hold(lease)
    await asyncio.sleep(0.5)
    assert await _remaining(owner_db) > 20  # renewed to a whole lease
    lease.last_beat = boot_clock()
    await asyncio.sleep(0.2)
    async with owner_db.transaction("test") as tx:
        await tx.connection.execute("update cases set lease_until = now() + interval '1 second'")
    await asyncio.sleep(0.5)
    heart.stop()
    assert await _remaining(owner_db) < 1


async def _remaining(owner: Database) -> float:
    async with owner.transaction("test") as tx:
        cursor = await tx.connection.execute(
            "select extract(epoch from lease_until - now())::float8 as left from cases"
        )
        row = await cursor.fetchone()
    return float(row["left"]) if row else 0.0


async def test_every_sweep_sees_that_ready_cases_have_a_live_ticket(
    orchestrator_db: Database, orchestrator_url: str, vault: Vault, run: UUID
) -> None:
    async with orchestrator_db.transaction("test") as tx:
        for line in range(2, 7):
            await add_case(tx, vault, run, line)
    queue = ticket_queue(orchestrator_url, size=2)
    async with queue.open_async():
        await asyncio.gather(*(sweep(orchestrator_db, queue) for _ in range(4)))
        await sweep(orchestrator_db, queue)
    async with orchestrator_db.transaction("test") as tx:
        live = await tx.first("sessions.live_tickets", caisse=CAISSE, scenario=SCENARIO)
    assert live == {"live": 2}


async def test_a_closed_application_gets_no_ticket(
    orchestrator_db: Database, orchestrator_url: str, vault: Vault, run: UUID
) -> None:
    async with orchestrator_db.transaction("test") as tx:
        await add_case(tx, vault, run, 2)
        await tx.run("sessions.stop_application", caisse=CAISSE, application="compta", reason="essai")
    queue = ticket_queue(orchestrator_url, size=1)
    async with queue.open_async():
        await sweep(orchestrator_db, queue)
    async with orchestrator_db.transaction("test") as tx:
        assert await tx.first("sessions.live_tickets", caisse=CAISSE, scenario=SCENARIO) == {"live": 0}


async def test_an_entry_is_unique_in_the_whole_database(orchestrator_db: Database, vault: Vault, run: UUID) -> None:
    async with orchestrator_db.transaction("test") as tx:
        case = await add_case(tx, vault, run, 2)
    entry = {
        "effect_digest": b"e", "scenario": SCENARIO, "application": "compta", "keyword": "k", "payment": True,
        "token": "GLR-X", "case_id": case, "undoes": None,
    }  # fmt: skip
    touched = []
    for caisse in (CAISSE, "cpam-611"):
        async with orchestrator_db.transaction("test") as tx:
            touched.append(await tx.run("entries.plan", id=uuid4(), caisse=caisse, **entry))
    assert touched == [1, 0]


async def test_an_entry_attempt_is_open_once(orchestrator_db: Database, vault: Vault, run: UUID) -> None:
    entry = uuid4()
    async with orchestrator_db.transaction("test") as tx:
        case = await add_case(tx, vault, run, 2)
        await tx.run(
            "entries.plan", id=entry, caisse=CAISSE, effect_digest=b"e", scenario=SCENARIO, application="compta",
            keyword="k", payment=True, token="GLR-X", case_id=case, undoes=None,
        )  # fmt: skip
    attempt = {
        "entry": entry, "caisse": CAISSE, "case_id": case, "epoch": 1, "session": uuid4(), "values_digest": b"v",
        "cookies": b"c",
    }  # fmt: skip
    async with orchestrator_db.transaction("test") as tx:
        await tx.run("entries.begin_attempt", **attempt)
    with pytest.raises(StoreError) as refused:
        async with orchestrator_db.transaction("test") as tx:
            await tx.run("entries.begin_attempt", **attempt)
    assert refused.value.constraint == "entry_attempt_open"
