"""C14: the first migration wave, 13 200 rows in fixed width with one of a wrong length in the middle.

Not part of ``./glr test``: ``.venv/bin/pytest -s tests/proofs/transfers_wave.py``, half a minute.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from robot_world import DAY
from transfer_world import states, transfer_world

from orchestrator.domain.civil import opening
from orchestrator.domain.errors import RefusedDelivery
from orchestrator.engine.results import RowOutcome
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault
from sandbox.transfers import transfers, wave

ROWS, MIDDLE = 13_200, 6_601


async def test_c14_one_bad_row_of_a_wave_is_set_aside_by_its_number_and_the_others_go(
    runner_url: str, vault: Vault, tmp_path: Path, owner_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.engine.case_rows.SystemClock.now", lambda _: opening(DAY))
    lines = wave(one for one in transfers(1, ROWS + 25, DAY) if one.case == "C01" and one.number > 1)
    lines = [*lines[: ROWS + 1], f"999{ROWS:08}".ljust(len(lines[0]))]
    lines[MIDDLE] = lines[MIDDLE][:-9]
    path = tmp_path / "vague-mutations-1.txt"
    path.write_bytes("\r\n".join([*lines, ""]).encode("cp1252"))
    async with transfer_world(runner_url, vault, tmp_path) as world:
        loaded = await world.robot.loader.load(world.robot.bench.scenario, path, DAY, "test")
        rows = await world.robot.results(loaded.run)
        copy = path.with_name("vague-mutations-2.txt")
        copy.write_bytes(path.read_bytes())
        with pytest.raises(RefusedDelivery):
            await world.robot.loader.load(world.robot.bench.scenario, copy, DAY, "test")
    assert await states(owner_db, loaded.run) == {"ready": ROWS - 1}
    assert [row.line for row in rows if row.outcome is RowOutcome.SET_ASIDE] == [MIDDLE + 1]
    assert len(rows) == ROWS, "read = good + bad"
