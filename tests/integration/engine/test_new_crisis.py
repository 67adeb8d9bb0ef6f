"""B17: a crisis that nobody has foreseen is a new table of the rules and nothing else: the robot extends by it, to the day."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

from rights_world import NUMBERS, acts, ends, rights_world
from robot_world import DAY, PROJECT, PracticeWorld

from orchestrator.store.database import Database
from orchestrator.store.vault import Vault
from sandbox import extensions

_NONE = "rule: AUCUNE, rights: [], unit: AUCUNE, quantity: 0, until: AUCUNE, source: X"
CRISIS = f"""  crisis:
    title: Une crise à venir, 180 jours
    columns: {{rule: text, rights: list of text, unit: text, quantity: integer, until: text}}
    rows:
      - {{valid_from: 2010-01-01, valid_to: 2023-08-31, {_NONE}}}
      - {{valid_from: 2023-09-01, valid_to: 2024-09-30, rule: EXT-180, rights: [C2S_FREE], unit: DAYS, quantity: 180,
         until: AUCUNE, source: X}}
      - {{valid_from: 2024-10-01, {_NONE}}}
"""
#: The ends that DOMAIN B.6 names, with what 180 days make of them: over a leap day, and over the end of a year.
ENDS = {
    "B05 la veille": (date(2023, 9, 2), date(2024, 2, 29)),
    "B08 le lendemain": (date(2024, 9, 2), date(2025, 3, 1)),
}


async def test_b17_a_crisis_to_come_is_a_table_of_the_rules(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path, owner_db: Database
) -> None:
    scenarios = Path(shutil.copytree(PROJECT / "scenarios", tmp_path / "scenarios"))
    rules = scenarios / "rules" / "prolongations.yaml"
    rules.write_text(rules.read_text("utf-8") + CRISIS, "utf-8")
    rights = {f"D-{NUMBERS[case][2:]}-1": days for case, days in ENDS.items()}
    with closing(sqlite3.connect(practice_world.practice.folder / "c2s.db", timeout=20)) as store, store:
        for right, (end, _) in rights.items():
            changed = store.execute(
                "UPDATE droit SET fin = ?, fin_origine = ? WHERE reference = ?", (*[f"{end:%d/%m/%Y}"] * 2, right)
            )
            assert changed.rowcount == 1
    delivery = extensions.write(DAY, tmp_path, *(NUMBERS[case] for case in ENDS))
    text = delivery.read_bytes().decode("cp1252").replace("EXT-C2S-2", "EXT-180")
    for shown, (end, _) in zip(("29/10/2020", "17/02/2021"), ENDS.values(), strict=True):
        assert shown in text
        text = text.replace(shown, f"{end:%d/%m/%Y}")
    delivery.write_bytes(text.encode("cp1252"))
    async with rights_world(practice_world, runner_url, vault, tmp_path, scenarios) as world:
        loaded = await world.loader.load(world.bench.scenario, delivery, DAY, "test")
        await world.work()
        assert await ends(owner_db, loaded.run) == [("entered", "")] * 2
        made = {right: [(act["act"], act["end"], act["motive"]) for act in acts(world)[right]] for right in rights}
    assert made == {right: [("MODIFICATION", f"{end:%d/%m/%Y}", "EXT-180")] for right, (_, end) in rights.items()}
