"""The distribution's PostgreSQL on a host of its own, with real TLS; observed through a socket, whatever is cut."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from authority import Authority
from namespaces import Host
from psycopg.rows import dict_row

#: Of a database that lives for one proof.
PASSWORD = "essai"
#: Where Debian puts its programs.
PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))


@dataclass(frozen=True, kw_only=True)
class OwnPostgres:
    """One server."""

    host: Host
    folder: Path
    authority: Authority

    @property
    def url(self) -> str:
        """The owner's address for other hosts."""
        return f"postgresql://postgres:{PASSWORD}@{self.host.address}/postgres?sslmode=verify-full&sslrootcert={self.authority.path}"

    def ask(self, text: str, **values: object) -> list[dict[str, Any]]:
        """Run SQL as an observer."""
        address = f"host={self.folder} user=postgres dbname=postgres"
        with psycopg.connect(address, row_factory=dict_row, autocommit=True) as connection:
            cursor = connection.execute(text.encode(), values)
            return cursor.fetchall()


@contextmanager
def own_postgres(host: Host, folder: Path, authority: Authority) -> Iterator[OwnPostgres]:
    """Serve a new cluster on a host.

    :param folder: where others than root may enter.
    """
    folder.mkdir(mode=0o700)
    shutil.chown(folder, "postgres")
    _make(folder / "data")
    authority.server(host.address)
    for kind in ("pem", "key"):
        copy = folder / f"server.{kind}"
        shutil.copy(authority.folder / f"{host.address}1.{kind}", copy)
        copy.chmod(0o600)
        shutil.chown(copy, "postgres")
    (folder / "data" / "pg_hba.conf").write_text("local all all trust\nhostssl all all 10.93.1.0/24 scram-sha-256\n")
    settings = {
        "listen_addresses": host.address,
        "unix_socket_directories": str(folder),
        "ssl": "on",
        "ssl_cert_file": str(folder / "server.pem"),
        "ssl_key_file": str(folder / "server.key"),
    }
    given = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    words = [*_as_postgres(), str(PROGRAMS[-1] / "postgres"), "-D", str(folder / "data"), *given]
    server = host.start(words, folder.parent / "postgres.log", {**os.environ, "LC_ALL": "C.UTF-8"})
    made = OwnPostgres(host=host, folder=folder, authority=authority)
    try:
        _wait(made)
        _password(made)
        yield made
    finally:
        server.terminate()
        server.wait(30)


def _make(data: Path) -> None:
    subprocess.run(
        [*_as_postgres(), str(PROGRAMS[-1] / "initdb"), "-D", str(data), "-U", "postgres", "--auth=trust",
         "--encoding=UTF8", "--locale=C.UTF-8"],
        check=True, capture_output=True, cwd="/",
    )  # fmt: skip


def _as_postgres() -> list[str]:
    return ["runuser", "-u", "postgres", "--"]


def _password(made: OwnPostgres) -> None:
    with psycopg.connect(f"host={made.folder} user=postgres dbname=postgres", autocommit=True) as connection:
        connection.execute(f"alter role postgres password '{PASSWORD}'".encode())


def _wait(made: OwnPostgres) -> None:
    for _ in range(200):
        with suppress(psycopg.OperationalError):
            made.ask("select 1")
            return
        time.sleep(0.05)
    raise AssertionError("PostgreSQL did not start:\n" + (made.folder.parent / "postgres.log").read_text())
