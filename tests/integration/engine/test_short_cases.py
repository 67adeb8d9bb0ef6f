"""Short cases are claimed and ended together; what takes longer is held alone, and who lost a lease writes no end."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from published import publish
from robot_world import beating

from orchestrator.domain.cases import Outcome, RetryPolicy
from orchestrator.domain.keywords import collect, compute
from orchestrator.engine.hand import Hand
from orchestrator.engine.lease import Heartbeat
from orchestrator.engine.load import Loader
from orchestrator.engine.session import RobotSession
from orchestrator.engine.sweep import give_back_orphans
from orchestrator.engine.tickets import ticket_queue
from orchestrator.engine.turns import claim_several
from orchestrator.engine.work import Attempt, Workbench
from orchestrator.language.load import load_scenario
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault

CAISSE = "cpam-931"
_SCENARIO = """
scenario: brefs
title: Dossiers brefs
author: essai
robot: acompte-ij
mode: live
case:
  key: ${number}
  fields:
    number: {type: text, max: 20, column: Numéro}
sources:
  - csv: brefs-*.csv
    encoding: utf-8
    delimiter: ";"
    trailer: {rows: true}
steps:
  - {id: nothing, compute: brefs.nothing}
exceptions: {queue: essai, codes: {}}
"""


@compute("brefs.nothing", "Rien.")
def nothing() -> int:
    """Do nothing."""
    return 0


#: What is told of a case that was worked once.
_ONCE = ["case.ready", "case.leased", "attempt.ended", "case.ended"]
#: Happens before the steps of a case, by its number.
Before = Callable[[str], Awaitable[None]]


class Watched(RobotSession):
    """A session in which something happens before the steps of each case."""

    before: Before

    async def _work(self, attempt: Attempt) -> Outcome:
        await self.before(str(attempt.case.fields["number"]))
        return await super()._work(attempt)


@dataclass(kw_only=True)
class Short:
    """Cases of a scenario that touches no application, and sessions that work them."""

    bench: Workbench
    loader: Loader
    owner: Database
    heartbeat: Heartbeat
    folder: Path
    worked: list[str] = field(default_factory=list)

    async def deliver(self, rows: int) -> UUID:
        """Load cases numbered from 1."""
        path = self.folder / "brefs-1.csv"
        numbers = (str(row) for row in range(1, rows + 1))
        path.write_text("\r\n".join(["Numéro", *numbers, f"FIN;{rows}", ""]), encoding="utf-8")
        return (await self.loader.load(self.bench.scenario, path, date(2026, 3, 27), "test")).run

    async def session(self, before: Before | None = None) -> Watched:
        """Return a session of its own runner; what it works is written down in its order."""
        runner = uuid4()
        async with self.bench.database.transaction("test") as tx:
            await tx.run("sessions.register_runner", id=runner, host="test", pid=1)

        async def noted(number: str) -> None:
            self.worked.append(number)
            if before is not None:
                await before(number)

        session = Watched(
            bench=self.bench, heartbeat=self.heartbeat, runner=runner, id=uuid4(),
            policy=RetryPolicy(), stopping=asyncio.Event(),
        )  # fmt: skip
        session.before = noted
        return session

    async def begun(self) -> UUID:
        """Begin a session that works nothing; return its id."""
        session = await self.session()
        who = {"caisse": CAISSE, "runner": session.runner, "robot": "acompte-ij", "scenario": "brefs"}
        async with self.bench.database.transaction("test") as tx:
            await tx.run("sessions.begin", id=session.id, **who)
        return session.id

    async def claim(self, session: UUID, most: int) -> Sequence[Any]:
        """Claim cases together, as a session does."""
        where, known = {"caisse": CAISSE, "scenario": "brefs"}, [self.bench.scenario.hash]
        return await claim_several(self.bench.database, "robot:test", session, known, most=most, **where)

    async def told(self) -> dict[int, list[str]]:
        """Return what was told of each case, by its line in the delivery."""
        rows = await self.rows(
            "select line, verb from audit_outbox join cases on object in (reference, cases.id::text) order by audit_outbox.id"
        )
        found: dict[int, list[str]] = {}
        for row in rows:
            found.setdefault(row["line"], []).append(row["verb"])
        return found

    async def rows(self, asked: str) -> list[dict[str, Any]]:
        """Ask the database something, as its owner."""
        async with self.owner.transaction("test") as tx:
            return await (await tx.connection.execute(asked.encode())).fetchall()

    async def until(self, asked: str) -> None:
        """Wait until the database says so."""
        for _ in range(500):
            if (await self.rows(asked))[0]["so"]:
                return
            await asyncio.sleep(0.02)
        raise TimeoutError(asked)

    async def change(self, said: str) -> None:
        """Change something in the database, as its owner."""
        async with self.owner.transaction("test") as tx:
            await tx.connection.execute(said.encode())


@pytest.fixture
async def short(
    owner_db: Database,
    runner_url: str,
    orchestrator_url: str,
    vault: Vault,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Short]:
    """Publish the scenario; every case is short, however slow the machine."""
    monkeypatch.setattr("orchestrator.engine.hand.PACE", 60.0)
    monkeypatch.setattr("orchestrator.engine.session.LONGEST", 60.0)
    path, keywords = tmp_path / "brefs.yaml", collect(SimpleNamespace(nothing=nothing))
    path.write_text(_SCENARIO.lstrip(), encoding="utf-8")
    scenario = load_scenario(path, keywords=keywords, caisse=CAISSE)
    await publish(owner_db, scenario)
    queue = ticket_queue(orchestrator_url, size=1)
    async with (
        Database(runner_url, size=4, claiming=True) as database,
        Database(orchestrator_url, size=2) as orchestrator,
        queue.open_async(),
    ):
        bench = Workbench(
            scenario=scenario, keywords=keywords, desks={}, database=database, vault=vault,
            evidence=tmp_path / "evidence", robot="acompte-ij",
        )  # fmt: skip
        loader = Loader(database=orchestrator, queue=queue, vault=vault)
        with beating(runner_url) as heartbeat:
            yield Short(bench=bench, loader=loader, owner=owner_db, heartbeat=heartbeat, folder=tmp_path)


def test_as_many_are_claimed_as_are_worked_within_the_pace_by_the_slowest_of_the_last_claim() -> None:
    hand, seen = Hand(), []
    for longest in (0.001, 0.02, 0.1, 0.3, 0.0):
        hand.take([], (0.0, 0.0))
        for seconds in (0.0, longest, 0.0):
            hand.worked(seconds)
        seen.append(hand.most)
    assert seen == [16, 12, 2, 1, 16]


async def test_short_cases_share_claims_and_commits_and_each_has_its_attempt_and_its_events(short: Short) -> None:
    await short.deliver(40)
    session = await short.session()
    assert await session.run() == "nothing ready"
    assert short.worked == [str(number) for number in range(1, 41)]
    assert await short.told() == dict.fromkeys(range(2, 42), _ONCE)
    found = await short.rows(
        "select count(*) as attempts, count(distinct started_at) as claims, count(distinct ended_at) as ends,"
        " bool_and(outcome = 'done' and n = 1 and not incident and acts_left = 0) as plain from attempt"
    )
    (attempts,) = found
    assert (attempts["attempts"], attempts["plain"]) == (40, True)
    assert (attempts["claims"], attempts["ends"]) == (4, 4)  # one, sixteen, sixteen, the rest
    ended = await short.rows(
        "select distinct state::text, ended_as, findings is not null as sealed, attempts from cases"
    )
    assert ended == [{"state": "ended", "ended_as": "done", "sealed": True, "attempts": 1}]


async def test_a_case_that_takes_longer_is_held_alone_and_others_work_the_rest(
    short: Short, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.engine.session.LONGEST", 0.1)
    await short.deliver(30)
    slow, go_on = asyncio.Event(), asyncio.Event()

    async def before(number: str) -> None:
        if number == "5":
            slow.set()
            await go_on.wait()

    first = asyncio.create_task((await short.session(before)).run())
    await slow.wait()
    assert len(await short.rows("select from cases where state = 'leased'")) > 2
    await short.until("select count(*) = 1 as so from cases where state = 'leased'")
    assert await (await short.session()).run() == "nothing ready"
    states = await short.rows("select line, state::text from cases where state <> 'ended'")
    assert states == [{"line": 6, "state": "leased"}]
    go_on.set()
    assert await first == "nothing ready"
    assert Counter(short.worked) == dict.fromkeys((str(number) for number in range(1, 31)), 1)
    told = Counter(tuple(verbs) for verbs in (await short.told()).values())
    back = ("case.ready", "case.leased", "case.ready", "case.leased", "attempt.ended", "case.ended")
    assert set(told) == {tuple(_ONCE), back}
    assert await short.rows("select distinct state::text, attempts from cases") == [{"state": "ended", "attempts": 1}]


async def test_who_lost_its_leases_writes_no_end_and_says_so(short: Short) -> None:
    await short.deliver(10)

    async def before(number: str) -> None:
        if number == "10":  # the others have ended, and it is not written yet
            await short.change("update cases set lease_until = now() - interval '1 second' where state = 'leased'")
            await give_back_orphans(short.loader.database)
            assert await (await short.session()).run() == "nothing ready"

    async def once(number: str) -> None:
        if short.worked.count(number) == 1:
            await before(number)

    assert await (await short.session(once)).run() == "nothing ready"
    told = await short.told()
    lost = [line for line, verbs in told.items() if "case.lease_lost" in verbs]
    assert lost == list(range(3, 12))  # all that were claimed together
    assert {tuple(sorted(told[line])) for line in lost} == {
        (
            "attempt.ended",
            "case.ended",
            "case.lease_lost",
            "case.leased",
            "case.leased",
            "case.orphaned",
            "case.ready",
            "case.ready",
        )
    }
    ended = await short.rows("select n, count(*) as cases from attempt where outcome = 'done' group by n order by n")
    assert ended == [{"n": 1, "cases": 10 - len(lost)}, {"n": 2, "cases": len(lost)}]


async def test_a_session_that_is_asked_to_stop_gives_back_what_it_has_not_begun(short: Short) -> None:
    await short.deliver(30)
    session = await short.session()

    async def before(number: str) -> None:
        short.worked.append(number)
        if number == "5":
            session.stopping.set()

    session.before = before
    assert await session.run() == "asked to stop"
    assert short.worked == ["1", "2", "3", "4", "5"]
    states = await short.rows("select state::text, attempts, count(*) as cases from cases group by 1, 2 order by 3")
    assert states == [{"state": "ended", "attempts": 1, "cases": 5}, {"state": "ready", "attempts": 0, "cases": 25}]


async def test_what_was_held_before_is_claimed_alone_and_so_is_the_case_of_a_trial(short: Short) -> None:
    await short.deliver(8)
    session = await short.begun()
    await short.change("update cases set epoch = 1 where line in (2, 4)")
    lines = [[row["line"] for row in await short.claim(session, 3)] for _ in range(2)]
    assert lines == [[2, 3], [4, 5, 6]]  # the first whatever it was; of the others none that was held
    await short.change(
        "insert into application_stop (caisse, application, reason, retry_at, trial)"
        f" values ('{CAISSE}', 'autre', 'essai', now(), '{session}')"
    )
    assert [row["line"] for row in await short.claim(session, 3)] == [7]


async def test_one_that_may_have_been_entered_is_not_ended_with_the_others(short: Short) -> None:
    await short.deliver(3)
    session = await short.begun()
    rows = await short.claim(session, 3)
    await short.change(
        "insert into entry (id, caisse, effect_digest, scenario, application, keyword, payment, token, case_id, state)"
        f" select id, '{CAISSE}', 'e', 'brefs', 'compta', 'k', false, 't', id, 'doubtful' from cases where line = 3"
    )
    ends = {"epoch": [1, 1, 1], "ended_as": ["done"] * 3, "findings": [b"f"] * 3}
    asked = {"actor": "robot:test", "session": session, "id": [row["id"] for row in rows], **ends}
    written = {row["id"] for row in await short.bench.database.at_once("cases.end", **asked)}
    assert written == {row["id"] for row in rows if row["line"] != 3}
    assert await short.bench.database.at_once("cases.end", **asked) == []


async def test_a_session_that_hangs_at_one_of_several_cases_is_seen(short: Short) -> None:
    await short.deliver(3)
    session = await short.begun()
    rows = await short.claim(session, 3)
    await short.change(f"update attempt set ended_at = now() where case_id <> '{rows[1]['id']}'")
    await short.change("update attempt set started_at = now() - interval '1 hour'")
    async with short.bench.database.transaction("test") as tx:
        hung = await tx.all("sessions.hung", hosted=[session], longest=timedelta(minutes=5))
    assert [one["id"] for one in hung] == [session]
