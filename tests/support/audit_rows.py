"""Rows for the tests of the audit log: a run, and cases put into a state as the database's owner."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg

CAISSE = "cpam-931"
#: What the database wants beside a state, and what it wants to be empty otherwise.
BESIDE: Mapping[str, Mapping[str, object]] = {
    "leased": {"leased_by": UUID(int=1), "lease_until": "2026-03-27T08:00:00Z"},
    "waiting": {"wait_until": "2026-03-27T08:00:00Z"},
    "ended": {"ended_as": "entered"},
}
_BESIDE_NOTHING: Mapping[str, object] = {"leased_by": None, "lease_until": None, "wait_until": None, "ended_as": None}

_INSERT = """
insert into cases (id, caisse, run, scenario, line, reference, key_digest, data_key, payload,
                   state, leased_by, lease_until, wait_until, ended_as)
values (%(id)s, 'cpam-931', %(run)s, 'ij-acompte', %(line)s, %(reference)s, %(key)s, 'k', 'p',
        %(state)s, %(leased_by)s, %(lease_until)s, %(wait_until)s, %(ended_as)s)
"""
_UPDATE = """
update cases set state = %(state)s, leased_by = %(leased_by)s, lease_until = %(lease_until)s,
                 wait_until = %(wait_until)s, ended_as = %(ended_as)s
where id = %(id)s
"""


def connect(url: str, actor: str | None = "test") -> psycopg.Connection:
    """Open a connection that says who acts, unless ``actor`` is None; every statement commits by itself."""
    who = "" if actor is None else f" -c glr.actor={actor}"
    return psycopg.connect(url, options=f"-c search_path=glr -c timezone=UTC{who}", autocommit=True)


def add_run(connection: psycopg.Connection) -> UUID:
    """Insert a run with what it refers to."""
    run, delivery, version = uuid4(), uuid4(), uuid4().hex
    connection.execute("insert into scenario_version values (%s, 'cpam-931', 'ij-acompte', 'IJ', '{}')", [version])
    connection.execute(
        "insert into delivery (id, caisse, scenario, file_name, sha256, rows) "
        "values (%s, 'cpam-931', 'ij-acompte', 'a.csv', %s, 2)",
        [delivery, version],
    )
    connection.execute(
        "insert into run (id, caisse, scenario, title, version, delivery, robot, mode, run_date) "
        "values (%s, 'cpam-931', 'ij-acompte', 'IJ', %s, %s, 'acompte-ij', 'live', '2026-03-27')",
        [run, version, delivery],
    )
    return run


def add_case(connection: psycopg.Connection, run: UUID, state: str = "ready", line: int = 2) -> UUID:
    """Insert a case in any state."""
    case = uuid4()
    values = {"id": case, "run": run, "line": line, "reference": f"DOS-{case.hex[:8]}", "key": case.bytes}
    connection.execute(_INSERT, {**values, **columns_of(state)})
    return case


def move(connection: psycopg.Connection, case: UUID, state: str) -> None:
    """Put a case into another state; raises what the database answers."""
    connection.execute(_UPDATE, {"id": case, **columns_of(state)})


def columns_of(state: str) -> dict[str, object]:
    """Return a state with the columns that must go with it."""
    return {**_BESIDE_NOTHING, **BESIDE.get(state, {}), "state": state}


def exported(folder: Path) -> list[dict[str, Any]]:
    """Read every exported event, in the order of the files."""
    lines = [line for path in sorted(folder.glob("*.jsonl")) for line in path.read_bytes().splitlines()]
    return [json.loads(line) for line in lines]
