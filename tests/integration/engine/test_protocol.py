"""The entry protocol through a real session: real database, real browser, real applications; the ledger is COMPTA's own."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from kept_desk import KeptDesk
from robot_world import DAY, PracticeWorld, RobotWorld, changed_scenario, resend, robot_world

from orchestrator.domain.money import Euros
from orchestrator.engine.results import RowOutcome
from orchestrator.language.model import Mode
from orchestrator.store.database import Database, StoreError
from orchestrator.store.vault import Vault


@pytest.fixture
async def world(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path
) -> AsyncIterator[RobotWorld]:
    practice_world.fault()
    async with robot_world(practice_world, runner_url, vault, tmp_path) as opened:
        yield opened


async def test_one_case_is_entered_once_with_proof(world: RobotWorld, owner_db: Database) -> None:
    row = world.world.take("entered")
    loaded = await world.deliver(row)
    assert await world.work() == "nothing ready"
    result = await world.only(loaded.run)
    (line,) = world.world.lines_of(row.stop)
    assert result.outcome is RowOutcome.ENTERED
    assert (line["amount_c"], line["number"]) == (row.amount_c, result.entry_reference)
    async with owner_db.transaction("test") as tx:
        cursor = await tx.connection.execute("select verb from audit_outbox order by id")
        verbs = [event["verb"] for event in await cursor.fetchall()]
        kinds = await (await tx.connection.execute("select kind from evidence")).fetchall()
    assert [verb for verb in verbs if verb.startswith("entry.")] == ["entry.planned", "entry.intent", "entry.confirmed"]
    assert [kind["kind"] for kind in kinds] == ["confirmed"]
    assert len(list((world.folder / "evidence").rglob("*.png"))) == 1


async def test_the_same_stop_in_another_delivery_is_already_done_and_names_the_first(world: RobotWorld) -> None:
    row = world.world.take("entered")
    first = await world.deliver(row)
    await world.work()
    changed = replace(
        row, text=re.sub("TECH_[A-Z_]+", "TECH_FLUX" if "TECH_FLUX" not in row.text else "TECH_CALCUL", row.text)
    )
    again = await world.deliver(changed, run_date=DAY + timedelta(days=3))
    await world.work()
    assert (await world.only(again.run)).outcome is RowOutcome.ALREADY_DONE
    assert len(world.world.lines_of(row.stop)) == 1
    assert (await world.only(first.run)).outcome is RowOutcome.ENTERED


async def test_a_row_whose_case_is_open_is_set_aside(world: RobotWorld, owner_db: Database) -> None:
    row = world.world.take("awaiting_approval")
    first = await world.deliver(row)
    await world.work()
    assert (await world.only(first.run)).outcome is RowOutcome.AWAITING_APPROVAL
    again = await world.deliver(row, world.world.take("entered"))
    assert (again.cases, again.set_aside) == (1, 1)
    async with owner_db.transaction("test") as tx:  # the log tells of cases that are, and of no other
        cases = await (await tx.connection.execute("select reference from cases")).fetchall()
        told = "select object as reference from audit_outbox where verb = 'case.ready'"
        assert await (await tx.connection.execute(told)).fetchall() == cases


async def test_an_entry_above_the_threshold_waits_and_is_made_only_after_approval(
    world: RobotWorld, owner_db: Database
) -> None:
    row = world.world.take("awaiting_approval")
    loaded = await world.deliver(row)
    await world.work()
    assert (await world.only(loaded.run)).amount_c == row.amount_c
    assert world.world.lines_of(row.stop) == []
    async with owner_db.transaction("agent:chef") as tx:
        await tx.connection.execute("update approval set state = 'approved', validator = 'chef', decided_at = now()")
        await tx.connection.execute("update cases set state = 'ready' where run = %s", [loaded.run])
    world.world.show_day("2026-03-30")  # nobody approves on the day itself: the amount stays that of the run date
    try:
        await world.work()
    finally:
        world.world.show_day(DAY.isoformat())
    assert (await world.only(loaded.run)).outcome is RowOutcome.ENTERED
    assert [line["amount_c"] for line in world.world.lines_of(row.stop)] == [row.amount_c]
    async with owner_db.transaction("test") as tx:  # planned at the first attempt, known at the second
        told = "select verb from audit_outbox where verb like 'entry.%' order by id"
        verbs = [event["verb"] for event in await (await tx.connection.execute(told)).fetchall()]
    assert verbs == ["entry.planned", "entry.intent", "entry.confirmed"]


async def test_nobody_approves_what_the_robot_or_they_themselves_made(world: RobotWorld, owner_db: Database) -> None:
    await world.deliver(world.world.take("awaiting_approval"))
    await world.work()
    with pytest.raises(StoreError):
        async with owner_db.transaction("agent:chef") as tx:
            await tx.connection.execute(
                "update approval set state = 'approved', validator = author, decided_at = now()"
            )


async def test_what_an_agent_entered_by_hand_is_read_back_before_the_case_ends(
    world: RobotWorld, owner_db: Database
) -> None:
    row = world.world.take("exception", "R-ACP")
    loaded = await world.deliver(row)
    await world.work()
    assert (await world.only(loaded.run)).codes == ("R-ACP",)
    await resend(owner_db, loaded.run, {"do": "read_back", "reference": "ACP-1999-000001", "by": "martin"})
    await world.work()
    assert (await world.only(loaded.run)).codes == ("RELECTURE",)
    assert world.world.lines_of(row.stop) == []


async def test_a_payment_in_doubt_that_is_not_seen_goes_to_a_person_and_a_resend_only_looks(
    world: RobotWorld, owner_db: Database
) -> None:
    row = world.world.take("entered")
    world.world.fault({"on": "POST /avances", "stop": row.stop, "fault": "before", "times": 1})
    loaded = await world.deliver(row)
    await world.work()
    result = await world.only(loaded.run)
    assert (result.outcome, result.doubtful) == (RowOutcome.EXCEPTION, True)
    await resend(owner_db, loaded.run, {"do": "resend", "by": "martin"})
    await world.work()
    assert (await world.only(loaded.run)).outcome is RowOutcome.EXCEPTION
    assert world.world.lines_of(row.stop) == []


async def test_an_intent_whose_session_died_is_in_doubt_before_anything_else(
    world: RobotWorld, owner_db: Database
) -> None:
    row = world.world.take("entered")
    loaded = await world.deliver(row)
    world.world.fault({"on": "POST /avances", "stop": row.stop, "fault": "before", "times": 1})
    await world.work()
    async with owner_db.transaction("test") as tx:  # as if the session had been killed between intent and proof
        await tx.connection.execute("update entry set state = 'doubtful' where state = 'intent'")
        await tx.connection.execute("alter table entry disable trigger entry_transition")
        await tx.connection.execute("update entry set state = 'intent'")
        await tx.connection.execute("alter table entry enable trigger entry_transition")
        await tx.connection.execute("update entry_attempt set ended_at = null, result = null")
    await resend(owner_db, loaded.run, {"do": "resend", "by": "martin"})
    await world.work()
    assert (await world.only(loaded.run)).doubtful
    assert world.world.lines_of(row.stop) == []


async def test_ceilings_of_the_run_stop_before_they_are_crossed(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path
) -> None:
    practice_world.fault()
    rows = [practice_world.take("entered") for _ in range(2)]
    async with robot_world(practice_world, runner_url, vault, tmp_path) as world:
        most = max(row.amount_c or 0 for row in rows)
        limits = replace(world.bench.scenario.limits, per_run=Euros(most), per_day=None)
        world.bench.scenario = replace(world.bench.scenario, limits=limits)
        loaded = await world.deliver(*rows)
        await world.work()
        results = await world.results(loaded.run)
    assert sorted(result.outcome for result in results) == [RowOutcome.ENTERED, RowOutcome.EXCEPTION]
    assert [result.codes for result in results if result.outcome is RowOutcome.EXCEPTION] == [("C-14",)]
    assert sum(len(practice_world.lines_of(row.stop)) for row in rows) == 1


async def test_shadow_mode_does_everything_but_the_act(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path
) -> None:
    practice_world.fault()
    row = practice_world.take("entered")
    async with robot_world(practice_world, runner_url, vault, tmp_path) as world:
        world.bench.scenario = replace(world.bench.scenario, mode=Mode.SHADOW)
        loaded = await world.deliver(row)
        await world.work()
        result = await world.only(loaded.run)
    assert result.outcome is RowOutcome.OTHER_END
    assert practice_world.lines_of(row.stop) == []


async def test_a_login_refused_closes_the_application_and_keeps_the_cases(
    world: RobotWorld, owner_db: Database
) -> None:
    loaded = await world.deliver(world.world.take("entered"), world.world.take("entered"))
    world.world.fault({"on": "POST /connexion", "fault": "refused"})
    KeptDesk.forget()
    await world.bench.desks["compta"].discard()
    assert await world.work() == "application stopped"
    assert {result.outcome for result in await world.results(loaded.run)} == {RowOutcome.RUNNING}
    async with owner_db.transaction("test") as tx:
        stopped = await tx.all("sessions.stopped_applications", caisse="cpam-931")
        states = await (await tx.connection.execute("select distinct state::text as state from cases")).fetchall()
    assert [row["application"] for row in stopped] == ["compta"]
    assert states == [{"state": "ready"}]


async def test_a_decision_table_ends_a_case_under_its_name_before_anything_is_entered(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path
) -> None:
    practice_world.fault()
    table = """\
  - id: verdict
    decide:
      - {when: person.deceased, gives: DECEDE}
      - {when: otherwise, gives: VIVANT}
    ends:
      only_looked: verdict == "VIVANT"
