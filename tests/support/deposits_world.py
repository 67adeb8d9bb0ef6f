"""Deposited documents for tests: the shipped scenario, the GED's own ledger and requests, and what was planted."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

from kept_desk import KeptDesk
from robot_world import DAY, PROJECT, PracticeWorld, RobotWorld, robot_world
from workshops import workshop_in

from orchestrator.bootstrap.world import load_keywords
from orchestrator.drivers.account import RobotAccount
from orchestrator.drivers.contracts import load_contract
from orchestrator.drivers.workshop import DeclaredFolder
from orchestrator.engine.load import Loaded
from orchestrator.language.load import load_scenario
from orchestrator.settings import Settings
from orchestrator.store.vault import Vault
from sandbox import deposits
from sandbox.stores import load


@asynccontextmanager
async def deposits_world(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path
) -> AsyncIterator[RobotWorld]:
    """Open the shipped scenario with its robot's own accounts and folder."""
    practice_world.practice.write_accounts(practice_world.addresses, tmp_path / "robot.json", deposits.ROBOT)
    accounts = json.loads((tmp_path / "robot.json").read_text())
    keywords = load_keywords(Settings(workspace=tmp_path, home=PROJECT))
    scenario = load_scenario(PROJECT / "scenarios" / "depot-pieces.yaml", keywords=keywords)
    workshop = workshop_in(tmp_path)
    workshop.folders = {"depots": DeclaredFolder(path=tmp_path / "deposited" / "depots", write=False)}
    async with robot_world(practice_world, runner_url, vault, tmp_path, scenario) as opened:
        browser = opened.bench.desks["bdo"].browser
        opened.bench.robot, opened.bench.workshop = "depot-pieces", workshop
        opened.bench.desks = {
            name: KeptDesk(
                browser, load_contract(PROJECT / "keywords" / name / "screens.yaml"), RobotAccount.read(accounts[name])
            )
            for name in ("bdo", "ged")
        }
        yield opened
    await workshop.close()


async def deliver(
    world: RobotWorld, only: Collection[str] = (), again: str = ""
) -> tuple[Loaded, list[dict[str, Any]]]:
    """Load what people deposited; return it with what was planted, line after line."""
    folder = world.folder / "deposited"
    folder.mkdir(exist_ok=True)
    path = deposits.write(load(world.world.practice.folder), folder, again, only)
    planted = json.loads(path.with_name(f"{path.stem}-attendu.json").read_text("ascii"))
    return await world.loader.load(world.bench.scenario, path, DAY, "test"), planted


def filings(practice: PracticeWorld) -> list[dict[str, Any]]:
    """Return what the GED's own ledger says that the robot of deposits filed."""
    lines = (practice.practice.folder / "ged.ledger.jsonl").read_text("utf-8").splitlines()
    return [act for act in map(json.loads, lines) if act["author"] == deposits.ROBOT]


def requests(practice: PracticeWorld) -> dict[str, str]:
    """Return the state of each request, from the GED's own store."""
    with closing(sqlite3.connect(practice.practice.folder / "ged.db")) as store:
        return dict(store.execute("SELECT numero, etat FROM demande"))
