"""One case of several rows and several entries, through real sessions; the ledger is COMPTA's own."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest
from console_world import PASSWORD
from grouped_session import start_session
from grouped_world import by_hand, grouped_scenario, grouped_world, household
from robot_world import DAY, PracticeWorld, RobotWorld, Row, resend

from orchestrator.console import ConsoleWorld
from orchestrator.domain.money import Euros
from orchestrator.drivers.deliveries import read_delivery
from orchestrator.engine.dry_run import dry_run
from orchestrator.engine.grouping import by_row, gather
from orchestrator.engine.replay import Replayed, Trial, replay
from orchestrator.engine.results import RowOutcome
from orchestrator.engine.shadow import Agreement, compare
from orchestrator.language.model import Scenario
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault


async def ends(world: RobotWorld, run: UUID) -> list[tuple[str, str | None, int]]:
    """Return state, end and number of the cases of a run."""
    async with world.loader.database.transaction("test") as tx:
        found = await tx.all("runs.progress", run=run)
    return [(row["state"], row["ended_as"], row["cases"]) for row in found]


async def test_the_rows_of_one_person_make_one_case_with_one_advance_for_each_stop(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path
) -> None:
    rows = household(practice_world, 3)
    async with grouped_world(practice_world, runner_url, vault, tmp_path) as world:
        loaded = await world.deliver(*rows)
        await world.work()
        results = await world.results(loaded.run)
        trial = Trial(
            scenario=world.bench.scenario, keywords=world.bench.keywords, database=world.loader.database, vault=vault
        )
        (replayed,) = await replay(trial, loaded.run)
        assert await ends(world, loaded.run) == [("ended", "entered", 1)]
    assert (loaded.rows, loaded.cases, loaded.set_aside) == (3, 1, 0)
    assert [(result.line, result.outcome, result.amount_c) for result in results] == [
        (2, RowOutcome.ENTERED, 10_000),
        (3, RowOutcome.ENTERED, 10_000),
        (4, RowOutcome.ENTERED, 10_000),
    ]
    ledger = [line for row in rows for line in practice_world.lines_of(row.stop)]
    assert [(line["stop"], line["amount_c"]) for line in ledger] == [(row.stop, 10_000) for row in rows]
    assert [result.entry_reference for result in results] == [line["number"] for line in ledger]
    assert (replayed.result, replayed.differences) == (Replayed.SAME, ())


async def entries_of(owner: Database, run: UUID) -> dict[int, str]:
    """Return the state of each entry of a run by the line that it is for."""
    async with owner.transaction("test") as tx:
        cursor = await tx.connection.execute(
            "select entry.line, entry.state::text as state from entry join cases on cases.id = entry.case_id"
            " where cases.run = %s order by entry.line",
            [run],
        )
        return {row["line"]: row["state"] for row in await cursor.fetchall()}


def amounts(practice: PracticeWorld, rows: list[Row]) -> list[list[int]]:
    """Return what COMPTA's own ledger has for each stop."""
    return [[line["amount_c"] for line in practice.lines_of(row.stop)] for row in rows]


async def test_a_session_killed_between_two_entries_leaves_the_first_proven_and_the_second_is_made_once(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path, owner_db: Database
) -> None:
    rows = household(practice_world, 2)
    async with grouped_world(practice_world, runner_url, vault, tmp_path) as world:
        loaded = await world.deliver(*rows)
        # every look-up is slow, that between the first proof and the second intent included
        practice_world.fault({"on": "POST /avances/recherche", "fault": "latency", "ms": 1500})
        child = start_session(practice_world, runner_url, vault, tmp_path / "child")
        try:
            async with asyncio.timeout(90):
                while (await entries_of(owner_db, loaded.run)).get(2) != "confirmed":
                    assert child.poll() is None
                    await asyncio.sleep(0.05)
        finally:
            child.kill()  # SIGKILL
            child.wait(20)
            practice_world.fault()
        assert await entries_of(owner_db, loaded.run) == {2: "confirmed", 3: "planned"}
        assert amounts(practice_world, rows) == [[10_000], []]

        async with owner_db.transaction("test") as tx:  # thirty seconds later
            await tx.connection.execute(
                "update cases set lease_until = now() - interval '1 second' where state = 'leased'"
            )
            await tx.all("cases.sweep_orphans")
        await world.work()
        assert await ends(world, loaded.run) == [("ended", "entered", 1)]
    assert amounts(practice_world, rows) == [[10_000], [10_000]]


