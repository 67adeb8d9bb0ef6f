"""Receiving a robot: everything is verified and compared first; what is written never loses a local text."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from orchestrator.bootstrap.applications import OVERRIDES, installed_folder, overrides_said
from orchestrator.settings import Settings
from orchestrator.sharing.archive import RECEIPT, Archive, RefusedArchive, digest
from orchestrator.sharing.contents import suspicious
from orchestrator.sharing.plan import KEPT_BESIDE, NOTHING, Change, changes
from orchestrator.sharing.told import read_texts

_SHORT = 8


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What an import will do."""

    archive: Archive
    changes: tuple[Change, ...]
    #: What a person should know before agreeing, beyond the files.
    notes: tuple[str, ...]

    @property
    def writes(self) -> bool:
        """False when everything is there already."""
        return any(change.kind not in NOTHING for change in self.changes)


def plan_import(settings: Settings, archive: Archive) -> Plan:
    """Compare an archive with what the project has; raises :class:`RefusedArchive` for what cannot be received here."""
    project, manifest = settings.project, archive.manifest
    personal = suspicious(archive.files)
    if personal:
        raise RefusedArchive(f"elle contient ce qui ne voyage jamais :\n{personal}\n")
    receipts = _receipts(project)
    last = receipts.pop(manifest.robot, {})
    theirs = {**archive.files, **_overrides(project, archive)}
    paths = {*theirs, *last}
    ours = {path: (project / path).read_bytes() for path in sorted(paths) if _is_file(project, path)}
    others = {path: frozenset(each[path] for each in receipts.values() if path in each) for path in paths}
    # the list of overrides is ours and only ever grows: adding to it is no conflict
    known = {path: digest(ours[path]) for path in (f"keywords/{OVERRIDES}",) if path in ours}
    found = changes(theirs, ours, {**last, **known}, others)
    return Plan(archive=archive, changes=found, notes=(*_stopping(found), *_other_screens(manifest.installed)))


def carry_out(settings: Settings, plan: Plan) -> list[Path]:
    """Write what was planned; returns the texts that were kept beside. A repeat after an interruption is safe."""
    project, kept = settings.project, []
    for change in plan.changes:
        path = project / change.path
        if change.kind in KEPT_BESIDE and change.before is not None:
            beside = path.with_name(f"{path.name}.avant-{digest(change.before)[:_SHORT]}")
            _write(beside, change.before)
            kept.append(beside)
        if change.after is None:
            path.unlink()
        elif change.kind not in NOTHING:
            _write(path, change.after)
    receipt = project / "robots" / plan.archive.manifest.robot / RECEIPT
    _write(receipt, plan.archive.manifest.canonical + b"\n")
    return kept


def scenarios_of(plan: Plan) -> list[str]:
    """Return the names of the scenarios of an archive."""
    return sorted(plan.archive.manifest.versions)


def local_values(settings: Settings, scenarios: list[str]) -> dict[str, Mapping[str, str]]:
    """Return by scenario the caisse's own values of parameters, as written."""
    found: dict[str, Mapping[str, str]] = {}
    for name in scenarios:
        path = settings.project / "scenarios" / f"{name}.{settings.caisse}.yaml"
        values = read_texts(path.read_bytes() if path.exists() else None).get("values")
        found[name] = values if isinstance(values, dict) else {}
    return found


def checked(settings: Settings, scenarios: list[str]) -> tuple[bool, str]:
    """Run ``glr check`` on scenarios in a process of its own: what came from elsewhere is not loaded into this one."""
    files = [str(settings.project / "scenarios" / f"{name}.yaml") for name in scenarios]
    ran = subprocess.run(
        [sys.executable, "-m", "orchestrator.cli", "check", *files],
        env={**os.environ, **settings.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode == 0, (ran.stdout + ran.stderr).strip()


def _other_screens(installed: Mapping[str, str]) -> Iterator[str]:
    for path, theirs in sorted(installed.items()):
        ours = installed_folder().parent / path
        if not ours.exists() or digest(ours.read_bytes()) != theirs:
            yield f"{path} : l'application installée ici n'a pas les écrans de l'auteur (autre version de glr ?)"


def _stopping(changed: tuple[Change, ...]) -> Iterator[str]:
    """The code of a published version is part of it: another code stops it rather than run unseen (ADR 19)."""
    code = [c.path.split("/") for c in changed if c.before and c.path.endswith(".py") and c.kind not in NOTHING]
    for name in sorted({parts[1] for parts in code if parts[0] == "keywords"}):
        yield (
            f"le code de keywords/{name} change : un scénario publié qui l'emploie s'arrête jusqu'à ce que sa nouvelle "
            "version soit publiée"
        )


def _receipts(project: Path) -> dict[str, dict[str, str]]:
    """Return what each import brought: digests by path, by robot."""
    found = {}
    for path in sorted((project / "robots").glob(f"*/{RECEIPT}")):
        said: Any = json.loads(path.read_text(encoding="utf-8"))
        found[path.parent.name] = dict(said["files"])
    return found


def _overrides(project: Path, archive: Archive) -> dict[str, bytes]:
    """Return the list of replaced applications as it must become; refuse an archive that replaces one without a word."""
    brought = {path.split("/")[1] for path in archive.files if path.startswith("keywords/")}
    twice = {name for name in brought if (installed_folder() / name / "__init__.py").exists()}
    unsaid = sorted(twice - set(archive.manifest.overrides))
    if unsaid:
        raise RefusedArchive(
            f"{', '.join(unsaid)} est une application installée ici, que l'archive ne dit pas remplacer"
        )
    if brought and project / "keywords" == installed_folder():
        raise RefusedArchive("ce projet est celui de glr lui-même ; la recevoir dans un espace de travail (GLR_HOME)")
    path = project / "keywords" / OVERRIDES
    known = overrides_said(path)
    if twice <= known:
        return {}
    said = yaml.safe_dump({"overrides": sorted(known | twice)}, sort_keys=False)
    return {f"keywords/{OVERRIDES}": said.encode()}


def _is_file(project: Path, path: str) -> bool:
    """True for a file of the project; raises :class:`RefusedArchive` when a link or a folder stands in its place."""
    place = project
    for part in path.split("/"):
        place = place / part
        if place.is_symlink():
            raise RefusedArchive(f"{place} est un lien symbolique : on n'écrit pas à travers")
    if place.is_dir():
        raise RefusedArchive(f"{place} est un dossier, l'archive y a un fichier")
    return place.exists()


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(content)
    draft.replace(path)
