"""One demo as an outsider sees it: the command, its processes, COMPTA's ledger, the database, the oracle.

Nothing of the engine is used to judge it: the ledger is a file of the practice application, the oracle a process of its own,
the database is read with SQL written here.
"""

from __future__ import annotations

import csv
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg.rows import dict_row

from orchestrator.store import embedded

PROJECT = Path(__file__).resolve().parents[2]
TODAY = "2026-03-27"
#: Patience with one demo, its start included, on a machine that does something else as well (seconds).
PATIENCE = 300.0

_ROWS = """
select c.line, c.state::text as state, c.ended_as, i.cause, i.code, i.failed, e.state::text as entry,
       coalesce(e.amount_c, a.amount_c, i.amount_c) as amount_c
from glr.cases c
left join glr.exception_item i on i.case_id = c.id and i.closed_at is null
left join glr.entry e on e.case_id = c.id and e.state <> 'planned'
left join glr.approval a on a.case_id = c.id and a.state = 'asked'
where c.run = %(run)s
union all
select s.line, 'set_aside', null, null, s.code, null, null, null
from glr.row_set_aside s join glr.run r on r.delivery = s.delivery where r.id = %(run)s
order by 1
"""
_ENDS = {"done_by_hand": "entered"}
_STATES = {"ready": "running", "waiting": "running", "leased": "running", "cancelled": "rejected"}


@dataclass(frozen=True, kw_only=True)
class Row:
    """What became of one row of a delivery, or should become of it."""

    outcome: str
    #: Failed codes, of exceptions only.
    codes: tuple[str, ...] = ()
    #: Centimes, where the amount is part of the promise.
    amount_c: int | None = None


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A command that ended."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def json(self) -> dict[str, Any]:
        """The last line of the standard output."""
        found: dict[str, Any] = json.loads(self.out.splitlines()[-1])
        return found


@dataclass
class Running:
    """A demo under way; its output goes to files, as it would to a terminal."""

    process: subprocess.Popen[bytes]
    out: Path
    err: Path
    began: float

    def role(self, *words: str) -> list[psutil.Process]:
        """Return its descendants whose command line has these words: ``session``, ``runner``, ``serve``…"""
        return [child for child in self.descendants() if set(words) <= set(_command(child))]

    def descendants(self) -> list[psutil.Process]:
        """Return everything it started that still has it as an ancestor."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def answered(self) -> bool:
        """True once the JSON summary was printed."""
        return any(line.startswith('{"cases"') for line in self.out.read_text(encoding="utf-8").splitlines())

    def wait(self, seconds: float = PATIENCE) -> Finished:
        """Wait for its end."""
        code = self.process.wait(seconds)
        out, err = (path.read_text(encoding="utf-8") for path in (self.out, self.err))
        return Finished(code=code, out=out, err=err, seconds=time.monotonic() - self.began)


@dataclass
class House:
    """One workspace, its practice applications, and the demos run in it."""

    workspace: Path
    cases: int
    seed: int = 931
    sessions: int = 2
    #: Output of every command, kept beside the workspace.
    outputs: Path = field(init=False)
    _port: int = field(init=False)
    _count: int = 0
    _told: dict[int, Row] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.outputs = self.workspace.with_name(f"{self.workspace.name}-output")
        self.outputs.mkdir(parents=True)
        self._port = free_port()

    # --- commands ----------------------------------------------------------------------------------------------------

    @property
    def console(self) -> str:
        """The console's address."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def demo(self) -> list[str]:
        """The demo's command line, without options that end it."""
        return ["demo", "--json", "--cases", str(self.cases), "--seed", str(self.seed), *self.here]

    @property
    def here(self) -> list[str]:
        """The option that names this workspace."""
        return ["--workspace", str(self.workspace)]

    @contextmanager
    def running(self, *arguments: str) -> Iterator[Running]:
        """Start a command of ours; whatever it left is ended afterwards."""
        self._count += 1
        out, err = (self.outputs / f"{self._count}.{name}" for name in ("out", "err"))
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "orchestrator.cli", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                cwd=PROJECT,
                env=self._environment(),
                start_new_session=True,
            )
        started = Running(process=process, out=out, err=err, began=time.monotonic())
        try:
            yield started
        finally:
            _end(process)

    def run(self, *arguments: str, seconds: float = PATIENCE) -> Finished:
        """Run a command of ours to its end."""
        with self.running(*arguments) as started:
            return started.wait(seconds)

    def discard(self) -> None:
        """Stop the database and delete it."""
        embedded.discard(self.workspace)

    def _environment(self) -> dict[str, str]:
        known = {
            name: value for name, value in os.environ.items() if not name.startswith("GLR_") or name == "GLR_BROWSER"
        }
        return {**known, "GLR_CONSOLE_PORT": str(self._port), "GLR_SESSIONS": str(self.sessions)}

    # --- the practice applications -----------------------------------------------------------------------------------

    @property
    def practice(self) -> Path:
        """The folder of the practice applications."""
        return self.workspace / "practice"

    @property
    def delivery(self) -> Path:
        """The demo's delivery."""
        return self.practice / "deliveries" / f"anomalies-arpege-{TODAY.replace('-', '')}.csv"

    def prepare(self) -> None:
        """Make population and delivery before the demo does, the same way, so that faults can be aimed."""
        self.workspace.mkdir(parents=True, mode=0o700)
        self.sandbox("population", "--people", str(self.cases), "--seed", str(self.seed), "--today", TODAY)
        self.delivery.parent.mkdir()
        self.sandbox("delivery", "--date", TODAY, "--out", str(self.delivery))

    def sandbox(self, command: str, *arguments: str) -> str:
        """Run a command of the practice applications."""
        program = [sys.executable, "-m", "sandbox", command, "--dir", str(self.practice), *arguments]
        return subprocess.run(program, check=True, capture_output=True, text=True, cwd=PROJECT).stdout

    def aim(self, **faults: Sequence[Mapping[str, object]]) -> None:
        """Aim faults at the applications; without argument, none are left."""
        path = self.practice / "faults.json"
        path.with_suffix(".new").write_text(json.dumps(faults), encoding="utf-8")
        path.with_suffix(".new").rename(path)

    def ledger(self) -> list[dict[str, Any]]:
        """Read the proposals in COMPTA's ledger file."""
        path = self.practice / "compta.ledger.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [act for act in map(json.loads, lines) if act["act"] == "PROPOSITION"]

    def stored(self, application: str, text: str, *values: object) -> list[Any]:
        """Read the store of a practice application."""
        with closing(sqlite3.connect(f"file:{self.practice / application}.db?mode=ro", uri=True)) as store:
            return store.execute(text, values).fetchall()

    def keys(self, delivery: Path | None = None) -> dict[int, tuple[str, str]]:
        """Read NIR and stop of each data row of a delivery, by line."""
        text = (delivery or self.delivery).read_text(encoding="cp1252")
        rows = enumerate(csv.reader(text.splitlines(), delimiter=";"), start=1)
        return {
            line: (row[0].replace(" ", "").upper(), row[2].strip()) for line, row in rows if len(row) == 5 and line > 1
        }

    def oracle(self, *arguments: str, delivery: Path | None = None, day: str = TODAY) -> dict[int, Row]:
        """Ask the oracle what each row should become; once for the demo's own delivery, of which it always says the same."""
        usual = (arguments, delivery, day) == ((), None, TODAY)
        if usual and self._told:
            return self._told
        text = self.sandbox("oracle", "--delivery", str(delivery or self.delivery), "--run-date", day, *arguments)
        told = {said["line"]: _expected(said) for said in map(json.loads, text.splitlines())}
        self._told = told if usual else self._told
        return told

    # --- the database ------------------------------------------------------------------------------------------------

    def server(self) -> embedded.Server:
        """Return the database's server, started if need be."""
        return embedded.start(self.workspace)

    def query(self, text: str, **values: object) -> list[dict[str, Any]]:
        """Run SQL as the owner."""
        with psycopg.connect(self.server().superuser_dsn, row_factory=dict_row, autocommit=True) as connection:
            return connection.execute(text.encode(), values).fetchall()

    def runs(self) -> list[Any]:
        """Return the runs, oldest first."""
        return [row["id"] for row in self.query("select id from glr.run order by started_at")]

    def rows(self, number: int = 0) -> dict[int, Row]:
        """Return what became of each row of a run (the first one: 0); a doubt is an outcome of its own."""
        found = self.query(_ROWS, run=self.runs()[number])
        return {row["line"]: _found(row) for row in found}