"""
    scenario = changed_scenario(tmp_path, ("  - id: account\n", table + "  - id: account\n"))
    row = practice_world.take("entered")
    async with robot_world(practice_world, runner_url, vault, tmp_path, scenario) as world:
        loaded = await world.deliver(row)
        await world.work()
        assert (await world.only(loaded.run)).outcome is RowOutcome.OTHER_END
        async with world.loader.database.transaction("test") as tx:
            progress = await tx.all("runs.progress", run=loaded.run)
    assert [(each["state"], each["ended_as"]) for each in progress] == [("ended", "only_looked")]
    assert practice_world.lines_of(row.stop) == []


async def test_the_queue_is_worked_in_the_order_of_the_priorities(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path
) -> None:
    practice_world.fault()
    rows = [practice_world.take("entered") for _ in range(3)]
    table = (
        "  priority:\n"
        f'    - {{when: stop_id == "{rows[2].stop}", gives: 100}}\n'
        f'    - {{when: stop_id == "{rows[1].stop}", gives: 50}}\n'
        "    - {when: otherwise, gives: 10}\n"
    )
    scenario = changed_scenario(tmp_path, ("  priority: 10\n", table))
    async with robot_world(practice_world, runner_url, vault, tmp_path, scenario) as world:
        await world.deliver(*rows)
        await world.work()
    entered = [act["stop"] for act in practice_world.practice.proposals() if act["stop"] in {row.stop for row in rows}]
    assert entered == [row.stop for row in reversed(rows)]


async def test_a_session_that_ends_with_its_login_is_no_refusal_and_a_second_time_it_is(world: RobotWorld) -> None:
    """A campaign found an application closed to all robots by a page that came back without a word."""
    ended = {"on": "GET /", "fault": "expiry"}
    KeptDesk.forget()
    world.world.fault({**ended, "times": 1})
    loaded = await world.deliver(world.world.take("entered"))
    assert await world.work() == "nothing ready"
    assert (await world.only(loaded.run)).outcome is RowOutcome.ENTERED
    KeptDesk.forget()
    await world.bench.desks["compta"].discard()
    world.world.fault({**ended, "times": 2})
    await world.deliver(world.world.take("entered"))
    assert await world.work() == "application stopped"
