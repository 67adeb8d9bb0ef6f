"""A robot session of the groups in a process of its own, so that it can be killed.

``python grouped_session.py`` reads on standard input where everything is.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

from grouped_world import grouped_world
from published import OWNER, ROLES
from robot_world import PracticeWorld

from orchestrator.bootstrap.practice import Practice
from orchestrator.drivers.account import RobotAccount
from orchestrator.store.vault import Vault


def start_session(practice: PracticeWorld, runner_url: str, vault: Vault, folder: Path) -> subprocess.Popen[bytes]:
    """Start a session that works what is ready; the scenario is written in ``folder``."""
    keys = {"wrap": vault.wrap.hex(), "index": vault.index.hex(), "effect": vault.effect.hex()}
    places = {
        "practice": str(practice.practice.folder),
        "folder": str(folder),
        "url": runner_url,
        "owner": OWNER["url"],
        "orchestrator": ROLES["glr_orchestrator"],
    }
    folder.mkdir()
    child = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE)
    if child.stdin is None:
        raise TypeError
    child.stdin.write(json.dumps({**places, "keys": keys}).encode())
    child.stdin.close()
    return child


async def _work() -> None:
    given = json.load(sys.stdin)
    OWNER["url"], ROLES["glr_orchestrator"] = given["owner"], given["orchestrator"]
    raw = json.loads((Path(given["practice"]) / "robot.json").read_text())
    accounts = {name: RobotAccount.read(item) for name, item in raw.items()}
    practice = Practice(folder=Path(given["practice"]), cases=240, seed=7)
    world = PracticeWorld(practice=practice, accounts=accounts, unused=[], rows=(), locked_once=[])
    vault = Vault(**{name: bytes.fromhex(key) for name, key in given["keys"].items()})
    async with grouped_world(world, given["url"], vault, Path(given["folder"]), faults=True) as opened:
        await opened.work()


if __name__ == "__main__":
    asyncio.run(_work())
