"""Which runs are closed, when a try is repeated, and that a run is closed once: as the database has it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg
import pytest
from audit_rows import CAISSE, add_case, add_run, connect

from orchestrator.engine.closings import BeingClosed, ClosingRecord
from orchestrator.store.database import Database


async def _due(database: Database) -> list[dict[str, Any]]:
    async with database.transaction("test") as tx:
        return [dict(row) for row in await tx.all("closings.due", caisse=CAISSE)]


@pytest.mark.parametrize(
    ("states", "with_people"),
    [
        ([], 0),
        (["ended", "rejected", "cancelled"], 0),
        (["ended", "exception", "awaiting_approval"], 2),
        (["ended", "ready"], None),
        (["ended", "waiting"], None),
        (["ended", "leased"], None),
    ],
)
async def test_a_run_is_closed_when_no_case_is_in_the_robots_hands(
    owner_url: str, orchestrator_db: Database, states: list[str], with_people: int | None
) -> None:
    with connect(owner_url) as connection:
        run = add_run(connection)
        for line, state in enumerate(states, start=2):
            add_case(connection, run, state, line)
    found = [(row["run"], row["with_people"]) for row in await _due(orchestrator_db)]
    assert found == ([] if with_people is None else [(run, with_people)])


async def test_a_shadow_run_and_one_with_a_doubt_are_not_closed(owner_url: str, orchestrator_db: Database) -> None:
    with connect(owner_url) as connection:
        shadow, doubtful = add_run(connection), add_run(connection)
        connection.execute("update run set mode = 'shadow' where id = %s", [shadow])
        connection.execute("insert into hand_over values (%s, %s, 'courriel', 'mail.send')", [CAISSE, doubtful])
        assert [row["run"] for row in await _due(orchestrator_db)] == [doubtful]  # interrupted: the next closing looks
        connection.execute("update hand_over set state = 'doubtful'")
    assert await _due(orchestrator_db) == []


async def test_a_try_is_repeated_later_and_later_and_a_closed_run_stays_closed(
    owner_url: str, orchestrator_db: Database, orchestrator_url: str
) -> None:
    with connect(owner_url) as connection:
        run = add_run(connection)
        async with Database(orchestrator_url, size=1) as holding, Database(orchestrator_url, size=1) as other:
            record = _record(holding, orchestrator_db, run)
            async with record.held():
                assert await _due(orchestrator_db) == []  # one closes it
                with pytest.raises(BeingClosed):
                    async with _record(other, orchestrator_db, run).held():
                        pass
            for _ in range(3):
                await record.begin()
            await record.failed("la suite n'a pas abouti")
        wait = "select round(extract(epoch from next_try_at - now())) as seconds, tries, reason from closing"
        assert connection.execute(wait).fetchone() == (pytest.approx(40, abs=3), 3, "la suite n'a pas abouti")
        assert await _due(orchestrator_db) == []
        connection.execute("update closing set next_try_at = now()")
        assert [row["run"] for row in await _due(orchestrator_db)] == [run]
        await record.done()
        await record.begin()
        await record.failed("trop tard")
        assert connection.execute("select tries, reason from closing").fetchone() == (3, None)
        with pytest.raises(psycopg.Error, match="closed once"):
            connection.execute("update closing set closed_at = null, reason = 'encore'")
        verbs = connection.execute("select verb from audit_outbox where verb like 'run.%closed' order by id").fetchall()
    assert verbs == [("run.not_closed",), ("run.closed",)]
    assert await _due(orchestrator_db) == []


def _record(holding: Database, database: Database, run: UUID) -> ClosingRecord:
    return ClosingRecord(holding=holding, database=database, caisse=CAISSE, run=run)
