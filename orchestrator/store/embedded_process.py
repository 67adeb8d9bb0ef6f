"""The processes of one embedded server: which live, which is the postmaster, starting it and ending orphans.

A process is ours when it runs under the server's account and its command line names our data directory (the
postmaster) or our cluster (its children's titles). The pid in ``postmaster.pid`` alone proves nothing: after a
reboot it may be anybody's. ``/proc/<pid>/cmdline`` is readable by all, even by root without CAP_SYS_PTRACE.
"""

from __future__ import annotations

import itertools
import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from orchestrator.store.embedded_binaries import Programs
from orchestrator.store.embedded_errors import ServerDidNotStart
from orchestrator.store.embedded_place import Place

_POLL_SECONDS = 0.02
_ORPHAN_PATIENCE_SECONDS = 5.0
#: The signal that only looks.
_WAIT = 0
#: Starts ``$0``'s command in the background, tells its pid and ends: the server's parent is then init, never us.
_DETACH = 'log="$0"; "$@" </dev/null >>"$log" 2>&1 & echo $!'


@dataclass(frozen=True, kw_only=True)
class Postmaster:
    """A living server."""

    #: Its main process.
    pid: int
    #: Where it listens on 127.0.0.1, 0 while unknown.
    port: int
    #: The folder of the programs it was started from.
    programs: Path
    #: ``starting``, ``ready``, ``stopping`` … as PostgreSQL writes it.
    status: str


def postmaster(place: Place) -> Postmaster | None:
    """Return the living postmaster of this data directory, or None."""
    try:
        lines = (place.data / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
        pid = int(lines[0])
    except (FileNotFoundError, ValueError, IndexError):
        return None
    command = _command(pid, place)
    if not _names_data(command, place):
        return None
    port = int(lines[3]) if len(lines) > 3 and lines[3].strip().isdigit() else 0
    status = lines[7].strip() if len(lines) > 7 else "starting"
    return Postmaster(pid=pid, port=port, programs=Path(command[0]).parent, status=status)


def launch(place: Place, programs: Programs, port: int, held: int, end: float) -> bool:
    """Start the server on ``port``, holding the lock ``held``; True once it is ready, False when the port is taken.

    Call only while no process of the cluster lives (``held`` proves it): a ``postmaster.pid`` left behind is then
    stale whatever its pid is now, and is removed, because PostgreSQL would refuse to start beside it.
    """
    (place.data / "postmaster.pid").unlink(missing_ok=True)
    place.write(place.start_log, "")
    command: list[str | Path] = [programs.postgres, "-D", place.data, "-p", str(port), *_settings_by_name(place)]
    detach: list[str | Path] = ["/bin/sh", "-c", _DETACH, place.start_log, *command]
    _, said = place.account.run(detach, pass_fds=[held], session=True)
    if not said.strip().isdigit():
        raise ServerDidNotStart(f"PostgreSQL n'a pas pu être lancé ({place.data}) :", said)
    return _wait_ready(place, int(said), end)


def end_orphans(place: Place, end: float) -> None:
    """Wait for backends that outlived their postmaster; those that do not see it are told, then killed.

    Nothing acknowledged can be lost: a commit is acknowledged after its log is on disk, and recovery replays it.
    """
    for number in (_WAIT, signal.SIGQUIT, signal.SIGKILL):
        for pid in processes(place):
            _send(pid, number)
        if _all_gone(place, min(time.monotonic() + _ORPHAN_PATIENCE_SECONDS, end)):
            return


def quit_server(place: Place, running: Postmaster, end: float) -> None:
    """Stop the server cleanly (sessions are ended, a checkpoint is written), or at once when ``end`` is passed."""
    for number, until in ((signal.SIGINT, end), (signal.SIGQUIT, end + _ORPHAN_PATIENCE_SECONDS)):
        _send(running.pid, number)
        if _all_gone(place, until):
            return


def _all_gone(place: Place, end: float) -> bool:
    while any(processes(place)):
        if time.monotonic() > end:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def processes(place: Place) -> Iterator[int]:
    """Yield the pids of every living process of this cluster, the postmaster included."""
    title = f"postgres: {place.cluster_name}: "
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            command = _command(int(entry.name), place)
            if command and (command[0].startswith(title) or _names_data(command, place)):
                yield int(entry.name)


def _settings_by_name(place: Place) -> Iterator[str]:
    yield f"--config_file={place.configuration}"
    yield f"--hba_file={place.host_rules}"
    yield f"--log_directory={place.logs}"
    yield f"--cluster_name={place.cluster_name}"


def _wait_ready(place: Place, pid: int, end: float) -> bool:
    while time.monotonic() < end:
        running = postmaster(place)
        if running and running.pid == pid and running.status == "ready":
            return True
        if not _lives(pid):
            said = last_words(place)
            if re.search(r"could not (bind|create any TCP/IP)", said):
                return False
            raise ServerDidNotStart(f"PostgreSQL s'est arrêté en démarrant ({place.data}) :", said)
        time.sleep(_POLL_SECONDS)
    raise ServerDidNotStart(f"PostgreSQL ne répond pas encore ({place.data}) ; il continue de démarrer.", "")


def last_words(place: Place, lines: int = 6) -> str:
    """Return the end of what the server wrote at its last start, for a message."""
    files = [place.start_log, *place.logs.glob("*.log")]
    newest = max((f for f in files if f.exists() and f.stat().st_size), key=_modified, default=None)
    said = place.start_log.read_text(encoding="utf-8", errors="replace")
    if newest and newest != place.start_log:
        said += newest.read_text(encoding="utf-8", errors="replace")
    return "\n".join(said.splitlines()[-lines:])


def _modified(path: Path) -> float:
    return path.stat().st_mtime


def _names_data(command: list[str], place: Place) -> bool:
    if len(command) < 3 or not Path(command[0]).name.startswith("postgres"):
        return False
    return any(pair == ("-D", str(place.data)) for pair in itertools.pairwise(command))


def _command(pid: int, place: Place) -> list[str]:
    """Return the command line of a living process of the server's account; [] for the dead, zombies and others."""
    try:
        folder = Path(f"/proc/{pid}")
        if folder.stat().st_uid != place.account.uid:
            return []
        line = (folder / "cmdline").read_bytes().decode(errors="replace").rstrip("\0 ")
    except OSError:
        return []
    return line.split("\0") if line else []


def _lives(pid: int) -> bool:
    """Whether a process that we have just started still lives, a zombie being dead."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in {"Z", "X"}


def _send(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
