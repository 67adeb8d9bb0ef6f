"""A small back office without applications: a robot with folders and a mailbox, its scenario, its closing; real processes."""

from __future__ import annotations

import asyncio
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openpyxl
import psutil
import psycopg
from demo_house import free_port, wait_for
from psycopg.rows import dict_row
from workshops import CONTROL, ROBOT

from keywords.documents import pdf
from orchestrator.bootstrap.demo_people import ensure_people
from orchestrator.bootstrap.versions import publish_by_two
from orchestrator.bootstrap.world import World, build_world
from orchestrator.drivers.helper import Helper
from orchestrator.settings import Settings
from orchestrator.store import embedded
from sandbox.mail.server import mail_server

SCENARIO = """scenario: pieces
title: Contrôle de pièces
author: cpam-931
robot: classeur
mode: live
case:
  key: ${ref}
  fields:
    ref:    {type: text, max: 20, column: Dossier}
    amount: {type: euros, column: Montant}
sources:
  - csv: pieces-*.csv
    encoding: utf-8
    delimiter: ";"
steps:
  - id: lists
    extract: files.find
    with: {folder: partage, pattern: exclusions.xlsx}
  - id: listed
    extract: spreadsheets.read
    with: {file: "${lists.first}", sheet: Exclus, columns: "Dossier: text"}
  - id: excluded
    compute: tables.where
    with: {table: "${listed}", column: Dossier, value: "${ref}"}
    controls:
      E-LISTE: excluded.count == 0
  - id: papers
    extract: files.find
    with: {folder: partage, pattern: "${ref}.pdf"}
    controls:
      E-PIECE: papers.count == 1
  - id: paper
    extract: documents.value
    with: {file: "${papers.first}", label: Montant}
    controls:
      E-MONTANT: known(paper.amount) and paper.amount == amount
exceptions:
  queue: pieces
  codes:
    E-LISTE: {title: Dossier sur la liste des exclusions, severity: stop}
    E-PIECE: {title: Pièce absente, severity: stop}
    E-MONTANT: {title: Montant de la pièce différent}
"""
ROBOT_YAML = """robot: classeur
name: Robot classeur
owner: Responsable
purpose: Contrôler des pièces
legal_basis: Mission d'intérêt public
applications: {}
libraries:
  files: [extract, hand_over]
  spreadsheets: [extract]
  documents: [extract]
  mail: [hand_over]
folders:
  partage: {path: partage, write: true}
  traitees: {path: traitees, write: true}
accounts: classeur.json
mail: classeur-courriel.json
ends_on: 2099-12-31
contact: dpo@cpam-931.example
"""
CLOSING = """*** Settings ***
Library    orchestrator.bootstrap.robot_library.KeywordLibrary    files    AS    files
Library    orchestrator.bootstrap.robot_library.KeywordLibrary    mail    AS    mail

*** Test Cases ***
Clore
    Ranger    a.txt
    VAR    &{valeurs}    execution=${EXECUTION}
    mail.send    to=controle    template=cloture.txt    values=${valeurs}    effect_key=courriel
    Ranger    b.txt

*** Keywords ***
Ranger
    [Arguments]    ${nom}
    ${vus}=    files.find    folder=partage    pattern=${nom}
    IF    ${vus.count} == 1    files.move    file=${vus.first}    folder=traitees    effect_key=${nom}
"""


