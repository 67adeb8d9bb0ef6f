"""A database as one file of SQL, and back: PostgreSQL's own programs, with the address and its secrets in their environment.

Nothing of a row is ever repeated: of an error only the SQLSTATE goes further.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from orchestrator.domain.errors import GlrError
from orchestrator.store.embedded_binaries import find_programs
from orchestrator.store.queries import query

#: What of a database is ours: the house and its tickets.
_SCHEMAS = ("--schema=glr", "--schema=queue")
#: What libpq calls each part of an address.
_VARIABLES = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "passfile": "PGPASSFILE",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "connect_timeout": "PGCONNECT_TIMEOUT",
}


class DumpFailed(GlrError):
    """La base n'a pas pu être copiée."""


def dump(owner: str, path: Path) -> None:
    """Write everything of ours as SQL, of one instant, rights included; blocks; raises :class:`DumpFailed`."""
    done = _program("pg_dump", owner, [*_SCHEMAS, "--no-owner", f"--file={path}"])
    if done.returncode:
        raise DumpFailed(f"pg_dump a échoué (code {done.returncode}) : {_first_line(done.stderr)}")


def load(owner: str, scripts: Sequence[Path]) -> None:
    """Run SQL files in one transaction: all or nothing; blocks; raises :class:`DumpFailed`."""
    words = ["--no-psqlrc", "--quiet", "--single-transaction", "--output=/dev/null"]
    words += ["--set=ON_ERROR_STOP=1", "--set=VERBOSITY=sqlstate", *(f"--file={path}" for path in scripts)]
    done = _program("psql", owner, words)
    if done.returncode:
        raise DumpFailed(
            f"La base n'a pas été restaurée, rien n'y a été écrit (psql, code {done.returncode}) : {_first_line(done.stderr)}"
        )


def rendered(owner: str, *statements: tuple[str, Mapping[str, object]]) -> str:
    """Return queries by name with their values written in them, as SQL for :func:`load`."""
    with psycopg.connect(owner) as connection:
        cursor = psycopg.ClientCursor(connection)
        texts = [cursor.mogrify(query(name), values) for name, values in statements]
    return ";\n".join(["set local search_path = glr", *texts]) + ";\n"


def _program(name: str, owner: str, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    address = {_VARIABLES[key]: str(value) for key, value in conninfo_to_dict(owner).items() if key in _VARIABLES}
    try:
        return subprocess.run(
            [find_programs().folder / name, *words],
            env={**os.environ, **address, "LC_MESSAGES": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise DumpFailed(
            f"{name} manque à côté de postgres : installer les programmes clients de PostgreSQL."
        ) from None


def _first_line(text: str) -> str:
    return next(iter(text.strip().splitlines()), "sans message")
