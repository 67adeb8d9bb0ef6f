"""A machine of its own: its workspace, and deliveries that an orchestrator has loaded for it."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path

from published import orchestrator_of, publish_at
from robot_world import DAY, PROJECT, PracticeWorld

from orchestrator.bootstrap.world import load_keywords
from orchestrator.engine.load import Loader
from orchestrator.engine.tickets import ticket_queue
from orchestrator.language.load import load_scenario
from orchestrator.language.model import Scenario
from orchestrator.settings import Settings
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault

CAISSE = "cpam-931"


async def deliver(owner_url: str, vault: Vault, folder: Path, *rows: str) -> Scenario:
    """Publish the shipped scenario and load rows, as the orchestrator does; return the scenario."""
    keywords = load_keywords(Settings(workspace=folder, home=PROJECT))
    scenario = load_scenario(PROJECT / "scenarios" / "ij-acompte.yaml", keywords=keywords, caisse=CAISSE)
    await publish_at(owner_url, scenario)
    await load(owner_url, vault, folder, scenario, *rows)
    return scenario


async def load(owner_url: str, vault: Vault, folder: Path, scenario: Scenario, *rows: str) -> None:
    """Load rows under a version of the scenario."""
    path = folder / "anomalies-arpege-1.csv"
    header = "N° assuré;Nom de naissance;Réf. arrêt;Code anomalie;Date"
    path.write_bytes("\r\n".join([header, *rows, f"FIN;{len(rows)}", ""]).encode("cp1252"))
    orchestrator = orchestrator_of(owner_url)
    queue = ticket_queue(orchestrator, size=1)
    async with Database(orchestrator, size=1) as database, queue.open_async():
        await Loader(database=database, queue=queue, vault=vault).load(scenario, path, DAY, "test")


def machine_of(workspace: Path, practice: PracticeWorld, vault: Vault) -> Path:
    """Make the workspace of a machine: the keys of the house and the accounts of its robot."""
    secrets = workspace / "secrets"
    secrets.mkdir(parents=True, mode=0o700)
    keys = {name: b64encode(getattr(vault, name)).decode() for name in ("wrap", "index", "effect")}
    accounts = (practice.practice.folder / "robot.json").read_text()
    for name, content in (("keys", json.dumps(keys)), ("acompte-ij", accounts)):
        path = secrets / f"{name}.json"
        path.touch(0o600)
        path.write_text(content, encoding="utf-8")
    return workspace
