"""``glr restore``: a house from its backup, into an empty database, marked so that no robot begins anything in it.

Everything is judged before anything is touched. Files come first: those that are there stay when they are the same, or the
same log grown longer. Then the database, in one transaction together with its mark. A repeat after a crash is safe.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import psycopg

from orchestrator.audit.files import last_event
from orchestrator.backups.archive import DATABASE, MANIFEST, SEAL, BadBackup, Manifest, unpack
from orchestrator.bootstrap.world import owner_url
from orchestrator.domain.errors import SettingsError
from orchestrator.engine.restorations import marking
from orchestrator.settings import Settings
from orchestrator.store.dumps import load, rendered
from orchestrator.store.known_schema import schema_number
from orchestrator.store.migrate import ensure_roles, migrate
from orchestrator.store.roles import role_urls
from orchestrator.store.vault import open_vault


async def restore(settings: Settings, archive: Path, by: str) -> Manifest:
    """Restore a backup; returns what it says of itself.

    :param by: who restores, for the log.

    Raises :class:`BadBackup` for a damaged archive, another house's or a newer program's, ``SettingsError`` without keys or
    with a database that is not empty, ``DumpFailed`` when PostgreSQL refuses; the database is then as it was.
    """
    keys = settings.keys
    if not keys.exists():
        raise SettingsError(
            f"Les clés de la maison ({keys}) manquent : remettre d'abord le dossier secrets/ d'origine."
        )
    vault = open_vault(keys)
    owner = await asyncio.to_thread(owner_url, settings)
    await asyncio.to_thread(_refuse_a_house, owner)
    urls = role_urls(owner, settings.secrets)
    with tempfile.TemporaryDirectory(prefix=".restauration-", dir=settings.workspace) as draft:
        manifest = await asyncio.to_thread(unpack, archive, Path(draft), vault, settings.caisse)
        _refuse_newer(archive, manifest)
        await asyncio.to_thread(_place, Path(draft), settings.workspace)
        await ensure_roles(owner, urls)
        await asyncio.to_thread(_load, settings, owner, Path(draft), manifest, by)
    await migrate(owner, urls, vault.fingerprints, settings.caisse)
    return manifest


def _load(settings: Settings, owner: str, draft: Path, manifest: Manifest, by: str) -> None:
    event = last_event(settings.audit_log)
    mark = draft / "marque.sql"
    statements = marking(
        settings.caisse,
        by=by,
        backup=sha256(manifest.text).hexdigest(),
        backup_at=datetime.fromisoformat(manifest.made_at),
        last=event.id if event else 0,
    )
    mark.write_text(rendered(owner, *statements), encoding="utf-8")
    load(owner, [draft / DATABASE, mark])


def _refuse_newer(archive: Path, manifest: Manifest) -> None:
    """Raise :class:`BadBackup` for a database that this program does not know: nothing is touched."""
    if manifest.schema > schema_number():
        raise BadBackup(
            f"{archive} contient une base au schéma {manifest.schema}, faite par Go-les-robots {manifest.glr} ; ce programme "
            f"s'arrête au schéma {schema_number()} : rien n'a été touché. Installer cette version, ou une plus récente, puis "
            "recommencer."
        )


def _refuse_a_house(owner: str) -> None:
    with psycopg.connect(owner) as connection:
        row = connection.execute("select to_regnamespace('glr'), to_regnamespace('queue')").fetchone()
    if row and any(row):
        raise SettingsError(
            "La base visée contient déjà une maison : rien n'a été touché. Restaurer dans une base vide (GLR_DATABASE_URL), ou "
            "dans un nouvel espace de travail où seul le dossier secrets/ a été remis."
        )


def _place(draft: Path, workspace: Path) -> None:
    """Put files where they were; raises :class:`BadBackup` before the first of them when one there says something else."""
    files = [path for path in _files(draft) if not _is_there(path, workspace / path.relative_to(draft))]
    for path in files:
        target = workspace / path.relative_to(draft)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        copy = target.with_name(f".{target.name}.{os.getpid()}")
        shutil.move(path, copy)
        copy.replace(target)


def _files(draft: Path) -> Iterator[Path]:
    kept = {draft / DATABASE, draft / MANIFEST, draft / SEAL}
    return (path for path in sorted(draft.rglob("*")) if path.is_file() and path not in kept)


def _is_there(ours: Path, theirs: Path) -> bool:
    """Say whether a file is already there, as it was or longer; False: ours takes its place."""
    if not theirs.exists():
        return False
    if theirs.stat().st_size >= ours.stat().st_size and _begins_with(theirs, ours):
        return True
    if _begins_with(ours, theirs):
        return False
    raise BadBackup(
        f"{theirs} dit autre chose que la sauvegarde : rien n'a été touché. Le mettre de côté, puis recommencer."
    )


def _begins_with(longer: Path, shorter: Path) -> bool:
    with longer.open("rb") as one, shorter.open("rb") as other:
        while piece := other.read(1 << 20):
            if one.read(len(piece)) != piece:
                return False
    return True
