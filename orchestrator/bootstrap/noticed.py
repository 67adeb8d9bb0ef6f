"""A database that went back in time without us (a restored disk, a DBA's own tool) is noticed by the audit log's files.

Every event of the files was numbered by the database: one that has not yet made that number is an older one, or a new one that
knows nothing. It is then marked as ``glr restore`` marks it (ENTER).
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from orchestrator.audit.files import last_event
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
