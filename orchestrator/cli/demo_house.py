"""The processes of a demo: practice applications, console, runner; each started again when it dies."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from orchestrator.bootstrap.demo_people import ensure_people
from orchestrator.bootstrap.practice import Practice
from orchestrator.bootstrap.processes import port_at, start_child, stop_children
from orchestrator.bootstrap.releases import remember_witnesses
from orchestrator.bootstrap.versions import publish_by_two
from orchestrator.bootstrap.world import World, build_world
from orchestrator.drivers.terminal_contracts import TerminalContract
from orchestrator.drivers.terminal_finder import ensure_terminal
from orchestrator.language.robots import Robot
from orchestrator.settings import Settings


@dataclass
class House:
    """The processes of a demo: practice applications, console, runner; each started again when it dies."""

    settings: Settings
    practice: Practice
    #: The scenarios that work, and the login that each one's robot has in the practice applications.
    logins: Mapping[str, str]
    screen: Console
    #: What the editors deliver before the robots begin.
    release: str | None = None
    world: World = field(init=False)
    people: dict[str, str] = field(init=False)
    _children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self) -> None:
        """Start everything on 127.0.0.1."""
        self.screen.print(f"Espace de travail : {self.settings.workspace}", soft_wrap=True)
        self.world = asyncio.run(build_world(self.settings))
        self.people = asyncio.run(ensure_people(self.world))
        if self._has_green_screen():
            ensure_terminal()
        for name in self.logins:
            note = "Publiée par la démonstration."
            asyncio.run(publish_by_two(self.world, name, "responsable", "superviseur", note))
        self.practice.make()
        port = port_at(self.settings.console_host, self.settings.console_port)
        self.settings = self.settings.model_copy(update={"console_port": port})
        self._start("applications")
        # in the release we know, before the editors deliver another
        for robot in self._robots():
            for application in asyncio.run(remember_witnesses(self.world, robot)):
                self.screen.print(f"[yellow]{application} : valeurs du témoin non relevées.[/yellow]")
        self.practice.install(self.release)
        self._start("console")

    def watch(self) -> None:
        """Start again whatever died: a killed runner or application must not end the demo."""
        for name in list(self._children):
            if self._children[name].poll() is not None:
                self.screen.print(f"[yellow]« {name} » s'est arrêté : redémarrage.[/yellow]")
                self._start(name)

    def start_runner(self) -> None:
        """Let robots work."""
        if "runner" not in self._children:
            self._start("runner")

    @property
    def inbox(self) -> Path:
        """Where deliveries arrive."""
        return self.settings.workspace / "inbox"

    def drop(self, delivery: Path) -> Path:
        """Let a delivery arrive in the inbox, with the papers that it lists, or a folder of files; the closing puts it away."""
        self.inbox.mkdir(exist_ok=True, mode=0o700)
        if delivery.is_dir():
            return Path(shutil.copytree(delivery, self.inbox / delivery.name, dirs_exist_ok=True))
        papers = delivery.parent / "depots"
        if papers.is_dir():
            shutil.copytree(papers, self.inbox / papers.name, dirs_exist_ok=True)
        return Path(shutil.copy(delivery, self.inbox))

    def show_console(self) -> None:
        """Say where the console is and who may log in."""
        host, port = self.settings.console_host, self.settings.console_port
        self.screen.print(f"Console : [bold]http://{host}:{port}[/bold] (comptes de démonstration)")
        for login, password in self.people.items():
            self.screen.print(f"  {login}  {password}")

    def keep_running(self) -> None:
        """Stay until Ctrl-C."""
        while True:
            time.sleep(1)
            self.watch()

    def stop(self) -> None:
        """Stop the children in order, then the database."""
        stop_children(
            [self._children[name] for name in ("runner", "console", "applications") if name in self._children]
        )
        if hasattr(self, "world"):
            self.world.stop_database()

    def _start(self, name: str) -> None:
        log = self.settings.workspace / "logs" / f"{name}.log"
        if name == "applications":
            self._children[name], addresses = self.practice.serve(log)
            self.practice.write_witnesses(self.settings.witnesses)
            for robot, login in self._robots().items():
                self._write_accounts(self.world.robot(robot), addresses, login)
            return
        command = [sys.executable, "-m", "orchestrator.cli", "serve" if name == "console" else "runner"]
        extra = ["--no-planner"] if name == "console" else []
        self._children[name] = start_child([*command, *extra], log, self.settings.environment)

    def _robots(self) -> dict[str, str]:
        """Return the robots of the scenarios, each with its login."""
        return {self.world.scenario(name).robot: login for name, login in self.logins.items()}

    def _has_green_screen(self) -> bool:
        robots = [self.world.robot(name) for name in self._robots()]
        names = {application for robot in robots for application in robot.applications}
        return any(isinstance(self.world.contract(name), TerminalContract) for name in names)

    def _write_accounts(self, robot: Robot, addresses: Mapping[str, str], login: str) -> None:
        self.practice.write_accounts(addresses, self.settings.secrets / robot.accounts, login)
        if robot.mail:
            self.practice.write_mailbox(self.settings.secrets / robot.mail)
