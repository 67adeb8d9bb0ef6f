"""Incoming transfers by the engine at a real green screen: PROGRES's own ledger and hand-written answers are the oracle.

The order of the queue, a lost line and looks at RNIAM take longer: ``tests/proofs/transfers_over_days.py``.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from transfer_world import states, transfer_world

from orchestrator.store.database import Database
from orchestrator.store.vault import Vault

KINDS = 24


async def test_every_kind_is_entered_once_or_returned_with_all_its_failed_controls(
    runner_url: str, vault: Vault, tmp_path: Path, owner_db: Database
) -> None:
    """With a second caisse that asks for one of them, and rows of the same wave again, under another name."""
    async with transfer_world(runner_url, vault, tmp_path) as world:
        kinds = world.requests[:KINDS]
        asked_twice = replace(world.kind("C02"), number=99, codes=("C-09",))
        requests = [*kinds, asked_twice]
        bad = requests.index(world.kind("C17")) + 2
        entered = [one for one in requests if one.codes in {(), ("M-04",)}]

        first = await world.deliver(requests)
        await world.robot.work()

        found = await world.codes(first.run)
        assert len(found) == len(requests), "read = worked + set aside"
        assert {line: codes for line, codes in found.items() if line != bad} == {
            n: () if one in entered else one.codes for n, one in enumerate(requests, start=2) if n != bad
        }
        assert await states(owner_db, first.run) == {"waiting": len(entered), "exception": KINDS - len(entered)}
        basket = {act["reference"]: (act["nir"], act["outcome"], int(act["points"])) for act in world.basket()}
        assert basket == {one.reference: (one.nir, "OK", one.points) for one in entered}
        assert len(world.basket()) == len(entered)

        again = await world.deliver(kinds[:2])
        await world.robot.work()
        assert len(world.basket()) == len(entered), "the same wave under another name enters nothing"
        assert await states(owner_db, again.run) == {}, "the cases are open: their rows make no second one"
