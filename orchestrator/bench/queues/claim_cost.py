"""What a claim reads, in pages of the database, as ready, ended and waiting cases pile up: it must not grow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg

from orchestrator.bench.empty_cases import SCENARIO
from orchestrator.store.database import CLAIMING, SEARCH_PATH
from orchestrator.store.queries import query

#: How often a claim is asked; the fewest pages count, since the first reads also what others have left.
_TIMES = 5
#: Lines of the delivery between the first cases of two piles.
_APART = 100_000_000


@dataclass(frozen=True, kw_only=True)
class ClaimCost:
    """Asks PostgreSQL how many pages a claim reads, and takes every claim back."""

    #: The owner's connection string: it may fill tables without their triggers.
    url: str
    caisse: str
    run: UUID

    def measure(self, piles: Mapping[str, int], say: Callable[[str], None]) -> dict[str, int]:
        """Return the pages that a claim reads: as it is, then with each pile beside those before, by the state of its cases."""
        with psycopg.connect(self.url, options=f"{SEARCH_PATH} {CLAIMING}", autocommit=True) as connection:
            version, session = self._version(connection), self._session(connection)
            found = {"empty": self._pages(connection, version, session)}
            for place, (state, cases) in enumerate(piles.items(), start=1):
                say(f"{cases} dossiers « {state} »…")
                self._fill(connection, state, cases, place * _APART)
                found[state] = self._pages(connection, version, session)
        return found

    def _version(self, connection: psycopg.Connection) -> str:
        row = connection.execute(query("runs.one"), {"id": self.run}).fetchone()
        if row is None:
            raise LookupError(self.run)
        return str(row[4])

    def _session(self, connection: psycopg.Connection) -> UUID:
        """Register a session that can begin attempts."""
        runner, session = uuid4(), uuid4()
        who = {"caisse": self.caisse, "runner": runner, "robot": "banc", "scenario": SCENARIO}
        connection.execute(query("sessions.register_runner"), {"id": runner, "host": "banc", "pid": 0})
        connection.execute(query("sessions.begin"), {"id": session, **who})
        return session

    def _fill(self, connection: psycopg.Connection, state: str, cases: int, first: int) -> None:
        with connection.transaction():
            connection.execute(query("bench.unwatched"))
            connection.execute(query("bench.fill"), {"run": self.run, "state": state, "cases": cases, "first": first})
            connection.execute(query("bench.watched"))
        connection.execute(query("bench.after_maintenance"))

    def _pages(self, connection: psycopg.Connection, version: str, session: UUID) -> int:
        asked = {"session": session, "lease": timedelta(seconds=30), "versions": [version]}
        where = {"actor": "bench", "in_turn": False, "most": 1, "caisse": self.caisse, "scenario": SCENARIO}
        return min(self._once(connection, {**asked, **where}) for _ in range(_TIMES))

    def _once(self, connection: psycopg.Connection, values: Mapping[str, Any]) -> int:
        explained = "explain (analyze, buffers, format json) " + query("cases.claim")
        with connection.transaction(force_rollback=True):
            row = connection.execute(explained.encode(), values).fetchone()
        plan = row[0][0]["Plan"] if row else {}
        return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
