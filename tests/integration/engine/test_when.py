"""A step with ``when:`` is read, or skipped with its controls, case by case."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from grouped_world import by_hand
from robot_world import PROJECT, PracticeWorld, changed_scenario, resend, robot_world

from orchestrator.bootstrap.world import load_keywords
from orchestrator.engine.results import RowOutcome
from orchestrator.language.load import load_scenario
from orchestrator.settings import Settings
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault

#: An entry about the same stop that is due to nobody.
NEVER = """\
  - id: never
    enter: compta.propose_advance
    when: stop_id == "AUCUN"
    with:
      nir: ${nir}
      stop_id: ${stop_id}
      period: ${advance.period}
      amount: ${advance.amount}
    effect_key: AUTRE/${nir}/${stop_id}

"""
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


async def test_what_a_person_entered_is_read_back_for_the_entry_in_doubt_not_for_one_that_was_never_due(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path, owner_db: Database
) -> None:
    proposal = "  - id: proposal\n    enter: compta.propose_advance "
    scenario = changed_scenario(tmp_path, (proposal, NEVER + proposal))
    row = practice_world.take("entered")
    practice_world.fault({"on": "POST /avances", "stop": row.stop, "fault": "before", "times": 1})

    async with robot_world(practice_world, runner_url, vault, tmp_path, scenario) as world:
        loaded = await world.deliver(row)
        await world.work()
        assert (await world.only(loaded.run)).doubtful
        number = by_hand(practice_world, row)
        await resend(owner_db, loaded.run, {"do": "read_back", "reference": number, "by": "martin"})
        await world.work()
        found = await world.only(loaded.run)

    assert (found.outcome, found.entry_reference) == (RowOutcome.ENTERED, number)
    async with owner_db.transaction("test") as tx:
        entries = await (await tx.connection.execute("select state::text as state from entry")).fetchall()
    assert [entry["state"] for entry in entries] == ["by_hand"]