@pytest.mark.parametrize(
    ("fault", "written", "after"),
    [("after", [[10_000], [10_000], [10_000]], "ended"), ("before", [[10_000], [], []], "exception")],
)
async def test_a_doubt_at_the_second_entry_stops_the_third_until_it_is_settled(
    practice_world: PracticeWorld,
    runner_url: str,
    vault: Vault,
    tmp_path: Path,
    owner_db: Database,
    fault: str,
    written: list[list[int]],
    after: str,
) -> None:
    rows = household(practice_world, 3)
    async with grouped_world(practice_world, runner_url, vault, tmp_path) as world:
        practice_world.fault({"on": "POST /avances", "stop": rows[1].stop, "fault": fault, "times": 1})
        loaded = await world.deliver(*rows)
        await world.work()
        if after == "exception":  # not seen: a payment is never tried again by itself
            assert await entries_of(owner_db, loaded.run) == {2: "confirmed", 3: "doubtful", 4: "planned"}
            assert [result.doubtful for result in await world.results(loaded.run)] == [True] * 3
            await resend(owner_db, loaded.run, {"do": "resend", "by": "martin"})
            await world.work()
        assert [state for state, _, _ in await ends(world, loaded.run)] == [after]
    assert amounts(practice_world, rows) == written


async def test_what_a_person_made_by_hand_is_read_back_and_the_robot_makes_the_rest(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path, owner_db: Database
) -> None:
    rows = household(practice_world, 3)
    async with grouped_world(practice_world, runner_url, vault, tmp_path) as world:
        practice_world.fault({"on": "POST /avances", "stop": rows[1].stop, "fault": "before", "times": 1})
        loaded = await world.deliver(*rows)
        await world.work()
        number = by_hand(practice_world, rows[1])
        await resend(owner_db, loaded.run, {"do": "read_back", "reference": number, "by": "martin"})
        await world.work()
        assert {result.codes for result in await world.results(loaded.run)} == {("PARTIEL",)}
        await resend(owner_db, loaded.run, {"do": "resend", "by": "martin"})
        await world.work()
        assert await entries_of(owner_db, loaded.run) == {2: "confirmed", 3: "by_hand", 4: "confirmed"}
        assert await ends(world, loaded.run) == [("ended", "entered", 1)]
    assert amounts(practice_world, [rows[0], rows[2]]) == [[10_000], [10_000]]


async def test_each_entry_counts_against_the_ceilings_and_what_was_made_stays_made(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path, owner_db: Database
) -> None:
    whole, half = household(practice_world, 3), household(practice_world, 2, of=1)
    limits = ("per_case: 800.00 EUR, per_run: 500000.00 EUR", "per_case: 200.00 EUR, per_run: 150.00 EUR")
    async with grouped_world(practice_world, runner_url, vault, tmp_path, limits) as world:
        above = await world.deliver(*whole)
        await world.work()
        assert {result.codes for result in await world.results(above.run)} == {("C-14",)}
        assert amounts(practice_world, whole) == [[], [], []], "the ceiling of a case is that of all its entries"

        run = await world.deliver(*half)
        await world.work()
        assert {result.codes for result in await world.results(run.run)} == {("C-14",)}
        assert await entries_of(owner_db, run.run) == {2: "confirmed", 3: "planned"}
    assert amounts(practice_world, half) == [[10_000], []], "that of the run is met by each entry"


async def test_every_entry_of_a_case_is_approved_before_the_first_is_made(
    practice_world: PracticeWorld,
    runner_url: str,
    vault: Vault,
    tmp_path: Path,
    owner_db: Database,
    console_world: ConsoleWorld,
    visit: Any,
) -> None:
    rows = household(practice_world, 2)
    above = ("when: amount > approval_above", "when: amount > 50.00 EUR")
    async with grouped_world(practice_world, runner_url, vault, tmp_path, above) as world:
        cast("dict[str, Scenario]", console_world.scenarios)["acomptes-groupes"] = world.bench.scenario
        loaded = await world.deliver(*rows)
        await world.work()
        supervisor = await visit("s.noir")
        page = await supervisor.get("/validations")
        first, second = asked(page.text)
        await approve(supervisor, first)
        assert await ends(world, loaded.run) == [("awaiting_approval", None, 1)]
        await world.work()
        assert amounts(practice_world, rows) == [[], []]
        await approve(supervisor, second)
        await world.work()
        assert await ends(world, loaded.run) == [("ended", "entered", 1)]
    assert amounts(practice_world, rows) == [[10_000], [10_000]]


async def test_one_refused_entry_stops_the_whole_case_and_nothing_else_is_asked(
    practice_world: PracticeWorld,
    runner_url: str,
    vault: Vault,
    tmp_path: Path,
    owner_db: Database,
    console_world: ConsoleWorld,
    visit: Any,
) -> None:
    rows = household(practice_world, 2)
    above = ("when: amount > approval_above", "when: amount > 50.00 EUR")
    async with grouped_world(practice_world, runner_url, vault, tmp_path, above) as world:
        loaded = await world.deliver(*rows)
        await world.work()
        supervisor = await visit("s.noir")
        first, second = asked((await supervisor.get("/validations")).text)
        await approve(supervisor, first)
        digest = digest_of((await supervisor.get(f"/validations/{second}")).text)
        await supervisor.post(f"/validations/{second}/refuser", empreinte=digest, motif="Pas cet arrêt")
        assert await ends(world, loaded.run) == [("exception", None, 1)]
        assert asked((await supervisor.get("/validations")).text) == []
        await resend(owner_db, loaded.run, {"do": "resend", "by": "martin"})
        await world.work()
        assert len(asked((await supervisor.get("/validations")).text)) == 1, "the refused one alone is asked again"
    assert amounts(practice_world, rows) == [[], []]


