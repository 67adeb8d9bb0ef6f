"""Incoming transfers by the engine at a real green screen: PROGRES's own ledger and hand-written answers are the oracle.

The order of the queue, a lost line and looks at RNIAM take longer: ``tests/proofs/transfers_over_days.py``.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from robot_world import DAY
from transfer_world import TransferWorld, states, transfer_world

from orchestrator.drivers.deliveries import read_delivery
from orchestrator.engine.dry_run import dry_run
from orchestrator.engine.grouping import gather
from orchestrator.engine.results import RowOutcome
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault
from sandbox.transfers import Transfer, delivery

KINDS = 25
#: C19: the day on which somebody returned from abroad, that of the run, and what stops it.
RETURNS = (
    (date(2020, 2, 29), date(2020, 3, 2), ("M-08",)),
    (date(2020, 3, 15), date(2020, 4, 1), ()),
    (date(2020, 9, 30), date(2020, 10, 1), ()),
    (date(2020, 10, 1), date(2020, 10, 2), ("M-08",)),
)


async def test_every_kind_is_entered_once_or_returned_with_all_its_failed_controls(
    runner_url: str, vault: Vault, tmp_path: Path, owner_db: Database
) -> None:
    """All kinds without acts; then, by the engine, one of each end, what two caisses ask for, and a wave again, renamed."""
    async with transfer_world(runner_url, vault, tmp_path) as world:
        kinds = world.requests[:KINDS]
        assert await without_acts(world, kinds) == {
            n: () if one.codes == ("M-04",) else one.codes for n, one in enumerate(kinds, start=2) if one.case != "C17"
        }
        for effect, day, codes in RETURNS:
            assert await without_acts(world, [replace(world.kind("C19"), effect=effect)], day) == {2: codes}
        assert world.basket() == []

        entered = [world.kind(case) for case in ("C01", "C02", "C13")]
        asked_twice = replace(world.kind("C02"), number=99, codes=("C-09",))
        returned = [world.kind("several"), asked_twice, world.kind("C19")]
        requests = [*entered, world.kind("C17"), *returned]
        first = await world.deliver(requests)
        await world.robot.work()

        found = {row.line: (row.outcome, row.codes) for row in await world.robot.results(first.run)}
        assert found.pop(5)[0] is RowOutcome.SET_ASIDE
        assert found == {
            n: (RowOutcome.EXCEPTION if one.codes else RowOutcome.WAITING, one.codes)
            for n, one in enumerate(requests, start=2)
            if n != 5
        }, "read = worked + set aside"
        basket = {act["reference"]: (act["nir"], act["outcome"], int(act["points"])) for act in world.basket()}
        assert basket == {one.reference: (one.nir, "OK", one.points) for one in entered}
        assert len(world.basket()) == len(entered)

        again = await world.deliver(entered[:2])
        await world.robot.work()
        assert len(world.basket()) == len(entered), "the same wave under another name enters nothing"
        assert await states(owner_db, again.run) == {}, "the cases are open: their rows make no second one"


async def without_acts(world: TransferWorld, requests: list[Transfer], day: date = DAY) -> dict[int, tuple[str, ...]]:
    """Return the failed controls of each case, by its line: what is read and compared, without captures and ledger."""
    bench = replace(world.robot.bench)
    path = world.robot.folder / "mutations-entrantes-essai.csv"
    path.write_bytes(delivery(requests))
    cases = gather(read_delivery(path, bench.scenario), bench.scenario).cases
    return {case.line: tuple(sorted(case.codes)) async for case in dry_run(bench, cases, day)}
