"""PROGRES in the test's own loop, and a robot's terminal at it; its ledger is the oracle."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from one_browser import a_browser
from playwright.async_api import Browser

from orchestrator.domain.personal import Nir, Secret
from orchestrator.drivers.account import RobotAccount
from orchestrator.drivers.applications import load_application
from orchestrator.drivers.terminal_contracts import TerminalContract
from orchestrator.drivers.terminal_desk import TerminalDesk
from sandbox.db import Store
from sandbox.green.server import Green, green_screen
from sandbox.model import ROBOT_LOGIN
from sandbox.population import build
from sandbox.stores import create
from sandbox.web.legacy import Options

PROJECT = Path(__file__).resolve().parents[2]


def contract() -> TerminalContract:
    """Return the contract of PROGRES."""
    found = load_application(PROJECT / "keywords" / "progres" / "screens.yaml")
    assert isinstance(found, TerminalContract)
    return found


def account(folder: Path, address: str, login: str = ROBOT_LOGIN) -> RobotAccount:
    """Return a robot's account there."""
    password = json.loads((folder / "accounts.json").read_text())["progres"][login]["password"]
    return RobotAccount(address=address, login=login, password=Secret(password), quiet=0.3)


def plan(folder: Path, *faults: Mapping[str, Any]) -> None:
    """Plan faults of PROGRES; none clears the plan."""
    (folder / "faults.json").write_text(json.dumps({"progres": list(faults)}))


def ledger(folder: Path) -> list[dict[str, Any]]:
    """Return every act of PROGRES's own ledger."""
    path = folder / "progres.ledger.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@dataclass
class Permit:
    """A lease that is ours, or not."""

    ours: bool = True
    until: float = 0.0

    async def holds(self) -> bool:
        return self.ours

    def in_time(self) -> bool:
        return True

    def under_way(self) -> Permit:
        return self


@dataclass
class Host:
    """A host, and the terminals opened at it."""

    folder: Path
    address: str
    browser: Browser
    desks: list[TerminalDesk] = field(default_factory=list)

    def desk(self, known: TerminalContract | None = None, login: str = ROBOT_LOGIN) -> TerminalDesk:
        """Return a new terminal, closed at the end."""
        made = TerminalDesk(known or contract(), account(self.folder, self.address, login), self.browser)
        self.desks.append(made)
        return made

    def people(self) -> list[tuple[Nir, str]]:
        """Return everybody with their names, who has most lines first."""
        store = Store(self.folder / "progres.db")
        rows = store.all(
            "SELECT salarie.nir, nom FROM salarie LEFT JOIN ij USING (nir) GROUP BY 1 ORDER BY count(ij.id) DESC, 1"
        )
        store.close()
        return [(Nir.parse(nir), name) for nir, name in rows]


@asynccontextmanager
async def green_host(folder: Path, green: Green | None = None) -> AsyncIterator[Host]:
    """Serve PROGRES to some people."""
    create(folder, build(60, 4, "2026-03-27"))
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(green_screen(Options(folder=folder), green or Green()))
        host = Host(folder=folder, address=address, browser=await stack.enter_async_context(a_browser()))
        try:
            yield host
        finally:
            for desk in host.desks:
                await desk.discard()
