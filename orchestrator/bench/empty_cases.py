"""A workspace of empty cases: a scenario whose one step does nothing, loaded and worked by the engine as any other."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import UUID

from orchestrator.bootstrap.demo_people import ensure_people
from orchestrator.bootstrap.loading import open_loader
from orchestrator.bootstrap.versions import publish_by_two
from orchestrator.bootstrap.world import World, build_world
from orchestrator.settings import Settings

SCENARIO = "banc-vide"
DAY = date(2026, 3, 27)
_SCENARIO = """
scenario: banc-vide
title: Dossiers vides du banc d'essai
author: banc
robot: banc
mode: live
case:
  key: ${number}
  fields:
    number: {type: text, max: 20, column: Numéro}
sources:
  - csv: banc-*.csv
    encoding: utf-8
    delimiter: ";"
    trailer: {rows: true}
steps:
  - {id: nothing, compute: banc.nothing}
limits: {parallel: 16}
exceptions: {queue: banc, codes: {}}
"""
_FILES = {
    "robots/banc/robot.yaml": """
robot: banc
name: Robot du banc d'essai
owner: Banc d'essai
purpose: Mesurer le moteur sans application
legal_basis: aucune donnée personnelle
applications: {}
accounts: banc.json
ends_on: 2099-12-31
contact: banc@cpam-931.example
""",
    "keywords/banc/__init__.py": '''"""What an empty case does."""

from orchestrator.domain.keywords import compute


@compute("banc.nothing", "Rien.")
def nothing() -> int:
    """Do nothing.

    Example: ``{compute: banc.nothing}``.
    """
    return 0
''',
}


@dataclass(frozen=True, kw_only=True)
class EmptyCases:
    """The workspace, its database migrated and its scenario published."""

    world: World

    @property
    def version(self) -> str:
        """The version that was published."""
        return self.world.scenario(SCENARIO).hash

    async def load(self, cases: int) -> UUID:
        """Load a delivery of that many cases as any delivery is; returns its run."""
        path = self.delivery(cases)
        async with open_loader(self.world) as loader:
            loaded = await loader.load(self.world.scenario(SCENARIO), path, DAY, "bench")
        return loaded.run

    def delivery(self, cases: int) -> Path:
        """Write a delivery whose rows no other has."""
        folder = self.world.settings.workspace / "rounds"
        folder.mkdir(exist_ok=True)
        number = len(list(folder.iterdir()))
        rows = [f"{number}-{row}" for row in range(cases)]
        path = folder / f"banc-{number}.csv"
        path.write_text("\r\n".join(["Numéro", *rows, f"FIN;{cases}", ""]), encoding="utf-8")
        return path


def empty_cases(workspace: Path) -> EmptyCases:
    """Make the workspace in a new folder; its database runs until ``world.stop_database()``."""
    return EmptyCases(world=bench_world(workspace, SCENARIO, _SCENARIO))


def bench_world(workspace: Path, scenario: str, said: str) -> World:
    """Make a workspace of one scenario, which is published; its database runs until ``world.stop_database()``."""
    for name, text in {**_FILES, f"scenarios/{scenario}.yaml": said}.items():
        path = workspace / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text(text.lstrip(), encoding="utf-8")
    world = asyncio.run(build_world(Settings(workspace=workspace, environment_name="banc")))
    asyncio.run(ensure_people(world))
    asyncio.run(publish_by_two(world, scenario, "responsable", "superviseur", "Publiée par le banc d'essai."))
    return world
