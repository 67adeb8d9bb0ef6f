"""One morning that nobody attends: every robot starts by its own schedule, reads its lists and its inbox, works and closes.

The shipped scenarios, with their hours moved to the minutes that come; ``glr serve`` plans, ``glr runner`` works, on practice
applications whose day is today. Judged by the oracles and by the applications' own ledgers.
Not part of ``./glr test``: ``.venv/bin/pytest -s tests/proofs/morning.py``, some nine minutes.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from demo_house import free_port
from psycopg.rows import dict_row
from rich.console import Console

from orchestrator.bootstrap import practice as practices
from orchestrator.bootstrap.practice import Part, Practice
from orchestrator.bootstrap.processes import start_child, stop_children
from orchestrator.cli.demo_house import House
from orchestrator.cli.summary import compare
from orchestrator.domain.civil import PARIS, paris_date
from orchestrator.engine.results import RowResult, results_of
from orchestrator.settings import Settings
from orchestrator.store import embedded
from orchestrator.store.database import Database
from sandbox import delivery, oracle, stores, unlisted, watched

PROJECT = Path(__file__).resolve().parents[2]
#: Minutes after the start; the surveillance hands on what it has found to the advances.
HOURS = {
    "arpege-surveillance": 0, "droits-prolongation": 0, "ij-acompte": 2, "mutation-entrante": 2, "retours-banque": 2,
    "depot-pieces": 2, "acompte-suivi": 3, "acompte-courrier": 4,
}  # fmt: skip
#: Seconds for the last robot to be done, once it has started.
PATIENCE = 480.0


def moved(home: Path, start: datetime) -> None:
    """Copy the scenarios and robots of the project; each scenario starts by itself in some minutes, on any day."""
    for name in ("scenarios", "robots"):
        shutil.copytree(PROJECT / name, home / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name, minutes in HOURS.items():
        path, at = home / "scenarios" / f"{name}.yaml", start + timedelta(minutes=minutes)
        lines = path.read_text("utf-8").splitlines()
        planned = [number for number, line in enumerate(lines) if line.startswith("  - {at: ")]
        assert planned, f"{name} has no schedule"
        lines[planned[0]] = f'  - {{at: "{at:%H:%M}", days: all, missing: run after, repeated: first}}'
        kept = [line for number, line in enumerate(lines) if number not in planned[1:]]
        path.write_text("".join(f"{line}\n" for line in kept), "utf-8")


@dataclass(frozen=True, kw_only=True)
class Morning:
    """A house at work."""

    house: House
    parts: Mapping[str, Part]
    #: What the surveillance should say of each stop, before anybody was paid.
    seen: Sequence[watched.Seen]

    def asked(self, sql: str) -> list[dict[str, Any]]:
        """Ask the house's database."""
        with psycopg.connect(self.house.world.urls["owner"], row_factory=dict_row) as connection:
            return list(connection.execute(sql))

    def runs(self) -> dict[str, list[UUID]]:
        """The runs of each scenario, in their order."""
        found: dict[str, list[UUID]] = {}
        for row in self.asked("select id, scenario from glr.run order by started_at"):
            found.setdefault(row["scenario"], []).append(row["id"])
        return found

    def over(self) -> bool:
        """Say whether every scenario has started, and no case is in a robot's hands but those that wait for days."""
        busy = "select 1 from glr.cases where state in ('ready', 'leased') limit 1"
        unclosed = (
            "select 1 from glr.run left join glr.closing on closing.run = run.id where closed_at is null"
            " and not exists (select from glr.cases where cases.run = run.id and state = 'waiting') limit 1"
        )
        return set(self.runs()) == set(HOURS) and not self.asked(busy) and not self.asked(unclosed)

    def rows(self, run: UUID) -> list[RowResult]:
        """What became of the rows of a run."""

        async def found() -> list[RowResult]:
            async with Database(self.house.world.urls["glr_orchestrator"], size=1) as database:
                return list(await results_of(database, run))

        return asyncio.run(found())


