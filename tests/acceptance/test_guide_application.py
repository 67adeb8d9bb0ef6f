"""The guide on a first application, carried out from its first line to its last; the oracle says what must come out."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.bootstrap.practice import Practice

PROJECT = Path(__file__).resolve().parents[2]
GUIDE = PROJECT / "docs" / "guides" / "premiere-application.md"
_STEP = re.compile(
    r"<!-- dans (?P<file>\S+), remplacer -->\n```\w+\n(?P<before>.*?)```\n<!-- par -->\n```\w+\n(?P<after>.*?)```"
    r"|<!-- écrire (?P<new>\S+) -->\n```\w+\n(?P<text>.*?)```"
    r"|<!-- secret (?P<secret>\S+) -->\n```json\n(?P<account>.*?)```"
    r"|(?P<background><!-- en tâche de fond -->\n)?```sh\n(?P<command>.*?)```",
    re.DOTALL,
)
ROBOT = "ROB-931-ACPIJ-1"


class Newcomer:
    """Who follows the guide, in a copy of the project of their own."""

    def __init__(self, folder: Path) -> None:
        self.home, self.workspace = folder / "home", folder / "workspace"
        self.training = self.home / "entrainement"
        for name in ("scenarios", "robots"):
            shutil.copytree(PROJECT / name, self.home / name)
        self.practice = Practice(folder=self.training, cases=60, seed=931)
        self.server: subprocess.Popen[bytes] | None = None
        self.address = ""
        self.said: list[str] = []

    def follow(self) -> None:
        """Do everything the guide says."""
        for step in _STEP.finditer(GUIDE.read_text(encoding="utf-8")):
            if step["file"]:
                self._edit(self.home / step["file"], step["before"], step["after"])
            elif step["new"]:
                (self.home / step["new"]).parent.mkdir(exist_ok=True)
                (self.home / step["new"]).write_text(step["text"], "utf-8")
            elif step["secret"]:
                self._give_account(step["secret"], json.loads(step["account"]))
            elif step["background"]:
                self.server, addresses = self.practice.serve(self.home / "server.log")
                self.address = addresses["bdo"]
            else:
                self._run(step["command"])

    def _run(self, command: str) -> None:
        words = shlex.split(command.replace("http://127.0.0.1:8101", self.address))
        assert words[0] == "./glr"
        settings = {"GLR_HOME": str(self.home), "GLR_WORKSPACE": str(self.workspace), "COLUMNS": "300"}
        ran = subprocess.run(
            [sys.executable, "-m", "orchestrator.cli", *words[1:]],
            env={**os.environ, **settings}, cwd=self.home, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert ran.returncode == 0, (words, ran.stdout + ran.stderr)
        self.said.append(ran.stdout + ran.stderr)

    def _give_account(self, name: str, accounts: dict[str, dict[str, str]]) -> None:
        known = json.loads((self.training / "accounts.json").read_text("utf-8"))
        for account in accounts.values():
            assert (account["address"], account["login"]) == ("http://127.0.0.1:8101", ROBOT)
            account |= {"address": self.address, "password": known["bdo"][ROBOT]["password"]}
        path = self.workspace / "secrets" / name
        path.parent.mkdir(parents=True, mode=0o700)
        path.write_text(json.dumps(accounts), "utf-8")
        path.chmod(0o600)

    def _edit(self, path: Path, before: str, after: str) -> None:
        """Replace whole lines but for their remarks, as somebody who has looked at them would."""
        lines = path.read_text("utf-8").splitlines(keepends=True)
        bare = [line.partition("   #")[0].rstrip() for line in lines]
        (place,) = [number for number, line in enumerate(bare) if line == before.rstrip("\n")]
        path.write_text("".join([*lines[:place], after, *lines[place + 1 :]]), "utf-8")


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newcomer]:
    """Follow the guide."""
    person = Newcomer(tmp_path_factory.mktemp("application"))
    try:
        person.follow()
        yield person
    finally:
        if person.server is not None:
            person.server.terminate()
            person.server.wait(20)


def test_the_guide_ends_with_cases_that_conclude_as_the_oracle(newcomer: Newcomer) -> None:
    delivery = newcomer.practice.delivery
    delivery.parent.mkdir()
    shutil.copy(newcomer.training / delivery.name, delivery)
    good = {line: row for line, row in newcomer.practice.expected().items() if row["outcome"] != "set_aside"}
    rows = {line: good[line] for line in sorted(good)[:40]}
    table = newcomer.said[-1]
    shown = {int(line): issue for line, issue in re.findall(r"│ +(\d+) +│ +(\S[^│]*?) +│", table)}
    assert set(shown) == set(rows)
    assert set(shown.values()) <= {"fin : done", "exception"}
    fine = {line for line, row in rows.items() if row["outcome"] in {"entered", "awaiting_approval"}}
    assert fine <= {line for line, issue in shown.items() if issue == "fin : done"}
    nobody = {int(line) for line in re.findall(r"│ +(\d+) +│ +exception +│ +C-04 : Aucun ou plusieurs", table)}
    assert nobody
    assert nobody <= {line for line, row in rows.items() if "C-04" in row["codes"]}


def test_nothing_was_sent_to_the_application_but_reading(newcomer: Newcomer) -> None:
    assert "premier jet, rien n'a été envoyé à l'application hors la connexion" in newcomer.said[1]
    assert newcomer.practice.proposals() == []
    assert [path.name for path in sorted((newcomer.home / "keywords" / "fichier").glob("*.*"))] == [
        "__init__.py", "models.py", "release.yaml", "screens.yaml",
    ]  # fmt: skip
