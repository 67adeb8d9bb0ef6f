"""The bank's camt.054 worked by the engine: what is explained is noted once, all the rest is a person's, nothing is paid.

What each entry must become is said by an oracle that reads the file and COMPTA's store, never by keywords.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from returns_world import (
    again,
    count_advances,
    deliver,
    flagged,
    in_compta,
    noted_by_an_agent,
    notes,
    returns_world,
    sent,
    taken_off,
)
from robot_world import PracticeWorld, RobotWorld

from orchestrator.domain.errors import RefusedDelivery
from orchestrator.engine.results import RowResult
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault
from sandbox.bank import Entry
from sandbox.bank_oracle import Verdict

_SET_ASIDE = {
    "debit": "VALEUR",
    "dollars": "VALEUR",
    "no reason": "VALEUR",
    "no detail": "ENREGISTREMENT",
    "same": "DOUBLON",
}


def planted(practice: PracticeWorld) -> list[Entry]:
    """Every kind of entry, good ones first."""
    good, blocked, dead, odd, less, charged, beside, paid = (sent(practice) for _ in range(8))
    right = [good, replace(blocked, reason="AC06"), noted_by_an_agent(practice, sent(practice))]
    together = in_one_entry(beside, sent(practice), replace(paid, amount="697.38"), replace(beside, case="same"))
    explained_by_nobody = [
        replace(dead, reason="MD07"), replace(odd, reason="ZZ99"), replace(less, amount="697.38"),
        replace(charged, amount="697.4"), sent(practice, state="LIQUIDEE"), sent(practice, state="REGULARISEE"),
        replace(again(good), end_to_end="ACP-2022-999999"), replace(again(good), end_to_end="NOTPROVIDED"),
        replace(again(good), end_to_end="../validation?x=1"), again(good),
    ]  # fmt: skip
    wrong: dict[str, dict[str, Any]] = {
        "debit": {"direction": "DBIT"}, "dollars": {"currency": "USD"}, "no reason": {"reason": ""},
        "no detail": {"detailed": False},
    }  # fmt: skip
    bad = [replace(good, case=case, reference=f"RJT-{case}", **change) for case, change in wrong.items()]
    return [*right, *explained_by_nobody, *bad, *together]


def in_one_entry(first: Entry, *others: Entry) -> list[Entry]:
    """Several transfers that the bank books at once."""
    return [first, *(replace(one, reference=first.reference, batched=True) for one in others)]


def said(row: RowResult) -> tuple[str, tuple[str, ...]]:
    """How a row ended, in the oracle's words."""
    return (row.end or row.outcome.value, row.codes)


def due(verdict: Verdict, entries: list[Entry]) -> tuple[str, tuple[str, ...]]:
    codes = (_SET_ASIDE[entries[verdict.line - 1].case],) if verdict.outcome == "set_aside" else verdict.codes
    return (verdict.outcome, codes)


async def rows_of(world: RobotWorld, run: object) -> list[RowResult]:
    return sorted(await world.results(run), key=lambda row: row.line)  # type: ignore[arg-type]


async def test_each_entry_ends_as_the_oracle_says_and_is_noted_once_however_often_the_bank_says_it(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path
) -> None:
    practice_world.fault()
    entries = planted(practice_world)
    held = count_advances(practice_world)
    async with returns_world(practice_world, runner_url, vault, tmp_path) as world:
        loaded, verdicts = await deliver(world, entries)
        await world.work()
        rows = await rows_of(world, loaded.run)
        assert [said(row) for row in rows] == [due(verdict, entries) for verdict in verdicts]
        assert {row.outcome.value for row in rows} == {"entered", "other_end", "exception", "set_aside"}
        noted = notes(practice_world, entries)
        assert [
            (act["act"], act["number"], act["reason"], act["bank_reference"], act["amount_c"]) for act in noted
        ] == [
            ("RETOUR", one.number, one.reason, one.reference, one.amount_c)
            for one in verdicts
            if one.outcome == "entered"
        ]
        assert in_compta(practice_world, *entries[:2]) == [("REJETE_BANQUE", "AC04"), ("REJETE_BANQUE", "AC06")]

        with pytest.raises(RefusedDelivery):
            await deliver(world, entries, name="autre-nom")
        repeated, _ = await deliver(world, [*entries[:2], entries[5], again(entries[1])], "2", message="AVIS-2")
        await world.work()
        assert [said(row) for row in await rows_of(world, repeated.run)] == [
            ("already_done", ()), ("already_done", ()), ("set_aside", ("DEJA-OUVERT",)), ("exception", ("V-DEUX",))
        ]  # fmt: skip
    assert notes(practice_world, entries) == noted
    assert count_advances(practice_world) == held, "nothing was paid again"


async def test_a_returned_advance_that_arpege_is_to_recover_waits_until_a_person_has_taken_the_recovery_off(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path, owner_db: Database
) -> None:
    practice_world.fault()
    entries = [flagged(practice_world, sent(practice_world)), sent(practice_world)]
    entries.append(noted_by_an_agent(practice_world, flagged(practice_world, sent(practice_world))))
    async with returns_world(practice_world, runner_url, vault, tmp_path) as world:
        loaded, verdicts = await deliver(world, entries)
        await world.work()
        rows = await rows_of(world, loaded.run)
        assert [said(row) for row in rows] == [due(verdict, entries) for verdict in verdicts]
        assert [said(row) for row in rows] == [
            ("exception", ("V-RECUP",)), ("entered", ()), ("exception", ("V-RECUP",))
        ]  # fmt: skip
        for entry in (entries[0], entries[2]):
            taken_off(practice_world, entry)
        async with owner_db.transaction("test") as tx:
            await tx.connection.execute("update cases set state = 'ready' where state = 'exception'")
        await world.work()
        assert [said(row)[0] for row in await rows_of(world, loaded.run)] == ["entered", "entered", "already_noted"]
    assert [act["number"] for act in notes(practice_world, entries)] == [entries[1].end_to_end, entries[0].end_to_end]


@pytest.mark.parametrize("fault", ["before", "after"])
async def test_a_lost_answer_to_the_note_is_settled_by_a_look_and_noted_once(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path, fault: str
) -> None:
    practice_world.fault({"on": "POST /retours", "fault": fault, "times": 1})
    entry = sent(practice_world)
    async with returns_world(practice_world, runner_url, vault, tmp_path) as world:
        loaded, _ = await deliver(world, [entry])
        await world.work()
        await world.work()
        assert [row.end for row in await world.results(loaded.run)] == ["entered"]
    practice_world.fault()
    assert [act["act"] for act in notes(practice_world, [entry])] == ["RETOUR"]
