"""Every household of the practice C2S through the engine, twice: each case of DOMAIN B.6, by name: about a minute."""

from __future__ import annotations

from pathlib import Path

from rights_world import prove, rights_world
from robot_world import PracticeWorld

from orchestrator.store.database import Database
from orchestrator.store.vault import Vault


async def test_every_household_becomes_what_the_texts_say_and_a_second_run_enters_nothing(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path, owner_db: Database
) -> None:
    async with rights_world(practice_world, runner_url, vault, tmp_path) as world:
        await prove(world, owner_db)