def concluded(row: Row) -> tuple[str, list[str], int | None, bool]:
    """Return what a dry run should say of a row that the oracle has judged."""
    match row.outcome:
        case "entered" | "awaiting_approval":
            return "saisie", [], row.amount_c, row.outcome == "awaiting_approval"
        case "exception":
            return "exception", list(row.codes), None, False
    return f"fin : {row.outcome}", [], None, False


def wait_for(condition: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Wait until something is so; says what never came."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError(f"after {seconds:.0f} s, still not: {what}")


def alive(processes: Sequence[psutil.Process]) -> list[str]:
    """Return the command lines of those that still live."""
    return [" ".join(_command(one)) for one in processes if one.is_running() and _command(one)]


def listens(address: str) -> bool:
    """Say whether somebody answers at ``http://host:port``."""
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.socket() as trial:
        return trial.connect_ex((host, int(port))) == 0


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port


def _command(process: psutil.Process) -> list[str]:
    try:
        words: list[str] = process.cmdline()  # empty for a zombie
    except psutil.Error:
        return []
    return words


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for late in psutil.wait_procs(family, timeout=20)[1]:
        late.kill()


def _found(row: Mapping[str, Any]) -> Row:
    outcome = _ENDS.get(str(row["ended_as"]), row["ended_as"]) or _STATES.get(row["state"], row["state"])
    if outcome == "exception" and row["cause"] == "doubt":
        return Row(outcome="doubt")
    codes = {control["code"] for control in row["failed"] or []} or {row["code"]}
    return _promised(outcome, sorted(codes - {None}), row["amount_c"])


def _expected(said: Mapping[str, Any]) -> Row:
    return _promised(said["outcome"], said["codes"], None if said.get("amount_optional") else said["amount_c"])


def _promised(outcome: str, codes: Sequence[str], amount_c: int | None) -> Row:
    """Keep what the house promises to agree on: codes of exceptions, amounts of what is or would be entered."""
    if outcome == "exception":
        return Row(outcome=outcome, codes=tuple(sorted(codes)))
    return Row(outcome=outcome, amount_c=amount_c if outcome in {"entered", "awaiting_approval"} else None)
