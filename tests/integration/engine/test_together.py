"""All or none: when an entry of a household is refused, those before it are taken back; the ledger is COMPTA's own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from grouped_world import cancel_by_hand, grouped_world, household
from robot_world import PracticeWorld, RobotWorld, Row, resend

from orchestrator.engine.results import RowOutcome
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault

TOGETHER = ("    as: one\n", "    as: one\n    together: true\n    undo: compta.cancel_advance\n")
#: The second entry crosses the ceiling of the run: a person decides, it is never tried again by itself.
SECOND_REFUSED = ("per_run: 500000.00 EUR", "per_run: 150.00 EUR")


def acts(practice: PracticeWorld, rows: list[Row]) -> list[list[str]]:
    """Return what COMPTA's own ledger says of each stop."""
    return [[act["act"] for act in practice.acts() if act["stop"] == row.stop] for row in rows]


async def stopped(owner: Database, run: UUID) -> dict[str, Any]:
    """Return state and open exception of the one case of a run."""
    async with owner.transaction("test") as tx:
        cursor = await tx.connection.execute(
            "select cases.state::text as state, item.cause, item.code, item.message from cases left join exception_item item"
            " on item.case_id = cases.id and item.closed_at is null where cases.run = %s",
            [run],
        )
        row = await cursor.fetchone()
    assert row is not None
    return dict(row)


async def states(owner: Database) -> list[tuple[int, str, bool]]:
    """Return each entry: its line, its state, and whether it takes another back."""
    async with owner.transaction("test") as tx:
        cursor = await tx.connection.execute(
            "select line, state::text as state, undoes is not null as undo from entry order by line, undo"
        )
        return [(row["line"], row["state"], row["undo"]) for row in await cursor.fetchall()]


async def spent(owner: Database, run: UUID) -> int:
    async with owner.transaction("test") as tx:
        cursor = await tx.connection.execute("select amount_c from spending where scope = %s", [f"run:{run}"])
        row = await cursor.fetchone()
    assert row is not None
    return int(row["amount_c"])


async def test_when_the_second_is_refused_the_first_is_taken_back_and_proven_so(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path, owner_db: Database
) -> None:
    rows = household(practice_world, 2)
    async with grouped_world(practice_world, runner_url, vault, tmp_path, TOGETHER, SECOND_REFUSED) as world:
        loaded = await world.deliver(*rows)
        await world.work()
        found = await stopped(owner_db, loaded.run)
        assert (found["state"], found["cause"], found["code"]) == ("exception", "business", "C-14")
        assert re.search(r"Toutes ou aucune : ACP-\d{4}-\d+ annulée\(s\) par le robot\.$", found["message"])
        assert await states(owner_db) == [(2, "undone", False), (2, "confirmed", True), (3, "planned", False)]
        assert await spent(owner_db, loaded.run) == 0

        await resend(owner_db, loaded.run, {"do": "resend", "by": "martin"})
        await world.work()
        assert (await stopped(owner_db, loaded.run))["code"] == "ANNULE", "a robot does not make it again"
    assert acts(practice_world, rows) == [["PROPOSITION", "ANNULATION"], []]
    (proposed, cancelled) = [act for act in practice_world.acts() if act["stop"] == rows[0].stop]
    assert proposed["number"] == cancelled["number"]
    assert proposed["free_reference"] != cancelled["free_reference"], "taking back has a token of its own"


async def test_all_of_them_are_made_when_none_is_refused(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path, owner_db: Database
) -> None:
    rows = household(practice_world, 2)
    async with grouped_world(practice_world, runner_url, vault, tmp_path, TOGETHER) as world:
        loaded = await world.deliver(*rows)
        await world.work()
        assert {row.outcome for row in await world.results(loaded.run)} == {RowOutcome.ENTERED}
        assert await states(owner_db) == [(2, "confirmed", False), (3, "confirmed", False)]
    assert acts(practice_world, rows) == [["PROPOSITION"], ["PROPOSITION"]]


async def taking_back_fails(world: RobotWorld, rows: list[Row], fault: str, times: int) -> UUID:
    """Have the robot lose the answer while it takes the first entry back."""
    world.world.fault({"on": "POST /annulations", "fault": fault, "times": times})
    loaded = await world.deliver(*rows)
    await world.work()
    return loaded.run


@pytest.mark.parametrize(("fault", "looks"), [("after", ["ours"]), ("before", ["absent"])])
async def test_a_doubt_while_taking_back_is_settled_by_a_look_and_taken_back_once(
    practice_world: PracticeWorld,
    runner_url: str,
    vault: Vault,
    tmp_path: Path,
    owner_db: Database,
    fault: str,
    looks: list[str],
) -> None:
    rows = household(practice_world, 2)
    async with grouped_world(practice_world, runner_url, vault, tmp_path, TOGETHER, SECOND_REFUSED) as world:
        run = await taking_back_fails(world, rows, fault, 1)
        assert (await stopped(owner_db, run))["cause"] == "business"
        assert await states(owner_db) == [(2, "undone", False), (2, "confirmed", True), (3, "planned", False)]
        assert await spent(owner_db, run) == 0
        async with owner_db.transaction("test") as tx:
            seen = await (await tx.connection.execute("select seen from doubt order by began_at")).fetchall()
        assert [look["seen"] for look in seen] == looks
    assert acts(practice_world, rows) == [["PROPOSITION", "ANNULATION"], []]


async def test_what_was_never_taken_back_stays_in_doubt_until_a_person_did_it_by_hand(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path, owner_db: Database
) -> None:
    rows = household(practice_world, 2)
    async with grouped_world(practice_world, runner_url, vault, tmp_path, TOGETHER, SECOND_REFUSED) as world:
        run = await taking_back_fails(world, rows, "before", 2)
        found = await stopped(owner_db, run)
        assert (found["state"], found["cause"]) == ("exception", "doubt")
        assert re.match(r"Annulation en doute\. Écrit dans l'application : ACP-\d{4}-\d+\. ", found["message"])
        assert await states(owner_db) == [(2, "confirmed", False), (2, "doubtful", True), (3, "planned", False)]
        await resend(owner_db, run, {"do": "resend", "by": "martin"})
        await world.work()
        assert (await stopped(owner_db, run))["cause"] == "doubt", "nothing is tried a third time by itself"
        assert acts(practice_world, rows) == [["PROPOSITION"], []]

        (line,) = practice_world.lines_of(rows[0].stop)
        await resend(owner_db, run, {"do": "read_back", "reference": line["number"], "by": "martin"})
        await world.work()
        assert (await stopped(owner_db, run))["code"] == "RELECTURE", "it still stands"
        cancel_by_hand(practice_world, line["number"])
        await resend(owner_db, run, {"do": "read_back", "reference": line["number"], "by": "martin"})
        await world.work()
        assert (await stopped(owner_db, run))["code"] == "ANNULE"
        assert await states(owner_db) == [(2, "undone", False), (2, "by_hand", True), (3, "planned", False)]
    assert acts(practice_world, rows) == [["PROPOSITION", "ANNULATION"], []]
