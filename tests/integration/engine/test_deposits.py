"""Deposited documents: each ends as it was planted, is filed once, wakes once who waits for it, and closes no request."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from deposits_world import deliver, deposits_world, filings, requests
from robot_world import PracticeWorld, RobotWorld, Row, robot_world

from orchestrator.domain.errors import RefusedDelivery
from orchestrator.engine import session as sessions
from orchestrator.engine.sweep import sweep
from orchestrator.engine.tickets import ticket_queue
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault
from sandbox.deposits import made
from sandbox.stores import load


async def test_each_deposit_ends_as_planted_once_in_the_ged_and_no_request_is_closed(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path
) -> None:
    asked, earlier = requests(practice_world), filings(practice_world)
    async with deposits_world(practice_world, runner_url, vault, tmp_path) as world:
        loaded, planted = await deliver(world)
        await world.work()
        rows = {row.line: row for row in await world.results(loaded.run)}
        assert {line: (_ended(row.end, row.outcome.value), row.codes) for line, row in rows.items()} == {
            one["line"]: (one["outcome"], _codes(one)) for one in planted
        }
        due = [(one["nir"], one["request"], one["kind"], one["digest"]) for one in planted if one["outcome"] == "filed"]
        filed = filings(practice_world)[len(earlier) :]
        assert sorted((act["nir"], act["reference"], act["kind"], act["digest"]) for act in filed) == sorted(due)

        again, planted = await deliver(world, only=("PE", "AME"))
        await world.work()
        assert [row.end for row in await world.results(again.run)] == ["already_done"] * 2, "the same, in another list"
        with pytest.raises(RefusedDelivery):
            await deliver(world, only=("PE", "AME"))
    assert filings(practice_world)[len(earlier) :] == filed
    assert requests(practice_world) == asked, "whoever files something answers nothing"


def _ended(end: str | None, outcome: str) -> str:
    return "filed" if end == "filed_unawaited" else outcome


def _codes(one: dict[str, Any]) -> tuple[str, ...]:
    return {"twice": ("DOUBLON",), "wrong NIR": ("VALEUR",)}.get(one["case"], tuple(one["codes"]))


async def test_the_case_that_waits_goes_on_once_though_the_session_died_before_it_could_say_that_it_had_filed(
    practice_world: PracticeWorld,
    runner_url: str,
    vault: Vault,
    tmp_path: Path,
    owner_db: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    practice_world.fault()
    row = _row_of_the_first(practice_world)
    async with (
        robot_world(practice_world, runner_url, vault, tmp_path) as advances,
        deposits_world(practice_world, runner_url, vault, tmp_path) as world,
    ):
        run = (await advances.deliver(row)).run
        _rename(practice_world, row.nir, "Autrenom")
        await advances.work()
        assert "C-03" in (await advances.only(run)).codes
        await _wait_for_a_document(owner_db)
        _rename(practice_world, row.nir, row.text.split(";")[1])
        loaded, _ = await deliver(world, only=("PE", "C2S"), again="reprise")
        await _killed_before_the_end(world, owner_db, monkeypatch)
        assert await _woken(owner_db) == []
        await _work_together(world)
        ends = [one.end for one in await world.results(loaded.run)]
        assert ends == ["case_woken", "filed_unawaited"]
        numbers = [one.entry_reference for one in await world.results(loaded.run)]
        waited, filed_by = (await advances.only(run)).reference, (await world.results(loaded.run))[0].reference
        said = {"by": "document", "document": numbers[0], "filed_by": filed_by}
        assert await _woken(owner_db) == [("robot:depot-pieces", waited, said)]
        await advances.work()
        assert (await advances.only(run)).end == "entered"
        await world.work()
        assert len(await _woken(owner_db)) == 1
    assert len(practice_world.lines_of(row.stop)) == 1
    filed = [act for act in filings(practice_world) if act["number"] in numbers]
    assert len(filed) == 2


async def _work_together(world: RobotWorld) -> None:
    """Run a session that claims several cases at once: what was filed before touches no application any more, and ends."""
    runner = uuid4()
    async with world.bench.database.transaction("test") as tx:
        await tx.run("sessions.register_runner", id=runner, host="test", pid=1)
    session = world.session(runner)
    session.hand.most = 2
    await session.run()


class _KilledError(BaseException):
    """The process ends here: nobody concludes anything."""


async def _killed_before_the_end(world: RobotWorld, owner: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """End a session once its document is filed and proven, before its case ends, and let its lease run out."""

    async def die(*_: object) -> None:
        raise _KilledError

    with monkeypatch.context() as broken:
        broken.setattr(sessions, "settle", die)
        with pytest.raises(_KilledError):
            await world.work()
    async with owner.transaction("test") as tx:
        await tx.connection.execute("update cases set lease_until = now() - interval '1 second' where state = 'leased'")
    queue = ticket_queue(world.runner_url, size=1)
    async with queue.open_async():
        await sweep(world.bench.database, queue)


def _row_of_the_first(practice: PracticeWorld) -> Row:
    """Return the row of advances whose stop the first deposit is about; no other test takes it."""
    first, *_ = made(load(practice.practice.folder))[0]
    (row,) = [row for row in practice.rows if row.stop == first.file]
    if row in practice.unused:
        practice.unused.remove(row)
    return row


def _rename(practice: PracticeWorld, nir: str, name: str) -> None:
    """Have BDO hold another name of birth."""
    with closing(sqlite3.connect(practice.practice.folder / "bdo.db", timeout=20)) as store, store:
        sql = "UPDATE dossier SET fiche = json_set(fiche, '$.nom_naissance', ?) WHERE nir = ?"
        store.execute(sql, (name, nir))


async def _wait_for_a_document(owner: Database) -> None:
    """Do what an agent's decision in the console does: the exception is closed, the case waits."""
    async with owner.transaction("agent:a.martin") as tx:
        await tx.connection.execute(
            "update exception_item set closed_at = now(), closed_by = 'test', decision = 'wait' where closed_at is null"
        )
        await tx.connection.execute(
            "update cases set state = 'waiting', wait_until = now() + interval '9 days', waits_for = 'document'"
            " where state = 'exception'"
        )


async def _woken(owner: Database) -> list[tuple[str, str, Any]]:
    async with owner.transaction("test") as tx:
        cursor = await tx.connection.execute(
            "select actor, object, details from audit_outbox where verb = 'case.woken' order by id"
        )
        return [(row["actor"], row["object"], row["details"]) for row in await cursor.fetchall()]