async def test_one_bad_row_sets_its_group_aside_and_another_order_of_rows_gives_the_same_entries(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path, owner_db: Database
) -> None:
    good, bad = household(practice_world, 2), household(practice_world, 2, of=1)
    spoilt = replace(bad[1], text=re.sub(r"\d\d/\d\d/\d{4}", "31/02/2026", bad[1].text))
    async with grouped_world(practice_world, runner_url, vault, tmp_path) as world:
        loaded = await world.deliver(bad[0], good[0], spoilt, good[1])
        await world.work()
        assert (loaded.rows, loaded.cases, loaded.set_aside) == (4, 1, 2)
        async with owner_db.transaction("test") as tx:
            cursor = await tx.connection.execute("select line, code, reason from row_set_aside order by line")
            aside = [(row["line"], row["code"], row["reason"]) for row in await cursor.fetchall()]
        assert aside == [
            (2, "GROUPE", "la ligne 4 du même groupe ne va pas : le groupe entier est mis de côté"),
            (4, "VALEUR", "colonne « Date » : date impossible : 31/02/2026 n'existe pas au calendrier"),
        ]
        assert [row.outcome for row in await world.results(loaded.run)] == [
            RowOutcome.SET_ASIDE, RowOutcome.ENTERED, RowOutcome.SET_ASIDE, RowOutcome.ENTERED
        ]  # fmt: skip

        again = await world.deliver(good[1], good[0], run_date=DAY + timedelta(days=3))
        await world.work()
        assert {row.outcome for row in await world.results(again.run)} == {RowOutcome.ALREADY_DONE}
        assert await entries_of(owner_db, again.run) == {}
    assert amounts(practice_world, good) == [[10_000], [10_000]]
    assert amounts(practice_world, bad) == [[], []]


def asked(page: str) -> list[str]:
    """Return the approvals that the list of a supervisor shows."""
    return list(dict.fromkeys(re.findall(r"/validations/([0-9a-f-]{36})", page)))


def digest_of(page: str) -> str:
    """Return the digest of what a page shows."""
    return str(re.findall(r'name="empreinte" value="([0-9a-f]+)"', page)[0])


async def approve(supervisor: Any, approval: str) -> None:
    """Approve what a supervisor sees."""
    digest = digest_of((await supervisor.get(f"/validations/{approval}")).text)
    address = f"/validations/{approval}/approuver"
    assert (await supervisor.post(address, empreinte=digest, mot_de_passe=PASSWORD)).status_code == 200


async def test_in_shadow_replayed_and_tried_each_entry_of_a_case_is_told_apart(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path
) -> None:
    rows = household(practice_world, 2)
    more = grouped_scenario(tmp_path, ("default: 100.00 EUR", "default: 120.00 EUR"))
    async with grouped_world(practice_world, runner_url, vault, tmp_path, ("mode: live", "mode: shadow")) as world:
        loaded = await world.deliver(*rows)
        await world.work()
        assert {row.outcome for row in await world.results(loaded.run)} == {RowOutcome.OTHER_END}
        compared = await compare(world.bench, loaded.run, {rows[0].stop: [Euros(10_000)], rows[1].stop: [Euros(9_000)]})
        trial = Trial(scenario=more, keywords=world.bench.keywords, database=world.loader.database, vault=vault)
        (replayed,) = await replay(trial, loaded.run)
        delivery = read_delivery(tmp_path / "anomalies-arpege-1.csv", by_row(more))
        tried = [case async for case in dry_run(world.bench, gather(delivery, more).cases, DAY)]
    assert [(one.result, one.robot, one.people) for one in compared] == [
        (Agreement.AGREE, Euros(10_000), Euros(10_000)),
        (Agreement.DIFFER, Euros(10_000), Euros(9_000)),
    ]
    assert replayed.result is Replayed.CHANGED
    assert [(one.field, one.before, one.after) for one in replayed.differences] == [
        (f"proposal (ligne {line}) · Montant de l'acompte", str(Euros(10_000)), str(Euros(12_000))) for line in (2, 3)
    ]
    assert [(case.line, case.issue, case.amount) for case in tried] == [(2, "2 saisies", Euros(20_000))]
    assert amounts(practice_world, rows) == [[], []]
