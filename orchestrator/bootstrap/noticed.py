"""A database that went back in time without us (a restored disk, a DBA's own tool) is noticed by the audit log's files.

Every event of the files was numbered by the database: one that has not yet made that number is an older one, or a new one that
knows nothing. It is then marked as ``glr restore`` marks it (ENTER).
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from orchestrator.audit.files import last_event
from orchestrator.domain.errors import SettingsError
from orchestrator.engine.restorations import marking
from orchestrator.settings import Settings
from orchestrator.store.database import Database


async def notice_older_database(owner: str, settings: Settings) -> bool:
    """Mark a database that is older than the audit log; True when it was."""
    newest = last_event(settings.audit_log)  # first: the database only goes on meanwhile
    if newest is None:
        return False
    async with Database(owner, size=1) as database, database.transaction("journal") as tx:
        row = await tx.first("restorations.last_number")
        made = int(row["last_value"]) if row else 0
        if newest.id <= made:
            return False
        at = _last_known(settings.audit_log, made) or newest.at
        for name, values in marking(settings.caisse, by="journal", backup="", backup_at=at, last=newest.id):
            await tx.run(name, **values)
    return True


class DatabaseWentBack(SettingsError):
    """La base est plus ancienne que le journal."""

    def __init__(self) -> None:
        super().__init__(
            "La base est plus ancienne que le journal de cette machine : elle a été restaurée sans nous, et ne sait plus "
            "ce qui a été saisi. Rien n'a démarré. Avec l'adresse du propriétaire (GLR_DATABASE_URL), glr database migrate "
            "la marque, et les robots attendent que des personnes aient regardé (docs/guides/sauvegarder-restaurer.md)."
        )


async def refuse_older_database(orchestrator: str, settings: Settings) -> None:
    """Raise :class:`DatabaseWentBack` when the database is older than the audit log: only its owner may mark it."""
    newest = last_event(settings.audit_log)
    if newest is None:
        return
    async with Database(orchestrator, size=1) as database, database.transaction("journal") as tx:
        row = await tx.first("restorations.last_number")
    if row is None or newest.id > int(row["last_value"]):
        raise DatabaseWentBack


def _last_known(folder: Path, made: int) -> datetime | None:
    """Return when the last event was made that such a database knows: before what it has forgotten."""
    first: datetime | None = None
    for path in sorted(folder.glob("*.jsonl"), reverse=True):
        for line in reversed(path.read_bytes().split(b"\n")[:-1]):
            said = json.loads(line)
            first = datetime.fromisoformat(said["at"])
            if int(said["id"]) <= made:
                return first
    return first
