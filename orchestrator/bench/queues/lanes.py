"""Every lane of ``glr bench engine``: what it is filled with, and the program that works it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from orchestrator.bench.empty_cases import EmptyCases
from orchestrator.bench.queues import one_job_each
from orchestrator.bench.queues.lane import Lane, Ran
from orchestrator.bench.queues.rivals import QueueRivals
from orchestrator.store import embedded
from orchestrator.store.queries import query

_PROGRAMS = "orchestrator.bench.queues."


@dataclass
class Lanes:
    """Runs one lane after the other, each filled anew, on the PostgreSQL of one workspace."""

    ours: EmptyCases
    rivals: QueueRivals
    #: Jobs in each run.
    cases: int
    #: The process and the port of Redis.
    redis: tuple[int, int] | None
    _numbers: count[int] = field(default_factory=count)

    @property
    def names(self) -> tuple[str, ...]:
        """The lanes that can run here."""
        absent = self.rivals.absent
        return tuple(name for name in self._runs if name not in absent)

    def run(self, name: str, lanes: int) -> Ran:
        """Fill a lane and let it work; raises ``LaneFailed``."""
        return self._runs[name](lanes)

    @property
    def _runs(self) -> Mapping[str, Callable[[int], Ran]]:
        return {
            "engine": self._engine,
            "bare_skip_locked": self._bare,
            "procrastinate": self._procrastinate,
            "celery": self._celery,
            "dbos": self._dbos,
        }

    def _engine(self, lanes: int) -> Ran:
        asyncio.run(self.ours.load(self.cases))
        return self.engine(lanes)

    def engine(self, lanes: int) -> Ran:
        """Let our own sessions work what is there."""
        job = {"workspace": str(self.ours.world.settings.workspace), "lanes": lanes, "jobs": self.cases}
        return Lane(name="engine", command=_own("engine"), job=job, servers=[self._postmaster]).run()

    def _bare(self, lanes: int) -> Ran:
        url = self._database()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(query("bench.bare_table"))
            connection.execute(query("bench.bare_index"))
            connection.execute(query("bench.bare_load"), {"jobs": self.cases})
        job = {"url": url, "lanes": lanes}
        return Lane(name="bare_skip_locked", command=_own("bare"), job=job, servers=[self._postmaster]).run()

    def _procrastinate(self, lanes: int) -> Ran:
        url = self._database()
        asyncio.run(one_job_each.load(url, self.cases))
        job = {"url": url, "lanes": lanes, "jobs": self.cases}
        return Lane(name="procrastinate", command=_own("one_job_each"), job=job, servers=[self._postmaster]).run()

    def _celery(self, lanes: int) -> Ran:
        pid, port = self.redis or (0, 0)
        url, command = f"redis://127.0.0.1:{port}/0", self._foreign("by_celery")

        def fill() -> None:
            known = {**os.environ, **self.rivals.environment}
            subprocess.run([*command, "load", url, str(self.cases)], env=known, check=True)

        job = {"url": url, "lanes": lanes, "jobs": self.cases}
        return Lane(
            name="celery", command=command, job=job, servers=[pid], fill=fill, environment=self.rivals.environment
        ).run()

    def _dbos(self, lanes: int) -> Ran:
        found = conninfo_to_dict(self._database())
        place = f"{found['user']}@{found['host']}:{found['port']}/{found['dbname']}?passfile={found['passfile']}"
        job = {"url": f"postgresql+psycopg://{place}", "lanes": lanes, "jobs": self.cases}
        return Lane(
            name="dbos", command=self._foreign("by_dbos"), job=job, servers=[self._postmaster],
            environment=self.rivals.environment,
        ).run()  # fmt: skip

    @property
    def _postmaster(self) -> int:
        return embedded.start(self.ours.world.settings.workspace).pid

    def _database(self) -> str:
        """Make a database of its own on the same server; return the owner's connection string."""
        owner, name = self.ours.world.urls["owner"], f"banc_{next(self._numbers)}"
        with psycopg.connect(owner, autocommit=True) as connection:
            connection.execute(f"create database {name}".encode())
        return make_conninfo(owner, dbname=name)

    def _foreign(self, program: str) -> list[str]:
        return [str(self.rivals.python), "-m", _PROGRAMS + program]


def _own(program: str) -> list[str]:
    return [sys.executable, "-m", _PROGRAMS + program]