@pytest.fixture
def morning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Morning]:
    """Open the house before its first hour; what was delivered overnight lies in its inbox."""
    today = paris_date(datetime.now(PARIS))
    monkeypatch.setattr(practices, "TODAY", today.isoformat())
    home, workspace = tmp_path / "home", tmp_path / "workspace"
    start = datetime.now(PARIS).replace(second=0, microsecond=0) + timedelta(minutes=3)
    moved(home, start)
    settings = Settings(workspace=workspace, home=home, caisse="cpam-931", console_port=free_port())
    practice = Practice(folder=workspace / "practice", cases=20, seed=931, evening=True)
    practice.make()
    parts = {part.name: part for part in practice.parts() if part.name in HOURS}
    logins = {name: part.login for name, part in parts.items()}
    house = House(settings=settings, practice=practice, logins=logins, screen=Console(file=sys.stderr))
    planner = None
    try:
        house.start()
        seen = watched.judge(practice.folder, today)
        for part in parts.values():
            if part.delivery is not None:
                house.drop(part.delivery)
        serve = [sys.executable, "-m", "orchestrator.cli", "serve", "--port", str(free_port())]
        planner = start_child(serve, workspace / "logs" / "planner.log", house.settings.environment)
        house.start_runner()
        assert datetime.now(PARIS) < start + timedelta(minutes=1), "the house is open too late for its first hour"
        yield Morning(house=house, parts=parts, seen=seen)
    finally:
        stop_children([planner] if planner else [])
        house.stop()
        embedded.discard(workspace)


def due(verdicts: Iterable[tuple[str, Sequence[str], int | None]]) -> dict[int, dict[str, Any]]:
    """Verdicts as rows are compared with them, by line."""
    return {
        line: {"outcome": outcome, "codes": list(codes), "amount_c": amount_c, "amount_optional": amount_c is None}
        for line, (outcome, codes, amount_c) in enumerate(verdicts, start=1)
    }


def test_every_robot_starts_works_and_closes_by_itself(morning: Morning) -> None:
    began = time.monotonic()
    while not morning.over():
        assert time.monotonic() - began < 60 * max(HOURS.values()) + PATIENCE, morning.runs()
        morning.house.watch()
        time.sleep(2)
    runs = morning.runs()
    print({name: len(of) for name, of in runs.items()}, f"{time.monotonic() - began:.0f} s")
    assert {name: len(of) for name, of in runs.items()} == dict.fromkeys(HOURS, 1) | {"ij-acompte": 2}
    (watching,) = runs.pop("arpege-surveillance")
    seen = due((one.outcome, one.codes, None) for one in morning.seen)
    assert compare(morning.rows(watching), seen) == []

    practice = morning.house.practice
    population, path = stores.load(practice.folder), morning.parts["ij-acompte"].delivery
    assert path is not None
    content = path.read_bytes()
    listed = oracle.judge(unlisted.looked_at_once(population), content, population.today)
    held = oracle.Before(still_open={line.key for line in delivery.read(content) if not line.problem})
    found = [one.stop for one in morning.seen if one.outcome == "candidate"]
    added = [verdict for _, verdict in unlisted.judged(population, found, held)]
    first, second = runs.pop("ij-acompte")
    wanted = {one.line: {"outcome": one.outcome, "codes": one.codes, "amount_c": one.amount_c,
                         "amount_optional": one.amount_optional} for one in listed}  # fmt: skip
    assert compare(morning.rows(first), wanted) == []
    assert compare(morning.rows(second), due((one.outcome, one.codes, one.amount_c) for one in added)) == []
    amounts = sorted(one.amount_c or 0 for one in (*listed, *added) if one.outcome == "entered")
    assert sorted(act["amount_c"] for act in practice.proposals()) == amounts
    assert practice.duplicates() == 0
    assert any(one.outcome == "entered" for one in added), "what no list had was advanced"

    judged = practice.judged(list(runs))
    for name, (run,) in runs.items():
        assert compare(morning.rows(run), judged.rows[name]) == [], name
        assert (judged.ledgers[name]["wrong"], judged.ledgers[name]["duplicates"]) == ([], 0), name
