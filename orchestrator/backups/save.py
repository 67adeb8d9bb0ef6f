"""``glr backup``: the database of one instant, then the files, in one archive.

In this order: events that leave the database meanwhile are in the log's files, and captures that it names were written before.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import psycopg

from orchestrator.audit.events import instant
from orchestrator.backups.archive import DATABASE, FOLDERS, Manifest, write
from orchestrator.bootstrap.world import World
from orchestrator.store.database import Database
from orchestrator.store.dumps import dump
from orchestrator.store.known_schema import schema_number


async def back_up(world: World, out: Path) -> Manifest:
    """Write the backup of a house; the log says that it was made. Raises ``DumpFailed``, ``FileExistsError``."""
    manifest = await asyncio.to_thread(_written, world, out)
    async with Database(world.urls["owner"], size=1) as database, database.transaction("cli") as tx:
        await tx.run("alerts.backed_up", caisse=world.settings.caisse)
        await tx.record(world.settings.caisse, "house.backed_up", out.name, made_at=manifest.made_at)
    return manifest


def _written(world: World, out: Path) -> Manifest:
    owner = world.urls["owner"]
    with tempfile.TemporaryDirectory(prefix=".sauvegarde-", dir=out.parent) as draft:
        script = Path(draft) / DATABASE
        about = _about(world, owner)
        dump(owner, script)
        return write(out, [(DATABASE, script), *_files(world.settings.workspace)], about, world.vault)


def _about(world: World, owner: str) -> Manifest:
    """Say what is known before the database is read: what is made later is not in it for sure."""
    with psycopg.connect(owner) as connection:
        row = connection.execute("select now(), current_setting('server_version')").fetchone()
    now, server = row or (None, "")
    return Manifest(
        caisse=world.settings.caisse,
        effect=world.vault.effect_fingerprint,
        made_at=instant(now),
        glr=version("go-les-robots"),
        postgres=server,
        members={},
        schema=schema_number(),
    )


def _files(workspace: Path) -> Iterator[tuple[str, Path]]:
    """Walk the files of the house, whatever is being written last; links are nobody's backup."""
    for folder in FOLDERS:
        for path in sorted((workspace / folder).rglob("*")):
            if path.is_file() and not path.is_symlink() and "__pycache__" not in path.parts:
                yield path.relative_to(workspace).as_posix(), path
