"""The files of the audit log: one a day, append-only, 0600, safe on disk before the database forgets.

A line is written, then forced to disk, then its event is deleted from the database. Whatever dies in between, the event
is still in the outbox and comes again: a line that is already in its file is then not written a second time. Lines are
compared whole, not by id: after a restored backup ids are used again by other events, which must not be lost.

Whoever holds a file when the database has made another the exporter is frozen inside a write: the file is left to him, as a
file without a name, and its content goes on under its name. What he writes when he thaws is in no log, and his events, whose
transaction is over, are in the outbox or were written by us.

Which lines may come again? Only those written after the last batch known to be deleted. As long as a file has the size
it had then, nothing has to be read; otherwise (a start, a failed batch, another process) the day's file is read once.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from orchestrator.domain.errors import GlrError


class LogElsewhere(GlrError):
    """Le journal d'audit de cette base est écrit dans un autre dossier."""

    def __init__(self, *, host: str, path: str, ours: Path) -> None:
        super().__init__(
            f"Le journal d'audit de cette base s'écrit dans {path} sur {host}, pas dans {ours} sur {socket.gethostname()} : "
            "rien n'est exporté ici, rien n'est perdu. Donner le même dossier aux deux (docs/audit.md). S'il n'existe plus : "
            "mettre ici ses fichiers sauvegardés, puis, avec l'adresse du propriétaire, glr database journal."
        )


@dataclass(frozen=True, kw_only=True)
class LastEvent:
    """The newest event of the files: its number in the database that made it, and when it was."""

    id: int
    at: datetime


#: The file that names a folder for the database, wherever it is mounted or moved to.
IDENTITY = "journal.id"
#: Seconds that a file may stay in the hands of who no longer exports.
PATIENCE = 0.5
#: Bytes at the end of a day's file among which its newest event is; batches are in order of their numbers, nearly.
_TAIL = 1 << 16


def last_event(folder: Path) -> LastEvent | None:
    """Return the event with the largest number at the end of the newest two days, or None; lines of a hand are passed over."""
    found = [event for path in sorted(folder.glob("*.jsonl"))[-2:] for event in _tail(path)]
    return max(found, key=lambda event: event.id, default=None)


def _tail(path: Path) -> Iterator[LastEvent]:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _TAIL))
        lines = file.read().split(b"\n")
    for line in lines[1 if size > _TAIL else 0 : -1]:
        try:
            said = json.loads(line)
            yield LastEvent(id=int(said["id"]), at=datetime.fromisoformat(said["at"]))
        except (ValueError, KeyError, TypeError):
            continue


class AuditLog:
    """The folder of one installation's audit log."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._settled: dict[date, int] = {}

    def append(self, lines: Mapping[date, Sequence[bytes]]) -> dict[date, int]:
        """Put lines on disk, those that are not there yet; blocks until they are safe; returns each file's size.

        For who exports, as the database says: nobody else has a file in hand for longer than :data:`PATIENCE`.

        :raises OSError: the disk is full or refuses; nothing may then be deleted from the database.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return {day: self._append(day, batch) for day, batch in lines.items()}

    def identity(self) -> str:
        """Return what names this folder, made now when it has no name; for who exports alone."""
        path = self.folder / IDENTITY
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _write_whole(path, f"{uuid4()}\n".encode("ascii"))
        return path.read_text(encoding="ascii").strip()

    def settle(self, sizes: Mapping[date, int]) -> None:
        """Remember that everything up to these sizes is no longer in the database."""
        self._settled.update(sizes)

    def path(self, day: date) -> Path:
        """Return the file of a UTC day."""
        return self.folder / f"{day.isoformat()}.jsonl"

    def _append(self, day: date, lines: Sequence[bytes]) -> int:
        with _alone(self.path(day)) as file:
            size = file.seek(0, os.SEEK_END)
            if size != self._settled.get(day, 0):
                _drop_torn_line(file)
                lines = _missing(file, lines)
            file.write(b"".join(lines))
            file.flush()
            os.fsync(file.fileno())
            return file.seek(0, os.SEEK_END)


@contextmanager
def _alone(path: Path) -> Iterator[BinaryIO]:
    """Open a file for this process alone; a new file's name is forced to disk too."""
    is_new = not path.exists()
    file = _opened(path)
    try:
        if not _locked(file):
            file.close()
            _write_whole(path, path.read_bytes())
            file = _opened(path)
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # nobody else knows it
        if is_new:
            _sync_folder(path.parent)
        yield file
    finally:
        file.close()


def _opened(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600), "ab+")


def _locked(file: BinaryIO) -> bool:
    """Lock a file; False when whoever has it does not let it go."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                return False
            time.sleep(PATIENCE / 10)
        else:
            return True


def _write_whole(path: Path, content: bytes) -> None:
    """Put a file under its name once it is whole and on disk; one that was there is left to who has it open."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _drop_torn_line(file: BinaryIO) -> None:
    """Cut a last line without its newline: its writer died in the middle, so its event is still in the database."""
    file.seek(0)
    end = 0
    for line in file:
        end += len(line) if line.endswith(b"\n") else 0
    file.truncate(end)


def _missing(file: BinaryIO, lines: Sequence[bytes]) -> list[bytes]:
    """Return the lines that the file does not hold, in their order."""
    wanted = dict.fromkeys(lines)
    file.seek(0)
    for line in file:
        wanted.pop(line, None)
    return list(wanted)
