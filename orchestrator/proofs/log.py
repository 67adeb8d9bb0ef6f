"""Lines of the audit log with the proof that each is in it: a day's root and the path from the line to that root."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from orchestrator.audit.exporter import ACTOR, export_once
from orchestrator.audit.files import AuditLog
from orchestrator.audit.merkle import Tree, leaf
from orchestrator.domain.errors import GlrError
from orchestrator.store.database import Database

#: Looks at the outbox before giving up, and seconds between two of them.
_LOOKS, _PAUSE = 60, 0.5


class LogLate(GlrError):
    """Le journal n'a pas pu être écrit à temps : vérifier que le disque n'est pas plein, puis recommencer."""


class LogAltered(GlrError):
    """Le journal a été changé à la main : garder ce fichier, prévenir le contrôle interne, reprendre celui de la sauvegarde."""


@dataclass(frozen=True, kw_only=True)
class Proven:
    """One line, and where it is in the log."""

    day: str
    #: Its place in the day, 0 being the first.
    index: int
    line: bytes
    path: Sequence[bytes]


@dataclass(frozen=True, kw_only=True)
class LogProof:
    """What was found in the days of the log."""

    #: Lines and root of each day, as they are signed.
    days: Mapping[str, Mapping[str, object]]
    #: The lines about each object.
    about: Mapping[str, list[Proven]] = field(default_factory=dict)


async def write_out(database: Database, folder: Path) -> None:
    """Have every event of until now moved to the files, by us or by who is at it; raises :class:`LogLate`."""
    log, upto = AuditLog(folder), await _last(database)
    for _ in range(_LOOKS):
        if upto is None or not await _left(database, upto):
            return
        if not await export_once(database, log):
            await asyncio.sleep(_PAUSE)
    raise LogLate


def prove(folder: Path, since: date, objects: Collection[str]) -> LogProof:
    """Read the days of the log from one on, and prove each line about these objects; blocks; raises :class:`LogAltered`."""
    days: dict[str, Mapping[str, object]] = {}
    about: dict[str, list[Proven]] = {each: [] for each in objects}
    for path in sorted(folder.glob("*.jsonl")):
        if path.stem < since.isoformat():
            continue
        lines = _lines(path)
        tree = Tree(leaf(line) for line in lines)
        days[path.stem] = {"lines": tree.size, "root": tree.root.hex()}
        for index, line in enumerate(lines):
            for each in _objects(path, index, line) & about.keys():
                about[each].append(Proven(day=path.stem, index=index, line=line, path=tree.path(index)))
    return LogProof(days=days, about=about)


def files_of(lines: Sequence[Proven], folder: str) -> dict[str, bytes]:
    """Return lines as they are in the log, and the path of each, as files of a folder."""
    proofs = [{"day": one.day, "index": one.index, "path": [step.hex() for step in one.path]} for one in lines]
    return {
        f"{folder}/journal.jsonl": b"".join(one.line + b"\n" for one in lines),
        f"{folder}/inclusion.json": json.dumps(proofs, sort_keys=True, separators=(",", ":")).encode(),
    }


def _lines(path: Path) -> list[bytes]:
    """Return the lines of a day; the last one while it is being written is not yet one."""
    return path.read_bytes().split(b"\n")[:-1]


def _objects(path: Path, index: int, line: bytes) -> set[str]:
    """Return what a line is about: its object, its case."""
    try:
        event = json.loads(line)
        return {event["object"], str(event["details"].get("case", ""))}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise LogAltered(
            f"{path}, ligne {index + 1} : ce n'est pas un événement du journal. {LogAltered.__doc__}"
        ) from None


async def _last(database: Database) -> int | None:
    async with database.transaction(ACTOR) as tx:
        row = await tx.first("audit.last")
    return row["id"] if row else None


async def _left(database: Database, upto: int) -> int:
    async with database.transaction(ACTOR) as tx:
        row = await tx.first("audit.left", id=upto)
    return int(row["events"]) if row else 0
