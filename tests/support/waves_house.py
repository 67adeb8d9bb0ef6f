"""One house that controls migration waves: the shipped robot, real programs, practice extracts with what was planted."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import psutil
import psycopg
from demo_house import free_port
from psycopg.rows import dict_row

from orchestrator.bootstrap.demo_people import ensure_people
from orchestrator.bootstrap.versions import publish_by_two
from orchestrator.bootstrap.world import build_world
from orchestrator.settings import Settings
from orchestrator.store import embedded
from sandbox import waves

PROJECT = Path(__file__).resolve().parents[2]
SCENARIO = "controle-vagues"


def planted(path: Path) -> list[tuple[int | None, int | None, tuple[str, ...], int | None]]:
    """Return the differences of an expected report: lines before and after, codes, days."""
    told = json.loads(path.read_text("ascii"))["found"]
    found = [(one["before"], one["after"], tuple(one["codes"]), one["gap"]) for one in told]
    return sorted(found, key=lambda one: (one[0] or 1 << 40, one[1] or 0))


@dataclass
class WavesHouse:
    """A workspace of the project's own scenario, and the commands run in it."""

    workspace: Path
    port: int = field(default_factory=free_port)
    people: Mapping[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        return Settings(workspace=self.workspace, home=PROJECT, caisse="cpam-931", console_port=self.port)

    @property
    def extracts(self) -> Path:
        return self.workspace / "inbox" / "vagues"

    def make(self) -> None:
        """Make the house, and publish the scenario in the name of two people."""
        world = asyncio.run(build_world(self.settings))
        self.people = asyncio.run(ensure_people(world))
        accounts = self.workspace / "secrets" / f"{SCENARIO}.json"
        accounts.write_text("{}", "ascii")
        accounts.chmod(0o600)
        asyncio.run(publish_by_two(world, SCENARIO, "responsable", "superviseur", "Essai."))

    def deliver(self, number: int, people: int, *, whole: bool = False) -> tuple[str, Path]:
        """Write the extracts of a wave and start its run; return the run, and the expected report."""
        expected = waves.write(self.extracts, number, people=people, whole=whole)
        done = self.glr("run", SCENARIO, "--run-date", self.day(number).isoformat())
        assert done.returncode == 0, done.stderr
        return done.stdout.split()[1], expected

    def day(self, number: int) -> date:
        return waves.WAVES[number - 1][0]

    def glr(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self._command(*arguments), env=self._environment(), check=False, capture_output=True, text=True
        )

    @contextmanager
    def running(self, *arguments: str) -> Iterator[psutil.Process]:
        """Run a command beside us; it and its children are ended afterwards."""
        with (self.workspace / f"{arguments[0]}.log").open("ab") as log:
            child = psutil.Popen(self._command(*arguments), env=self._environment(), stdout=log, stderr=log)
        try:
            yield child
        finally:
            child.terminate()
            child.wait(60)

    def query(self, text: str, **values: object) -> list[dict[str, Any]]:
        """Run SQL as the owner."""
        dsn = embedded.start(self.workspace).superuser_dsn
        with psycopg.connect(dsn, row_factory=dict_row, autocommit=True) as connection:
            return connection.execute(text.encode(), values).fetchall()

    def closed(self, run: str) -> bool:
        return bool(self.query("select from glr.closing where run = %(run)s and closed_at is not null", run=run))

    def states(self, run: str) -> dict[int, tuple[str, tuple[str, ...]]]:
        """Return where each case of a run stands, and its failed controls, by line."""
        rows = self.query(
            "select c.line, coalesce(c.ended_as, c.state::text) as state, i.failed from glr.cases c "
            "left join glr.exception_item i on i.case_id = c.id and i.closed_at is null where c.run = %(run)s",
            run=run,
        )
        return {row["line"]: (row["state"], tuple(one["code"] for one in row["failed"] or ())) for row in rows}

    def items(self, run: str) -> list[str]:
        """Return the open exceptions of a run, by line."""
        rows = self.query(
            "select i.id from glr.exception_item i join glr.cases c on c.id = i.case_id "
            "where c.run = %(run)s and i.closed_at is null order by c.line",
            run=run,
        )
        return [str(row["id"]) for row in rows]

    def reports(self) -> list[Path]:
        """Return the stop/go files, in the order in which they were made."""
        found = (self.workspace / "logs" / "bordereaux").glob("*-stop-go-*.pdf")
        return sorted(found, key=lambda path: int(path.stem.rpartition("-")[2]))

    def discard(self) -> None:
        embedded.discard(self.workspace)

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "orchestrator.cli", *arguments]

    def _environment(self) -> dict[str, str]:
        known = {name: value for name, value in os.environ.items() if not name.startswith("GLR_") or "BROWSER" in name}
        return {**known, **self.settings.environment, "COLUMNS": "200"}
