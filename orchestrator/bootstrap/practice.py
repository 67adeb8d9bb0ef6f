"""The practice applications of a demo: made once, served in a process of their own, their ledger read as an outsider would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from orchestrator.bootstrap.processes import start_child
from orchestrator.domain.errors import SettingsError
from orchestrator.drivers.witness import Witness, save_witnesses

#: The business day of the practice applications, a Friday; the worked example of the rules is computed on it.
TODAY = "2026-03-27"
ROBOT_LOGIN = "ROB-931-ACPIJ-1"
#: The login of the robot that extends rights, in BDO, the C2S and the GED.
RIGHTS_LOGIN = "ROB-931-DROITS-1"
#: The login of a shipped robot, where it is not that of advances.
LOGINS = {
    "droits-prolongation": RIGHTS_LOGIN,
    "mutation-entrante": "ROB-931-MUTAT-1",
    "depot-pieces": "ROB-931-PIECES-1",
}
#: The practice applications, in the order of their ports; the last is the green screen.
APPLICATIONS = ("bdo", "arpege", "compta", "c2s", "ged", "rniam", "progres")
#: The practice mailboxes: the robot's own, and that of the accounting control.
MAILBOX = "robot-acompte-ij@cpam-931.example"
CONTROL = "controle-comptable@cpam-931.example"
#: Seconds for three small servers to start on a busy machine.
READY = 60.0


@dataclass(frozen=True, kw_only=True)
class Part:
    """What one scenario of an evening is given."""

    name: str
    #: Its scenario, of which it may be one of several works.
    scenario: str
    #: Its robot, and that one's login.
    robot: str
    login: str
    #: What it is given, in French.
    work: str
    #: None when the robot reads a list in an application.
    delivery: Path | None
    #: True when it is given its work once the others have done theirs.
    last: bool = False
    #: The days of which it reads one list each; empty: one, of the evening's day.
    days: tuple[date, ...] = ()
    #: The part whose findings it is given, on the same day.
    after: str | None = None

    @property
    def turn(self) -> int:
        """When it is given its work: 0 with the others, 1 once they have done theirs, 2 once those have."""
        return 2 if self.after else int(self.last)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What the oracles of an evening say."""

    #: What each row should become, by part and line.
    rows: Mapping[str, Mapping[int, Mapping[str, Any]]]
    #: What the applications' ledgers hold of each part; under None, acts of nobody's case.
    ledgers: Mapping[str | None, Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Practice:
    """One population with its stores, ledgers and delivery."""

    folder: Path
    cases: int
    seed: int
    #: Seconds that its applications are left in peace after a doubt: they commit at once, but for ordered faults.
    quiet: float = 2.0
    #: With work for several robots, beside the delivery.
    evening: bool = False

    @property
    def delivery(self) -> Path:
        """The demo's delivery."""
        return self.folder / "deliveries" / f"anomalies-arpege-{TODAY.replace('-', '')}.csv"

    def make(self) -> None:
        """Make the population and its delivery, unless they are there; another population is refused."""
        described = self.folder / "population.json"
        if described.exists():
            self._check_same(json.loads(described.read_text(encoding="utf-8")))
        else:
            more = ["--evening"] if self.evening else []
            self.sandbox("population", "--people", str(self.cases), "--seed", str(self.seed), "--today", TODAY, *more)
        self.delivery.parent.mkdir(exist_ok=True)
        if not self.evening and not self.delivery.exists():
            self.sandbox("delivery", "--date", TODAY, "--out", str(self.delivery))

    def serve(self, log: Path, faults: str = "") -> tuple[subprocess.Popen[bytes], dict[str, str]]:
        """Start the applications on the ports they had before; return the process and their addresses.

        :param faults: what they do wrong by rate, as ``sandbox serve --faults`` reads it.
        """
        start = log.stat().st_size if log.exists() else 0
        *web, green = self._ports()
        command = [sys.executable, "-m", "sandbox", "serve", "--dir", str(self.folder)]
        command += ["--ports", ",".join(web), "--progres-port", green]
        command += ["--faults", faults, "--fault-seed", str(self.seed)] if faults else []
        child = start_child(command, log)
        addresses = _wait_ready(child, log, start)
        (self.folder / "ports").write_text(
            ",".join(url.rpartition(":")[2] for url in addresses.values()), encoding="ascii"
        )
        return child, addresses

    def write_accounts(self, addresses: Mapping[str, str], path: Path, login: str = ROBOT_LOGIN) -> None:
        """Write the accounts of a robot where its declaration says, 0600: those of the applications that know its login.

        :param login: of another robot than that of advances: ``LOGINS.get(robot, ROBOT_LOGIN)``.
        """
        known = json.loads((self.folder / "accounts.json").read_text(encoding="utf-8"))
        accounts = {
            name: {
                "address": url,
                "login": login,
                "password": known[name][login]["password"],
                "quiet": self.quiet,
            }
            for name, url in addresses.items()
            if login in known.get(name, {})
        }
        _write_secret(path, accounts)

    def write_mailbox(self, path: Path) -> None:
        """Write the robot's practice mailbox where its declaration says, 0600, with the one address it may write to."""
        servers = json.loads((self.folder / "mail.json").read_text(encoding="ascii"))
        passwords = json.loads((self.folder / "mail-accounts.json").read_text(encoding="ascii"))
        account = {"login": MAILBOX, "password": passwords[MAILBOX], "sender": MAILBOX}
        _write_secret(path, {**servers, **account, "addresses": {"controle": CONTROL}})

    def received(self) -> list[Path]:
        """Return the mails that the accounting control has received, oldest first."""
        found = (self.folder / "mail" / CONTROL / "INBOX").glob("*.eml")
        return sorted(found, key=lambda path: int(path.name.partition(".")[0]))

    def write_witnesses(self, path: Path) -> None:
        """Write how the walk reaches the witness of each application, 0600, unless that is known."""
        sheet_path = self.folder / "witness.json"
        if sheet_path.exists() and not path.exists():  # a population made before there were witnesses has none
            sheet = json.loads(sheet_path.read_text(encoding="utf-8"))
            save_witnesses(path, {name: Witness(values=values) for name, values in sheet.items()})

    def install(self, release: str | None) -> None:
        """Have the applications serve another release: ``2``, or ``compta=2.1``; None leaves them as they are.

        Raises :class:`SettingsError` for a release that does not exist.
        """
        if release is not None:
            self.sandbox("install", "--release", release)

    def expected(self) -> dict[int, dict[str, Any]]:
        """Ask the oracle, a process of its own, what each row should become; by line."""
        answer = self.sandbox("oracle", "--delivery", str(self.delivery), "--run-date", TODAY)
        rows = [json.loads(line) for line in answer.splitlines()]
        return {row["line"]: row for row in rows}

    def parts(self) -> list[Part]:
        """Write what each scenario of an evening is given, the same every time; in the order of their work."""
        out = self.folder / "deliveries"
        answer = self.sandbox("evening", "--out", str(out))
        return [_part(json.loads(line)) for line in answer.splitlines()]

    def judged(self, parts: Sequence[str]) -> Judged:
        """Ask the oracles of an evening what each row should become, and compare the ledgers with that."""
        said = [json.loads(line) for line in self.sandbox("judge", "--scenarios", ",".join(parts)).splitlines()]
        rows = {name: {each["line"]: each for each in said if _row_of(each, name)} for name in parts}
        return Judged(rows=rows, ledgers={each["scenario"]: each for each in said if "wrong" in each})

    def mutations(self, first: int, count: int, applications: Sequence[str]) -> list[dict[str, Any]]:
        """Return which change each seed asks for, of these: ``application``, ``screen``, ``kind``, ``seed``."""
        asked = ("--first", str(first), "--count", str(count), "--applications", ",".join(applications))
        program = [sys.executable, "-m", "sandbox", "mutations", *asked]
        done = subprocess.run(program, check=True, capture_output=True, text=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def mutate(self, asked: Mapping[str, Any] | None) -> None:
        """Have an application serve a screen as that change leaves it; None: every screen is as it was."""
        change = {name: asked[name] for name in ("screen", "kind", "seed")} if asked else {}
        path = self.folder / "mutations.json"
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps({asked["application"]: change} if asked else {}), encoding="utf-8")
        draft.replace(path)
        (self.folder / "mutations.served.json").unlink(missing_ok=True)

    def mutated(self) -> dict[str, Any] | None:
        """Return what the applications say they have changed since :meth:`mutate`; None when no page had such a part."""
        path = self.folder / "mutations.served.json"
        found: dict[str, Any] | None = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
        return found

    def proposals(self) -> list[dict[str, Any]]:
        """Read the proposals of COMPTA's own ledger."""
        path = self.folder / "compta.ledger.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [act for act in map(json.loads, lines) if act["act"] == "PROPOSITION"]

    def duplicates(self) -> int:
        """Count the proposals beyond the first of each stop of each person, in the whole ledger."""
        counted = Counter((act["nir"], act["stop"]) for act in self.proposals())
        return sum(count - 1 for count in counted.values())

    def _check_same(self, known: Mapping[str, Any]) -> None:
        if (known["people"], known["seed"]) != (self.cases, self.seed):
            raise SettingsError(
                f"Cet espace de travail contient déjà la population --cases {known['people']} --seed {known['seed']}. "
                "Pour une autre population, donner un autre dossier avec --workspace."
            )

    def _ports(self) -> list[str]:
        kept = self.folder / "ports"
        return kept.read_text(encoding="ascii").split(",") if kept.exists() else ["0"] * len(APPLICATIONS)

    def sandbox(self, command: str, *arguments: str) -> str:
        """Run a command of the practice applications on this folder; returns what it prints."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        program = [sys.executable, "-m", "sandbox", command, "--dir", str(self.folder), *arguments]
        done = subprocess.run(program, check=False, capture_output=True, text=True)
        if done.returncode:
            raise SettingsError(f"Applications d'entraînement : « {command} » a échoué.\n{done.stderr.strip()}")
        return done.stdout


def _part(said: Mapping[str, Any]) -> Part:
    delivery = Path(said["delivery"]) if said["delivery"] else None
    days = tuple(date.fromisoformat(day) for day in said["days"])
    return Part(**{**said, "delivery": delivery, "days": days})


def _row_of(said: Mapping[str, Any], scenario: str) -> bool:
    return said["scenario"] == scenario and "line" in said


def _write_secret(path: Path, content: Mapping[str, Any]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file)


def _wait_ready(child: subprocess.Popen[bytes], log: Path, start: int) -> dict[str, str]:
    end = time.monotonic() + READY
    while time.monotonic() < end and child.poll() is None:
        with log.open("rb") as output:
            output.seek(start)
            lines = output.read().decode(errors="replace").splitlines()
        for line in lines:
            if line.startswith('{"ready"'):
                said = json.loads(line)
                return {name: said[name] for name in APPLICATIONS}
        time.sleep(0.05)
    raise SettingsError(f"Les applications d'entraînement n'ont pas démarré : voir {log}")
