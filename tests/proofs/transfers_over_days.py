"""Incoming transfers over days: the order of the queue, and RNIAM that never moves. Run by name, a minute."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
from green_host import plan
from robot_world import DAY
from transfer_world import TransferWorld, days_pass, states, transfer_world

from orchestrator.domain.civil import opening
from orchestrator.engine.urgency import review
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault


@pytest.fixture
async def world(runner_url: str, vault: Vault, tmp_path: Path) -> AsyncIterator[TransferWorld]:
    async with transfer_world(runner_url, vault, tmp_path) as opened:
        yield opened


async def test_the_queue_is_worked_by_the_announced_urgency_while_requests_arrive_and_days_pass(
    world: TransferWorld, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One case a session; between two of them a delivery comes, or days pass."""
    monkeypatch.setattr("orchestrator.engine.session.RECYCLE_AFTER", 1)
    monkeypatch.setattr("orchestrator.engine.case_rows.SystemClock.now", lambda _: opening(DAY))
    aided, in_nine_days, in_three, broken, worst = (
        world.kind(case) for case in ("C2S", "C03", "C03 closing", "C02", "C13")
    )
    await world.deliver([in_nine_days, aided, in_three])
    await world.robot.work()  # 50: its rights end within the week; then 30 for the C2S, 20 for an end within the month
    await world.deliver([broken, worst])
    await world.robot.work()  # 170: closed yesterday, a long illness and an infant; 100 for the gap
    april = date(2026, 4, 1)  # 50 now for the end of 5 April: it passes the C2S
    await review(world.robot.loader.database, vault, [world.robot.bench.scenario], april)
    while await world.robot.work() == "recycled":
        pass
    assert [act["reference"] for act in world.basket()] == [
        one.reference for one in (in_three, worst, broken, in_nine_days, aided)
    ]


async def test_rniam_is_looked_at_until_it_has_moved_or_five_times_and_nothing_is_entered_again(
    world: TransferWorld, owner_db: Database
) -> None:
    plan(world.host.folder, {"fault": "drop", "times": 1, "on": "PF5 PGT3"})  # entered, then the line is lost: a doubt
    requests = [world.kind("stays"), world.kind("C01")]
    loaded = await world.deliver(requests)
    await world.robot.work()
    assert await states(owner_db, loaded.run) == {"waiting": 2}
    world.show(date(2026, 4, 1))  # a person has created the affiliations
    for look in range(5):
        await days_pass(owner_db)
        await world.robot.work()
        stays = "waiting" if look < 4 else "exception"
        assert await states(owner_db, loaded.run) == {stays: 1, "entered": 1}, look
    assert await world.codes(loaded.run) == {2: ("M-04",), 3: ()}
    again = await world.deliver(requests[1:])
    await world.robot.work()
    assert await states(owner_db, again.run) == {"already_done": 1}
    assert len(world.basket()) == 2
