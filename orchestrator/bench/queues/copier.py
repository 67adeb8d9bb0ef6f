"""The lane of ``glr bench load`` that copies the same rows into a table with a key, and keeps nothing else of them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import psycopg

from orchestrator.bench.queues.handshake import done, ready
from orchestrator.store.queries import query

_CHUNK = 1 << 16


def copy(url: str, file: Path) -> None:
    """Copy one file in one transaction."""
    with psycopg.connect(url) as connection, file.open("rb") as rows:
        connection.execute(query("bench.copied_table"))
        connection.commit()
        ready()
        cursor = connection.cursor()
        with cursor.copy(query("bench.copy")) as copying:
            while chunk := rows.read(_CHUNK):
                copying.write(chunk)
        connection.commit()
        done(cursor.rowcount)


if __name__ == "__main__":
    job = json.loads(sys.argv[1])
    copy(job["url"], Path(job["file"]))
