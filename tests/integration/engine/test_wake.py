"""Waking a case: only one that waits, once, with a reason in the log; whatever else it does, nothing of it changes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from orchestrator.domain.errors import SettingsError
from orchestrator.engine.wake import LONGEST_REASON, Woken, checked_reason, wake
from orchestrator.store.database import Database

REASON = "La pièce est arrivée au courrier"
WAIT = (
    "update cases set state = 'waiting', wait_until = now() + interval '9 days', waits_for = 'document' where id = %s"
)


async def asked(owner: Database, reference: str, *, restricted: bool = False) -> Woken:
    async with owner.transaction("agent:a.martin") as tx:
        return await wake(tx, "cpam-931", reference, REASON, restricted=restricted)


async def row_of(owner: Database, case: Any) -> tuple[Any, ...]:
    async with owner.transaction("test") as tx:
        cursor = await tx.connection.execute(
            "select state::text as state, waits_for, wait_until, version, epoch from cases where id = %s", [case.id]
        )
        row = await cursor.fetchone()
    assert row is not None
    return tuple(row.values())


async def events_of(owner: Database, case: Any) -> list[tuple[str, str, Any]]:
    async with owner.transaction("test") as tx:
        cursor = await tx.connection.execute(
            "select verb, actor, details ->> 'reason' as reason from audit_outbox where object = %s order by id",
            [case.reference],
        )
        return [(row["verb"], row["actor"], row["reason"]) for row in await cursor.fetchall()]


async def put_to_wait(owner: Database, case: Any) -> None:
    async with owner.transaction("agent:a.martin") as tx:
        await tx.connection.execute(WAIT, [case.id])


async def test_a_waiting_case_goes_on_once_and_the_log_says_who_and_why(seed: Any, owner_db: Database) -> None:
    case = await seed.exception()
    await put_to_wait(owner_db, case)
    both = await asyncio.gather(*(asked(owner_db, case.reference) for _ in range(2)))
    assert sorted(both) == [Woken.GOING_ON, Woken.WOKEN]
    assert (await row_of(owner_db, case))[:3] == ("ready", None, None)
    assert (await events_of(owner_db, case))[-2:] == [
        ("case.ready", "agent:a.martin", None),
        ("case.woken", "agent:a.martin", REASON),
    ]
    before = await row_of(owner_db, case)
    assert await asked(owner_db, case.reference) is Woken.GOING_ON
    assert await row_of(owner_db, case) == before


async def test_a_case_that_does_not_wait_is_left_as_it_is(seed: Any, owner_db: Database) -> None:
    expected = {
        await seed.exception(): Woken.WITH_PEOPLE,
        await seed.awaiting(): Woken.WITH_PEOPLE,
        await seed.end(): Woken.CLOSED,
    }
    taken = await seed.case()
    async with owner_db.transaction("robot:acompte-ij") as tx:
        await seed._claim(tx)
    for case, woken in {**expected, taken: Woken.TAKEN}.items():
        before = await row_of(owner_db, case), await events_of(owner_db, case)
        assert await asked(owner_db, case.reference, restricted=True) is woken
        assert (await row_of(owner_db, case), await events_of(owner_db, case)) == before
    assert await asked(owner_db, "DOS-22222222") is Woken.UNKNOWN


async def test_a_case_whose_entry_is_in_doubt_is_never_woken(seed: Any, visit: Any, owner_db: Database) -> None:
    case = await seed.exception(cause="doubt", entry="doubtful")
    await put_to_wait(owner_db, case)
    before = await row_of(owner_db, case)
    assert await asked(owner_db, case.reference) is Woken.IN_DOUBT
    agent = await visit("a.martin")
    told = await agent.post(f"/dossiers/{case.reference}/reprendre", version_dossier=str(before[3]), motif=REASON)
    assert "sa saisie est en doute" in told.text
    assert await row_of(owner_db, case) == before


async def test_a_sensitive_case_is_unknown_to_who_may_not_see_it(seed: Any, owner_db: Database) -> None:
    case = await seed.exception("C-05", "Assuré décédé", failed=("C-05",), queue="ij-sensible")
    await put_to_wait(owner_db, case)
    assert await asked(owner_db, case.reference) is Woken.UNKNOWN
    assert await asked(owner_db, case.reference, restricted=True) is Woken.WOKEN


@pytest.mark.parametrize("text", ["", "  ", "x" * (LONGEST_REASON + 1), "pour 1 85 02 61 999 001 89"])
def test_a_reason_says_something_short_and_nothing_personal(text: str) -> None:
    with pytest.raises(SettingsError):
        checked_reason(text)
    assert checked_reason("  reçue\nhier ") == "reçue hier"
