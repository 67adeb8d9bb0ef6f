"""Moves events from the outbox to the files of the audit log; loses none, doubles none.

One transaction per batch: an advisory lock first (one exporter at a time; a frozen one loses it with its transaction,
after three seconds), then the folder, which is the same for all, then delete-returning without a cursor, then the files,
forced to disk, and only then the commit. Inside a batch events are in the order of their ids; between batches they are in
the order in which they were committed. The exporter adds nothing to events: they are written without personal data where
they happen.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from orchestrator.audit.events import day_of, line_of
from orchestrator.audit.files import AuditLog, LogElsewhere
from orchestrator.domain.errors import GlrError

LOG = logging.getLogger("glr.audit")
ACTOR = "exporter"
#: Events moved in one transaction: well under a second of work, so that its three-second limit never bites.
BATCH = 1000
#: Seconds between two looks at an empty outbox.
PAUSE = 1.0


class Batch(Protocol):
    """One transaction on the outbox."""

    async def first(self, name: str, /, **values: Any) -> Mapping[str, Any] | None:  # noqa: ANN401
        """Run a query by name; its first row or None."""

    async def all(self, name: str, /, **values: Any) -> Sequence[Mapping[str, Any]]:  # noqa: ANN401
        """Run a query by name; its rows."""


class Outbox(Protocol):
    """The database, as the role that may move events out."""

    def transaction(self, actor: str) -> AbstractAsyncContextManager[Batch]:
        """Open a transaction: committed at its end, rolled back when anything is raised."""


async def export_once(outbox: Outbox, log: AuditLog) -> int:
    """Move one batch; returns how many events left the database (0 when another exporter is at it).

    Raises :class:`LogElsewhere` when the log of this database is in another folder.
    """
    async with outbox.transaction(ACTOR) as tx:
        lock = await tx.first("audit.one_exporter")
        if lock is None or not lock["mine"]:
            return 0
        await _refuse_another_folder(tx, log)
        events = await tx.all("audit.take", limit=BATCH)
        sizes = await asyncio.to_thread(log.append, _by_day(events))
    log.settle(sizes)
    return len(events)


async def _refuse_another_folder(tx: Batch, log: AuditLog) -> None:
    """Write in one folder alone, which the first to export names."""
    ours, known = await asyncio.to_thread(log.identity), await tx.first("audit.folder")
    if known is None:
        await tx.first("audit.name_folder", id=ours, host=socket.gethostname(), path=str(log.folder))
    elif str(known["id"]) != ours:
        raise LogElsewhere(host=known["host"], path=known["path"], ours=log.folder)


async def export_until(
    open_outbox: Callable[[], AbstractAsyncContextManager[Outbox]],
    folder: Path,
    stopping: asyncio.Event,
    refused: Callable[[LogElsewhere], Awaitable[None]] | None = None,
) -> None:
    """Export every second until asked to stop, and a last time then; a database or disk that fails is waited for.

    :param refused: is told that the log is written elsewhere, each time it is tried here.
    """
    log = AuditLog(folder)
    while not stopping.is_set():
        try:
            async with open_outbox() as outbox:
                await _follow(outbox, log, stopping)
        except LogElsewhere as error:
            LOG.warning("%s", error)
            if refused is not None:
                await refused(error)
            await _pause(stopping)
        except (GlrError, OSError) as error:
            LOG.warning("journal d'audit en attente (%s) : rien n'est perdu, nouvel essai", type(error).__name__)
            await _pause(stopping)


async def _follow(outbox: Outbox, log: AuditLog, stopping: asyncio.Event) -> None:
    while True:
        is_last = stopping.is_set()
        while await export_once(outbox, log) == BATCH:
            continue
        if is_last:
            return
        await _pause(stopping)


async def _pause(stopping: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(stopping.wait(), PAUSE)
    except TimeoutError:
        return


def _by_day(events: Sequence[Mapping[str, Any]]) -> dict[date, list[bytes]]:
    lines: dict[date, list[bytes]] = {}
    for event in events:
        lines.setdefault(day_of(event), []).append(line_of(event))
    return lines
