"""Walking the screens of a robot's applications, to compare them with the release we know or to write down a new one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestrator.bootstrap.applications import application_folders, installed_folder
from orchestrator.bootstrap.world import World
from orchestrator.domain.errors import ApplicationException, SettingsError
from orchestrator.drivers.applications import AnyContract
from orchestrator.drivers.browser import open_browser
from orchestrator.drivers.canary import Walked, further, walk
from orchestrator.drivers.desks import AnyDesk, desk_at
from orchestrator.drivers.patch_apply import applied
from orchestrator.drivers.patches import Seen, Target, patch, release_after
from orchestrator.drivers.release import written
from orchestrator.drivers.terminal_contracts import TerminalContract
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
    async with _desks(world, robot) as desks:
        for application, desk in desks.items():
            witness = _witness(world, application)
            walked = await further(desk, witness, await walk(desk, witness))
            proposed = proposed_change(world, world.contract(application), walked)
            path = keep_patch(world.settings.patches, application, proposed) if proposed else None
            found[application] = Compared(walked=walked, patch=proposed, path=path)
    return found


def proposed_change(world: World, contract: AnyContract, walked: Walked) -> str:
    """Return the change of an application's files that would follow what a walk has found; empty for none."""
    if not walked.differences or isinstance(contract, TerminalContract):
        return ""
    seen = Seen(fixes=walked.fixes, documents=walked.documents, veil=walked.veil)
    return patch(target_of(world, contract.application, proposing=True), contract, seen)


async def record_screens(world: World, robot: str, application: str) -> Path:
    """Write down the screens of an application as they are today, and what its witness shows; returns the file's path."""
    if application not in world.robot(robot).applications:
        raise SettingsError(f"Le robot « {robot} » ne travaille pas dans « {application} ».")
    contract, own = world.contract(application), _witness(world, application)
    if isinstance(contract, TerminalContract):
        raise SettingsError(
            f"« {application} » est un écran vert : ses positions et ses libellés sont tous dans screens.yaml, il n'y a rien "
            "à relever. Les comparer : glr screens check."
        )
    async with _desks(world, robot) as desks:
        walked = await walk(desks[application], Witness(values=own.values), looked_at=True)
    path = target_of(world, application).release
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(written(release_after(contract, walked.facts, contract.version)), encoding="utf-8")
    remember(world, application, walked)
    return path


async def remember_witnesses(world: World, robot: str) -> list[str]:
    """Keep what the witness of each application shows, where nothing is known yet; returns those of which nothing is kept.

    Of an application that cannot be walked, or whose screens are not those we know, nothing is kept: a person looks first.
    """
    own = {name: _witness(world, name) for name in world.robot(robot).applications}
    unknown = [name for name, each in own.items() if each.values and not each.known]
    if not unknown:
        return []
    not_kept = []
    async with _desks(world, robot) as desks:
        for application in unknown:
            try:
                walked = await walk(desks[application], own[application])
            except ApplicationException:
                not_kept.append(application)
                continue
            if walked.differences:
                not_kept.append(application)
            else:
                remember(world, application, walked)
    return not_kept


def apply_change(world: World, text: str) -> list[Path]:
    """Write a proposed change into the project, whole or not at all; returns the files that changed."""
    changed = applied(world.settings.project, text)
    before = {path: path.read_text(encoding="utf-8") if path.exists() else None for path in changed}
    try:
        for path, content in changed.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        for application in {path.parent.name for path in changed}:
            world.contract(application)
    except SettingsError:
        for path, kept in before.items():
            path.unlink() if kept is None else path.write_text(kept, encoding="utf-8")
        raise
    return list(changed)


def target_of(world: World, application: str, *, proposing: bool = False) -> Target:
    """Return the files in which this project says what an application's screens are.

    What a caisse says otherwise of an installed application stands in files of its own (ADR 19).

    :param proposing: True for a change that one caisse needs: the installed description is then never the one that changes.
    """
    folder, project = application_folders(world.settings.project)[application], world.settings.project / "keywords"
    local = project / application
    own = local / f"screens.{world.settings.caisse}.yaml"
    if own.exists() or folder.parent != project or (proposing and project == installed_folder()):
        return Target(screens=own, release=own.with_name(f"release.{world.settings.caisse}.yaml"), own=True)
    return Target(screens=local / "screens.yaml", release=local / "release.yaml", own=False)


def keep_patch(folder: Path, application: str, proposed: str) -> Path:
    """Write a proposed change to a file; it takes the place of the one before."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{application}.patch"
    path.write_text(proposed, encoding="utf-8")
    return path


def remember(world: World, application: str, walked: Walked) -> None:
    """Keep what the witness shows, as what a person has looked at."""
    witnesses = load_witnesses(world.settings.witnesses)
    own = witnesses.get(application, Witness())
    known = {name: shown for name, shown in walked.shown.items() if shown.fields or shown.tables}
    save_witnesses(world.settings.witnesses, {**witnesses, application: Witness(values=own.values, known=known)})


def _witness(world: World, application: str) -> Witness:
    return load_witnesses(world.settings.witnesses).get(application, Witness())


@asynccontextmanager
async def _desks(world: World, robot: str) -> AsyncIterator[dict[str, AnyDesk]]:
    """Give a desk at each application of a robot, in one browser; none is logged in before it is used."""
    accounts = world.accounts(world.robot(robot))
    async with open_browser(world.settings.network) as browser:
        yield {name: desk_at(browser, world.contract(name), accounts[name]) for name in world.robot(robot).applications}