@dataclass
class Office:
    """One workspace and the commands run in it."""

    workspace: Path
    port: int = field(default_factory=free_port)

    @property
    def settings(self) -> Settings:
        return Settings(workspace=self.workspace, caisse="cpam-931", console_port=self.port)

    def make(self, urls: Mapping[str, str], closing: str = "", **mailbox: str) -> World:
        """Write the project and its files, and publish the scenario; ``closing`` is the section of that name."""
        robot, scenarios = self.workspace / "robots" / "classeur", self.workspace / "scenarios"
        for folder in (robot / "modeles", scenarios, self.workspace / "partage"):
            folder.mkdir(parents=True, exist_ok=True)
        (scenarios / "pieces.yaml").write_text(SCENARIO + closing, encoding="utf-8")
        (robot / "robot.yaml").write_text(ROBOT_YAML, encoding="utf-8")
        (robot / "cloture.robot").write_text(CLOSING, encoding="utf-8")
        (robot / "modeles" / "cloture.txt").write_text("Objet : Clôture ${execution}\n\nFait.\n", encoding="utf-8")
        for name in ("a.txt", "b.txt"):
            (self.workspace / "partage" / name).write_text(name, encoding="utf-8")
        asyncio.run(self._papers())
        world = asyncio.run(build_world(self.settings))
        password = json.loads((self.workspace / "mail-accounts.json").read_text(encoding="ascii"))[ROBOT]
        account = {"login": ROBOT, "password": password, "sender": ROBOT, "addresses": {"controle": CONTROL}}
        self.secret("classeur-courriel.json", {**urls, **mailbox, **account})
        self.secret("classeur.json", {})
        self.people = asyncio.run(ensure_people(world))
        asyncio.run(publish_by_two(world, "pieces", "responsable", "superviseur", "Essai."))
        return world

    async def _papers(self) -> None:
        """Make the pieces: D-1 agrees, D-2 is excluded, D-3 says another amount, D-4 has none."""
        helper = Helper()
        for name, amount in (("D-1", "697,39 €"), ("D-2", "1,00 €"), ("D-3", "2,00 €")):
            path = str(self.workspace / "partage" / f"{name}.pdf")
            await helper.run(pdf.write, {"html": f"<p>Montant : {amount}</p>", "path": path})
        await helper.close()
        book = openpyxl.Workbook()
        book.active.title = "Exclus"
        for line in (["Dossier"], ["D-2"]):
            book.active.append(line)
        book.save(self.workspace / "partage" / "exclusions.xlsx")

    def secret(self, name: str, content: object) -> None:
        path = self.workspace / "secrets" / name
        path.write_text(json.dumps(content), encoding="utf-8")
        path.chmod(0o600)

    def glr(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self._command(*arguments), env=self._environment(**more), check=False, capture_output=True, text=True
        )

    @contextmanager
    def running(self, *arguments: str) -> Iterator[psutil.Process]:
        """Run a command beside us; it and its children are ended afterwards."""
        log = (self.workspace / f"{arguments[0]}.log").open("ab")
        with log:
            child = psutil.Popen(self._command(*arguments), env=self._environment(), stdout=log, stderr=log)
        try:
            yield child
        finally:
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
                child.wait(60)

    def deliver(self, name: str = "pieces-1.csv", rows: str = "D-1;697,39\n") -> str:
        """Load a delivery; return the run."""
        path = self.workspace / name
        path.write_text(f"Dossier;Montant\n{rows}", encoding="utf-8")
        done = self.glr("run", "pieces", str(path))
        assert done.returncode == 0, done.stderr
        return done.stdout.split()[1]

    def query(self, text: str, **values: object) -> list[dict[str, Any]]:
        """Run SQL as the owner."""
        dsn = embedded.start(self.workspace).superuser_dsn
        with psycopg.connect(dsn, row_factory=dict_row, autocommit=True) as connection:
            return connection.execute(text.encode(), values).fetchall()

    def closed(self, run: str) -> bool:
        """True once a run is closed."""
        return bool(self.query("select from glr.closing where run = %(run)s and closed_at is not null", run=run))

    def wait_closed(self, run: str, seconds: float = 90) -> None:
        wait_for(lambda: self.closed(run), f"run {run} is closed", seconds)

    def plan(self, *faults: str) -> None:
        """Plan what the mail server does with the next messages."""
        (self.workspace / "mail-faults.json").write_text(json.dumps(faults), encoding="ascii")

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "orchestrator.cli", *arguments]

    def _environment(self, **more: str) -> dict[str, str]:
        known = {name: value for name, value in os.environ.items() if not name.startswith("GLR_") or "BROWSER" in name}
        return {**known, **self.settings.environment, "COLUMNS": "200", **more}


@contextmanager
def serving_mail(folder: Path, **how: Any) -> Iterator[dict[str, str]]:
    """Serve the practice mail of a folder from a thread of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    ready: queue.Queue[tuple[dict[str, str], asyncio.AbstractEventLoop, asyncio.Event]] = queue.Queue()

    async def serve() -> None:
        leaving = asyncio.Event()
        async with mail_server(folder, **how) as urls:
            ready.put((urls, asyncio.get_running_loop(), leaving))
            await leaving.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    urls, loop, leaving = ready.get(timeout=20)
    try:
        yield urls
    finally:
        loop.call_soon_threadsafe(leaving.set)
        thread.join(10)
