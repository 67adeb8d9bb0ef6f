"""Doubts, settled by robots: an application is left in peace, the login that acted is ended, one look decides (ADR 28)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from robot_world import PROJECT, PracticeWorld, RobotWorld, Row, desks, resend, robot_world

from orchestrator.bootstrap.world import load_keywords
from orchestrator.domain import cases
from orchestrator.drivers import act
from orchestrator.drivers.gate import Gate
from orchestrator.engine import doubts
from orchestrator.engine.lease import Heartbeat
from orchestrator.engine.results import RowOutcome
from orchestrator.engine.sweep import sweep
from orchestrator.engine.tickets import ticket_queue
from orchestrator.language.load import load_scenario
from orchestrator.language.model import Scenario
from orchestrator.settings import Settings
from orchestrator.store.database import Database, StoreError
from orchestrator.store.vault import Vault

#: A second entry of the same case, in doubt at the same time.
ANOTHER = """
    insert into entry (id, caisse, effect_digest, scenario, application, keyword, payment, token, case_id, state)
    select gen_random_uuid(), caisse, 'another', scenario, application, keyword, payment, 'GLR-B', case_id, 'doubtful'
    from entry
"""


@pytest.fixture
async def world(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path
) -> AsyncIterator[RobotWorld]:
    practice_world.fault()
    async with robot_world(practice_world, runner_url, vault, tmp_path) as opened:
        yield opened
    practice_world.fault()


@pytest.fixture
async def unpaid(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path
) -> AsyncIterator[RobotWorld]:
    """The same world, whose entries pay nothing."""
    practice_world.fault()
    async with robot_world(practice_world, runner_url, vault, tmp_path, scenario_that_pays_nothing(tmp_path)) as opened:
        yield opened
    practice_world.fault()


def scenario_that_pays_nothing(folder: Path) -> Scenario:
    keywords = load_keywords(Settings(workspace=folder, home=PROJECT))
    proposal = keywords["compta.propose_advance"]
    assert proposal.entry is not None
    harmless = replace(proposal, entry=replace(proposal.entry, payment=False))
    path = PROJECT / "scenarios" / "ij-acompte.yaml"
    return load_scenario(path, keywords={**keywords, proposal.name: harmless}, caisse="cpam-931")


async def rows_of(owner: Database, text: str, *values: object) -> list[dict[str, Any]]:
    async with owner.transaction("test") as tx:
        return list(await (await tx.connection.execute(text.encode(), values)).fetchall())


async def spent(owner: Database) -> set[int]:
    """Return the centimes that are counted, under whatever ceiling."""
    return {row["amount_c"] for row in await rows_of(owner, "select distinct amount_c from spending")}


async def said(owner: Database) -> list[str]:
    """Return what the log says of doubts and entries, in order."""
    text = "select verb from audit_outbox where verb like 'doubt.%%' or verb like 'entry.%%' order by id"
    return [row["verb"] for row in await rows_of(owner, text)]


def fault(world: RobotWorld, row: Row, kind: str, **more: object) -> None:
    world.world.fault({"on": "POST /avances", "stop": row.stop, "fault": kind, "times": 1, **more})


async def test_what_was_made_is_seen_after_the_quiet_time_and_confirmed_without_anybody(
    world: RobotWorld, owner_db: Database
) -> None:
    row = world.world.take("entered")
    fault(world, row, "after")
    loaded = await world.deliver(row)
    await world.work()
    result = await world.only(loaded.run)
    (line,) = world.world.lines_of(row.stop)
    assert (result.outcome, result.doubtful, result.entry_reference) == (RowOutcome.ENTERED, False, line["number"])
    assert await said(owner_db) == [
        "entry.planned", "entry.intent", "entry.doubtful", "doubt.begun", "doubt.login_ended", "doubt.looked",
        "entry.confirmed",
    ]  # fmt: skip
    (doubt,) = await rows_of(owner_db, "select * from doubt")
    assert doubt["looked_at"] >= doubt["login_ended_at"] + doubt["quiet"]
    assert (doubt["seen"], doubt["reference"]) == ("ours", line["number"])
    (last,) = await rows_of(owner_db, "select details from audit_outbox where verb = 'entry.confirmed'")
    assert last["details"]["settled_from"] == "doubtful"
    kinds = await rows_of(owner_db, "select kind from evidence order by taken_at")
    assert kinds[-1]["kind"] == "confirmed"


async def test_a_payment_that_is_not_seen_goes_to_a_person_after_the_quiet_time_and_is_never_made_again(
    world: RobotWorld, owner_db: Database
) -> None:
    row = world.world.take("entered")
    fault(world, row, "before")
    loaded = await world.deliver(row)
    await world.work()
    result = await world.only(loaded.run)
    assert (result.outcome, result.doubtful) == (RowOutcome.EXCEPTION, True)
    (item,) = await rows_of(
        owner_db,
        "select item.cause, item.message, item.opened_at >= doubt.look_at as after_it, doubt.seen, entry.state::text as state "
        "from exception_item item join doubt on doubt.case_id = item.case_id join entry on entry.id = doubt.entry",
    )
    assert (item["cause"], item["after_it"], item["seen"], item["state"]) == ("doubt", True, "absent", "doubtful")
    assert "Elle peut encore arriver" in item["message"]
    assert world.world.lines_of(row.stop) == []


async def test_a_commit_that_comes_after_the_robot_gave_up_is_waited_for(
    world: RobotWorld, owner_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(act, "ANSWER_MS", 1_000)
    desk = world.bench.desks["compta"]
    desk.account = replace(desk.account, quiet=3.0)
    row = world.world.take("entered")
    fault(world, row, "slow", seconds=2)
    loaded = await world.deliver(row)
    await world.work()
    assert (await world.only(loaded.run)).outcome is RowOutcome.ENTERED
    assert len(world.world.lines_of(row.stop)) == 1
    assert [row["seen"] for row in await rows_of(owner_db, "select seen from doubt")] == ["ours"]


async def test_what_pays_nothing_and_is_absent_is_made_once_more_and_once_only(
    unpaid: RobotWorld, owner_db: Database
) -> None:
    row = unpaid.world.take("entered")
    fault(unpaid, row, "before", times=2)
    loaded = await unpaid.deliver(row)
    await unpaid.work()
    result = await unpaid.only(loaded.run)
    assert (result.outcome, result.doubtful) == (RowOutcome.EXCEPTION, True)
    assert unpaid.world.lines_of(row.stop) == []
    tries = await rows_of(owner_db, "select result from entry_attempt order by n")
    assert [one["result"] for one in tries] == ["doubtful", "doubtful"]
    assert await spent(owner_db) == {row.amount_c}


async def test_a_session_frozen_at_its_request_sends_it_under_a_login_that_is_ended(
    world: RobotWorld, owner_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The residue of the fences: between the gate's last check and the sending nothing more can be asked."""
    row = world.world.take("entered")
    loaded = await world.deliver(row)
    (frozen,) = at_the_gate(monkeypatch, 1)
    first = asyncio.create_task(silent(world).work())
    await frozen.reached()
    await orphan(world, owner_db)
    other = other_session(world)
    await other.work()
    assert (await world.only(loaded.run)).doubtful
    for desk in other.bench.desks.values():
        await desk.discard()
    frozen.go_on()
    await first
    assert world.world.lines_of(row.stop) == []
    assert "case.lease_lost" in {one["verb"] for one in await rows_of(owner_db, "select verb from audit_outbox")}


