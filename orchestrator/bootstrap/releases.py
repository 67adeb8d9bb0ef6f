"""Walking the screens of a robot's applications, to compare them with the release we know or to write down a new one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from orchestrator.bootstrap.applications import application_folders
from orchestrator.bootstrap.world import World
from orchestrator.domain.errors import SettingsError
from orchestrator.drivers.browser import open_browser
from orchestrator.drivers.canary import Walked, walk
from orchestrator.drivers.desk import WebDesk
from orchestrator.drivers.patches import patch, release_after
from orchestrator.drivers.release import written
from orchestrator.drivers.witness import Witness, load_witnesses, save_witnesses


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One application against the release we know."""

    walked: Walked
    #: The proposed change; empty when there is none.
    patch: str
    #: Where the proposed change was written.
    path: Path | None


async def compare_screens(world: World, robot: str) -> dict[str, Compared]:
    """Walk every application of a robot and compare; a proposed change is written to a file, nothing else."""
    found = {}
    for application in world.robot(robot).applications:
        contract, walked = world.contract(application), await _walked(world, robot, application)
        proposed = patch(_folder(world, application), contract, walked) if walked.differences else ""
        path = keep_patch(world.settings.patches, application, proposed) if proposed else None
        found[application] = Compared(walked=walked, patch=proposed, path=path)
    return found


async def record_screens(world: World, robot: str, application: str) -> Path:
    """Write ``release.yaml`` of an application as it is today, and what its witness shows; returns its path."""
    if application not in world.robot(robot).applications:
        raise SettingsError(f"Le robot « {robot} » ne travaille pas dans « {application} ».")
    contract = world.contract(application)
    walked = await _walked(world, robot, application, remembered=False)
    own = world.settings.project / "keywords" / application
    path = (own if own.is_dir() else _folder(world, application)) / "release.yaml"
    path.write_text(written(release_after(contract, walked.facts, contract.version)), encoding="utf-8")
    _remember(world, application, walked)
    return path


def keep_patch(folder: Path, application: str, proposed: str) -> Path:
    """Write a proposed change to a file of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{application}-{datetime.now():%Y%m%d-%H%M%S}.patch"  # noqa: DTZ005 - a name for people here
    path.write_text(proposed, encoding="utf-8")
    return path


def _remember(world: World, application: str, walked: Walked) -> None:
    witnesses = load_witnesses(world.settings.witnesses)
    own = witnesses.get(application, Witness())
    known = {name: shown for name, shown in walked.shown.items() if shown.fields or shown.tables}
    save_witnesses(world.settings.witnesses, {**witnesses, application: Witness(values=own.values, known=known)})


async def _walked(world: World, robot: str, application: str, *, remembered: bool = True) -> Walked:
    account = world.accounts(world.robot(robot))[application]
    witness = load_witnesses(world.settings.witnesses).get(application, Witness())
    if not remembered:
        witness = Witness(values=witness.values)
    async with open_browser() as browser:
        return await walk(WebDesk(browser, world.contract(application), account), witness)


def _folder(world: World, application: str) -> Path:
    folders: Mapping[str, Path] = application_folders(world.settings.project)
    return folders[application]
