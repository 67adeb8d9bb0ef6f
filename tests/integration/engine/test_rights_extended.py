"""Extensions of rights through real sessions at the C2S: its ledger and store against the oracle; all cases are a proof."""

from __future__ import annotations

from pathlib import Path

from rights_world import prove, prove_a_refused_letter_undoes_no_right, rights_world
from robot_world import PracticeWorld

from orchestrator.store.database import Database
from orchestrator.store.vault import Vault

#: A chain, no longer alive, base rights, a closing cancelled and one that is not, a permit extended by 180 days and one by 90
#: only, a child that another organism has too, agreed and not, and a household of which the fifth entry is refused.
CASES = (
    "B04 deux fois", "B22", "droits de base fermés", "B11", "fermé hors des périodes", "B14", "asile échu", "B20",
    "B20 conflit", "cinq membres",
)  # fmt: skip


async def test_a_household_is_extended_whole_or_not_at_all_once_for_each_right_and_rule(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path, owner_db: Database
) -> None:
    async with rights_world(practice_world, runner_url, vault, tmp_path) as world:
        await prove(world, owner_db, *CASES, again=2)
        await prove_a_refused_letter_undoes_no_right(world, owner_db, "B07")