async def test_a_frozen_session_that_wakes_up_touches_nothing_of_who_makes_the_entry_once_more(
    unpaid: RobotWorld, owner_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = unpaid.world.take("entered")
    loaded = await unpaid.deliver(row)
    frozen, busy = at_the_gate(monkeypatch, 2)
    first = asyncio.create_task(silent(unpaid).work())
    await frozen.reached()
    await orphan(unpaid, owner_db)
    second = asyncio.create_task(other_session(unpaid).work())
    await busy.reached()
    frozen.go_on()
    await first
    busy.go_on()
    await second
    assert (await unpaid.only(loaded.run)).outcome is RowOutcome.ENTERED
    tries = await rows_of(owner_db, "select result from entry_attempt order by n")
    assert [one["result"] for one in tries] == ["doubtful", "confirmed"]
    assert await spent(owner_db) == {row.amount_c}
    assert len(unpaid.world.lines_of(row.stop)) == 1


async def test_a_login_that_could_not_be_ended_is_ended_when_a_person_sends_it_back_and_looked_at_again_later(
    unpaid: RobotWorld, owner_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = unpaid.world.take("entered")
    fault(unpaid, row, "before")
    loaded = await unpaid.deliver(row)

    async def in_vain(*_: object) -> bool:
        return False

    with monkeypatch.context() as broken:
        broken.setattr(doubts, "end_login", in_vain)
        await unpaid.work()
    assert (await unpaid.only(loaded.run)).doubtful
    await resend(owner_db, loaded.run, {"do": "resend", "by": "martin"})
    await unpaid.work()
    assert (await unpaid.only(loaded.run)).outcome is RowOutcome.ENTERED
    assert [verb for verb in await said(owner_db) if verb.startswith("doubt.")] == [
        "doubt.begun", "doubt.looked", "doubt.login_ended", "doubt.looked",
    ]  # fmt: skip


async def test_nobody_is_asked_for_an_entry_that_another_case_has_in_doubt_before_that_is_looked_at(
    world: RobotWorld, owner_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A campaign found an agent who entered by hand what a frozen session of the other case sent a little later."""
    monkeypatch.setattr(cases, "_ELSEWHERE", timedelta(seconds=0.5))
    row = world.world.take("entered")
    await world.deliver(row)
    (frozen,) = at_the_gate(monkeypatch, 1)
    first = asyncio.create_task(silent(world).work())
    await frozen.reached()
    await rows_of(owner_db, "update cases set key_digest = 'another' returning id")  # as if of another scenario
    await world.deliver(replace(row, text=row.text.rpartition(";")[0] + ";20/02/2026"))
    other = other_session(world)
    second = asyncio.create_task(other.work())
    while not await rows_of(owner_db, "select 1 as one from attempt where outcome = 'doubt'"):  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    assert await rows_of(owner_db, "select cause from exception_item") == []
    await orphan(world, owner_db)
    await second
    text = "select item.opened_at > doubt.looked_at as later from exception_item item cross join doubt"
    assert await rows_of(owner_db, text) == [{"later": True}, {"later": True}]
    for desk in other.bench.desks.values():
        await desk.discard()
    frozen.go_on()
    await first
    assert world.world.lines_of(row.stop) == []


async def test_no_session_waits_for_a_doubt_while_another_scenario_has_work(
    world: RobotWorld, owner_db: Database
) -> None:
    """A campaign found the one free session waiting for the doubt of a case that it kept from being worked."""
    await world.deliver(world.world.take("entered"), world.world.take("entered"))
    take = "update cases set state = 'leased', leased_by = gen_random_uuid(), lease_until = now() + '1 min' where line = %s"
    wait = "state = 'waiting', waits_for = 'doubt', wait_until = now() + '9 s', leased_by = null, lease_until = null"
    await rows_of(owner_db, f"{take} returning id", 2)
    await rows_of(owner_db, f"update cases set {wait}, scenario = 'another' where line = 2 returning id")
    waits = []
    for line in (None, 3):
        await rows_of(owner_db, f"{take} returning id", line)
        async with owner_db.transaction("test") as tx:
            busy = await tx.first("cases.busy", caisse="cpam-931", scenario="another", session=None)
        waits.append(busy is not None and busy["soon"])
    assert waits == [False, True]


@pytest.mark.parametrize(
    "change",
    [
        "update entry set state = 'confirmed', reference = 'ACP-1', settled_at = now()",
        "update entry set state = 'planned', amount_c = null",
        "update doubt set looked_at = now(), seen = 'absent'",
        "update doubt set look_at = now()",
        "update doubt set quiet = '0'",
        "update cases set state = 'ended', ended_as = 'entered', leased_by = null, lease_until = null",
        "update cases set state = 'exception', leased_by = null, lease_until = null",
        ANOTHER,
    ],
)
async def test_the_database_settles_no_doubt_before_its_quiet_time_is_over(
    seed: Any, owner_db: Database, change: str
) -> None:
    await seed.exception(cause="doubt", entry="doubtful")
    await rows_of(
        owner_db,
        "insert into doubt (entry, n, caisse, case_id, quiet, look_at)"
        " select entry, n, caisse, case_id, '1 min', now() + interval '1 min' from entry_attempt returning n",
    )
    for step in ("state = 'ready'", "state = 'leased', leased_by = gen_random_uuid(), lease_until = now() + '1 min'"):
        await rows_of(owner_db, f"update cases set {step} returning id")
    with pytest.raises(StoreError) as refused:
        await rows_of(owner_db, f"{change} returning caisse")
    assert refused.value.state in {"GL009", "23514", "23505"}


async def test_what_settled_a_doubt_stands_as_it_was_seen(seed: Any, owner_db: Database) -> None:
    """A simulation found a session that slept, woke after another had settled its doubt, and wiped what that one had seen."""
    await seed.exception(cause="doubt", entry="doubtful")
    text = (
        "insert into doubt (entry, n, caisse, case_id, quiet, look_at)"
        " select entry, n, caisse, case_id, '0', now() from entry_attempt returning entry, n"
    )
    (doubt,) = await rows_of(owner_db, text)
    await rows_of(owner_db, "update doubt set looked_at = now(), seen = 'ours', reference = 'ACP-1' returning n")
    proven = "update entry set state = 'confirmed', reference = 'ACP-1', settled_at = now() returning id"
    await rows_of(owner_db, proven)
    (seen,) = await rows_of(owner_db, "select * from doubt")
    async with owner_db.transaction("test") as tx:
        await tx.run("doubts.login_ended", entry=doubt["entry"], n=doubt["n"])
    assert await rows_of(owner_db, "select * from doubt") == [seen]
    with pytest.raises(StoreError) as refused:
        await rows_of(owner_db, "update doubt set looked_at = null, seen = null, reference = null returning n")
    assert refused.value.state == "GL009"


@pytest.mark.parametrize(
    ("payment", "login", "allowed"), [("no", "ended", "once more"), ("yes", "ended", ""), ("no", "open", "")]
)
async def test_the_database_lets_be_made_once_more_only_what_pays_nothing_of_a_login_that_is_ended(
    seed: Any, owner_db: Database, payment: str, login: str, allowed: str
) -> None:
    await seed.exception(cause="doubt", entry="doubtful")
    text = (
        "insert into doubt (entry, n, caisse, case_id, quiet, look_at, login_ended_at)"
        " select entry, n, caisse, case_id, '0', now(), case when %s then now() end from entry_attempt returning n"
    )
    await rows_of(owner_db, text, login == "ended")
    await rows_of(owner_db, "update entry set payment = %s returning id", payment)
    await rows_of(owner_db, "update doubt set looked_at = now(), seen = 'absent' returning n")
    again = rows_of(owner_db, "update entry set state = 'planned', amount_c = null returning id")
    if allowed:
        await again
    else:
        with pytest.raises(StoreError) as refused:
            await again
        assert refused.value.state == "GL009"


class Held:
    """A request that has passed the gate's last check and has not left yet."""

    def __init__(self) -> None:
        self._reached, self._go = asyncio.Event(), asyncio.Event()

    async def hold(self) -> None:
        self._reached.set()
        await self._go.wait()

    async def reached(self) -> None:
        await asyncio.wait_for(self._reached.wait(), 60)

    def go_on(self) -> None:
        self._go.set()


def at_the_gate(monkeypatch: pytest.MonkeyPatch, count: int) -> list[Held]:
    """Hold that many requests, the first ones to come, between the gate's last check and their sending."""
    requests, send = [Held() for _ in range(count)], Gate._send
    coming = iter(requests)

    async def held(gate: Gate, route: Any) -> None:
        await next(coming).hold()
        await send(gate, route)

    monkeypatch.setattr(Gate, "_send", held)
    return requests


def silent(world: RobotWorld) -> RobotWorld:
    """Return a world whose sessions give no sign of life, as frozen processes do."""
    return replace(world, heartbeat=Heartbeat(world.runner_url))


def other_session(world: RobotWorld) -> RobotWorld:
    """Return the same world with logins of its own."""
    browser = world.bench.desks["compta"].browser
    return replace(world, bench=replace(world.bench, desks=desks(browser, world.world), last_desk=None))


async def orphan(world: RobotWorld, owner: Database) -> None:
    """Let the lease run out, and a runner sweep."""
    await rows_of(
        owner, "update cases set lease_until = now() - interval '1 second' where state = 'leased' returning id"
    )
    queue = ticket_queue(world.runner_url, size=1)
    async with queue.open_async():
        await sweep(world.bench.database, queue)
