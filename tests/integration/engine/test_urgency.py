"""The queue in the order of priority, due and arrival, while days pass: the database, the sweep, and real sessions."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from robot_world import DAY, PROJECT, PracticeWorld, RobotWorld, Row, robot_world

from orchestrator.bootstrap.world import load_keywords
from orchestrator.domain.civil import opening
from orchestrator.engine.urgency import review
from orchestrator.language.load import load_scenario
from orchestrator.language.model import Scenario
from orchestrator.settings import Settings
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault

#: A point each business day; one hundred when the person's own stop was found.
AGEING = """\
  priority:
    at_load: min(30, business_days_between(raised_on, today))
    after_steps: 100 + stop.period.start.day
  due:
    - {when: priority >= 100, gives: same day}
    - {when: otherwise, gives: 10 days}
"""
SAID = "  priority: 10\n  due: 2 business days\n"


def ageing_scenario(folder: Path) -> Scenario:
    shutil.copytree(PROJECT / "scenarios", folder / "scenarios")
    path = folder / "scenarios" / "ij-acompte.yaml"
    text = path.read_text("utf-8")
    assert SAID in text
    path.write_text(text.replace(SAID, AGEING), "utf-8")
    return load_scenario(path, keywords=load_keywords(Settings(workspace=folder, home=PROJECT)), caisse="cpam-931")


@pytest.fixture
async def world(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path
) -> AsyncIterator[RobotWorld]:
    practice_world.fault()
    async with robot_world(practice_world, runner_url, vault, tmp_path, ageing_scenario(tmp_path)) as opened:
        yield opened


def raised(row: Row, day: date) -> Row:
    """The same row, raised on another day."""
    cells = row.text.split(";")
    cells[4] = f"{day:%d/%m/%Y}"
    return Row(text=";".join(cells), outcome=row.outcome, codes=row.codes, amount_c=row.amount_c)


async def queue_of(owner: Database) -> list[tuple[int, int, date, date | None]]:
    """Lines by the order in which robots take them, with what orders them."""
    async with owner.transaction("test") as tx:
        cursor = await tx.connection.execute(
            "select line, priority, due, urgency_on from cases where state = 'ready'"
            " order by priority desc, due, created_at, line"
        )
        return [(row["line"], row["priority"], row["due"], row["urgency_on"]) for row in await cursor.fetchall()]


async def load_seen_on(world: RobotWorld, day: date, monkeypatch: pytest.MonkeyPatch, *rows: Row) -> None:
    """Load a delivery as if today were that day; its run is that of the day that the applications show."""
    with monkeypatch.context() as then:
        then.setattr("orchestrator.engine.case_rows.SystemClock.now", lambda _: opening(day))
        await world.deliver(*rows, run_date=DAY)


async def test_priorities_grow_with_business_days_and_only_cases_that_change_are_looked_at(
    world: RobotWorld, owner_db: Database, monkeypatch: pytest.MonkeyPatch, vault: Vault
) -> None:
    friday = date(2026, 3, 27)
    old, new, oldest = (world.world.take("exception", "C-06") for _ in range(3))  # never worked
    rows = raised(old, friday - timedelta(days=7)), raised(new, friday), raised(oldest, date(2025, 1, 2))
    await load_seen_on(world, friday, monkeypatch, *rows)
    later, monday, month = date(2026, 4, 6), date(2026, 3, 30), friday + timedelta(days=31)
    assert await queue_of(owner_db) == [(4, 30, later, month), (2, 5, later, monday), (3, 0, later, monday)]

    scenarios, database = [world.bench.scenario], world.loader.database
    assert await review(database, vault, scenarios, friday + timedelta(days=1)) == 0
    assert await review(database, vault, scenarios, monday) == 2
    assert await review(database, vault, scenarios, monday) == 0, "a repeat finds nothing"
    tuesday = date(2026, 3, 31)
    assert await queue_of(owner_db) == [(4, 30, later, month), (2, 6, later, tuesday), (3, 1, later, tuesday)]
    # a serve that was down for weeks catches up at once
    assert await review(database, vault, scenarios, date(2026, 5, 4)) == 3
    assert [(line, points) for line, points, _, _ in await queue_of(owner_db)] == [(4, 30), (2, 29), (3, 24)]


async def test_robots_take_the_most_urgent_first_while_cases_arrive_and_days_pass(
    world: RobotWorld, owner_db: Database, monkeypatch: pytest.MonkeyPatch, vault: Vault
) -> None:
    """One case a session; between two of them a delivery comes, or a day passes.

    A file that an agent has open, or a slow page, puts a case off for a moment, which is no matter of priorities: the order
    is that in which robots first took each case, and that of COMPTA's ledger for those which were entered at once.
    """
    monkeypatch.setattr("orchestrator.engine.session.RECYCLE_AFTER", 1)
    week_ago, fortnight_ago, new, urgent = (world.world.take("entered") for _ in range(4))
    late = world.world.locked_once.pop()
    before = len(world.world.practice.proposals())
    rows = raised(new, DAY), raised(week_ago, date(2026, 3, 20)), raised(fortnight_ago, date(2026, 3, 13))
    await load_seen_on(world, DAY, monkeypatch, *rows)
    await world.work()  # ten business days
    await load_seen_on(world, DAY, monkeypatch, raised(urgent, date(2025, 1, 2)))
    await world.work()  # thirty, the most: what has just come passes before what was there
    tuesday = date(2026, 3, 31)
    await review(world.loader.database, vault, [world.bench.scenario], tuesday)
    await load_seen_on(world, tuesday, monkeypatch, raised(late, date(2026, 3, 25)))
    while (
        await world.work() == "recycled"
    ):  # seven, then four for what came on Tuesday, and two for what came on Friday
        pass
    expected = [row.stop for row in (fortnight_ago, urgent, week_ago, late, new)]
    stops = {1: (new, week_ago, fortnight_ago), 2: (urgent,), 3: (late,)}
    taken = [(stops[n][line - 2].stop, tries) for n, line, tries in await first_taken(owner_db)]
    assert [stop for stop, _ in taken] == expected
    entered = [act["stop"] for act in world.world.practice.proposals()][before:]
    assert sorted(entered) == sorted(expected), "each once"
    at_once = [stop for stop, tries in taken if tries == 1]
    assert late.stop not in at_once
    assert [stop for stop in entered if stop in at_once] == at_once


async def first_taken(owner: Database) -> list[tuple[int, int, int]]:
    """Delivery (counted from 1) and line of each case in the order in which robots first took them, and its tries."""
    async with owner.transaction("test") as tx:
        cursor = await tx.connection.execute(
            "select dense_rank() over (order by run.started_at) as delivery, cases.line, attempts from run"
            " join cases on cases.run = run.id join attempt on attempt.case_id = cases.id"
            " where attempt.n = 1 order by attempt.started_at"
        )
        return [(row["delivery"], row["line"], row["attempts"]) for row in await cursor.fetchall()]


async def test_what_the_steps_read_decides_once_it_is_known(world: RobotWorld, owner_db: Database) -> None:
    await world.deliver(world.world.take("exception", "R-CHEV"))
    await world.work()
    found = await _one(owner_db)
    assert (found["state"], found["due"]) == ("exception", DAY)
    assert 100 < found["priority"] <= 131


async def _one(owner: Database) -> dict[str, Any]:
    async with owner.transaction("test") as tx:
        cursor = await tx.connection.execute("select state::text as state, priority, due, urgency_on from cases")
        row = await cursor.fetchone()
    assert row is not None
    return dict(row)


async def test_waiting_cases_are_not_in_the_index_from_which_robots_claim(
    world: RobotWorld, owner_db: Database
) -> None:
    """A hundred thousand that wait leave a claim as it was: it reads the ready ones alone, already in order."""
    await world.deliver(*(world.world.take("exception", "C-03") for _ in range(3)))
    async with owner_db.transaction("test") as tx:
        await tx.connection.execute(
            "insert into cases (id, caisse, run, scenario, line, reference, key_digest, state, wait_until, data_key,"
            " payload) select gen_random_uuid(), caisse, run, scenario, 100000 + n, 'W-' || n, int8send(n), 'waiting',"
            " now() + interval '3 days', 'x', 'x' from generate_series(1, 20000) n,"
            " (select caisse, run, scenario from cases limit 1) one"
        )
        await tx.connection.execute("analyze cases")
        cursor = await tx.connection.execute(
            "explain (analyze, buffers, format json) select id from cases where state = 'ready' and caisse = 'cpam-931'"
            " and scenario = 'ij-acompte' order by priority desc, due, created_at, line, id limit 1"
        )
        plan = (await cursor.fetchone() or {})["QUERY PLAN"][0]["Plan"]
    (scan,) = plan["Plans"]
    assert scan["Index Name"] == "cases_ready"
    assert scan["Shared Hit Blocks"] + scan["Shared Read Blocks"] < 10
