"""A step with ``when:`` is read, or skipped with its controls, case by case."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from robot_world import PROJECT, PracticeWorld, robot_world

from orchestrator.bootstrap.world import load_keywords
from orchestrator.engine.results import RowOutcome
from orchestrator.language.load import load_scenario
from orchestrator.settings import Settings
from orchestrator.store.vault import Vault

ACCOUNT = "  - id: account\n    extract: bdo.bank_account\n"


@pytest.mark.parametrize(("condition", "outcome"), [("==", "exception"), ("!=", "entered")])
async def test_a_step_whose_condition_is_false_is_skipped_with_its_controls(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path, condition: str, outcome: str
) -> None:
    practice_world.fault()
    row = practice_world.take("exception", "C-08")
    shutil.copytree(PROJECT / "scenarios", tmp_path / "scenarios")
    path = tmp_path / "scenarios" / "ij-acompte.yaml"
    text = path.read_text("utf-8")
    assert text.count(ACCOUNT) == 1
    path.write_text(text.replace(ACCOUNT, f'{ACCOUNT}    when: stop_id {condition} "{row.stop}"\n'), "utf-8")
    keywords = load_keywords(Settings(workspace=tmp_path, home=PROJECT))
    scenario = load_scenario(path, keywords=keywords, caisse="cpam-931")

    async with robot_world(practice_world, runner_url, vault, tmp_path, scenario) as world:
        loaded = await world.deliver(row)
        await world.work()
        found = await world.only(loaded.run)

    entered = {RowOutcome.ENTERED, RowOutcome.AWAITING_APPROVAL}
    assert (found.outcome in entered) is (outcome == "entered")
    assert found.codes == (("C-08",) if outcome == "exception" else ())
