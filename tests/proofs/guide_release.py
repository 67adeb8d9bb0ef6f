"""The guide on a new release of an application, carried out from its first line to its last; the oracle judges the end.

Not part of ``./glr test``, where each of its commands has a test of its own (``acceptance/test_screens_commands.py``,
``engine/test_second_release.py``): ``.venv/bin/pytest -s tests/proofs/guide_release.py``, two minutes.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from demo_house import wait_for

from orchestrator.bootstrap.practice import Practice

PROJECT = Path(__file__).resolve().parents[2]
GUIDE = PROJECT / "docs" / "guides" / "nouvelle-version-application.md"
_STEP = re.compile(
    r"<!-- écrire (?P<new>\S+) -->\n```\w+\n(?P<text>.*?)```"
    r"|(?:<!-- (?P<how>[^>]+) -->\n)?```sh\n(?P<commands>.*?)```",
    re.DOTALL,
)


class Owner:
    """Who follows the guide, in a copy of the project of their own."""

    def __init__(self, folder: Path) -> None:
        self.home = folder
        self.workspace = folder / "nouvelle-version"
        for name in ("scenarios", "robots"):
            shutil.copytree(PROJECT / name, self.home / name)
        self.practice = Practice(folder=self.workspace / "practice", cases=20, seed=931)
        self.demo: subprocess.Popen[str] | None = None
        self.said: list[str] = []
        #: What COMPTA had recorded when each command had ended.
        self.ledger: list[int] = []

    def follow(self) -> None:
        """Do everything the guide says."""
        for step in _STEP.finditer(GUIDE.read_text(encoding="utf-8")):
            if step["new"]:
                (self.home / step["new"]).write_text(step["text"], "utf-8")
                continue
            for command in step["commands"].splitlines():
                self._do(command, step["how"] or "")

    def _do(self, command: str, how: str) -> None:
        words = shlex.split(command)
        assert words[0] == "./glr"
        if how == "en tâche de fond":
            self._begin(words[1:])
            return
        if how.startswith("mot de passe de "):
            self._as_person(words[1:], how.removeprefix("mot de passe de "))
        elif how == "jusqu'à la fin":
            wait_for(lambda: self._nothing_left(words[1:]), "every case to be worked", 240)
        else:
            self._run(words[1:], 6 if how.startswith("code 6") else 0)
        self.ledger.append(len(self.practice.proposals()))

    def _begin(self, words: list[str]) -> None:
        output = (self.home / "demo.log").open("w", encoding="utf-8")
        self.demo = subprocess.Popen(
            [sys.executable, "-m", "orchestrator.cli", *words], env=self._environment, cwd=self.home, stdout=output,
            stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        wait_for(lambda: "Ctrl-C pour tout arrêter" in self.shown, "a demo that stopped its robots", 240)

    @property
    def shown(self) -> str:
        """What the demo has written so far."""
        return (self.home / "demo.log").read_text("utf-8")

    @property
    def _environment(self) -> dict[str, str]:
        return {**os.environ, "GLR_HOME": str(self.home), "COLUMNS": "300", "GLR_CONSOLE_PORT": "0"}

    def _as_person(self, words: list[str], login: str) -> None:
        people = json.loads((self.workspace / "secrets" / "people.json").read_text("utf-8"))
        prefix = re.findall(r"--approve (\w+)", self.said[-1])
        words = [prefix[-1] if word == "EMPREINTE" else word for word in words]
        self._run(words, 0, GLR_PASSWORD=people[login])

    def _run(self, words: list[str], code: int, **more: str) -> str:
        ran = subprocess.run(
            [sys.executable, "-m", "orchestrator.cli", *words], env={**self._environment, **more}, cwd=self.home,
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert ran.returncode == code, (words, ran.stdout + ran.stderr)
        self.said.append(ran.stdout + ran.stderr)
        return self.said[-1]

    def _nothing_left(self, words: list[str]) -> bool:
        time.sleep(1)
        return not re.search(r"\b(?:ready|leased)\b", self._run(words, 0))

    def stop(self) -> None:
        """End the demo and everything it started."""
        if self.demo is not None:
            self.demo.send_signal(signal.SIGINT)
            self.demo.wait(60)


@pytest.fixture(scope="module")
def owner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owner]:
    """Follow the guide."""
    person = Owner(tmp_path_factory.mktemp("release"))
    try:
        person.follow()
        yield person
    finally:
        person.stop()


def test_the_guide_ends_with_cases_entered_on_release_2_as_the_oracle_says(owner: Owner) -> None:
    assert json.loads((owner.practice.folder / "releases.json").read_text("ascii")) == {"arpege": "2", "compta": "2"}
    expected = [row for row in owner.practice.expected().values() if row["outcome"] == "entered"]
    assert expected
    entered = sorted(line["amount_c"] for line in owner.practice.proposals())
    assert entered == sorted(row["amount_c"] for row in expected)
    assert owner.practice.duplicates() == 0
    assert {line["author"] for line in owner.practice.proposals()} == {"ROB-931-ACPIJ-1"}


def test_nothing_was_entered_before_two_persons_had_published_and_somebody_reopened(owner: Owner) -> None:
    assert owner.ledger[-1] > 0
    assert owner.ledger[:-2] == [0] * (len(owner.ledger) - 2)
    assert "arpege est fermée aux robots" in owner.shown


def test_each_command_says_what_the_guide_says(owner: Owner) -> None:
    status, found, applied, _, again = owner.said[:5]
    assert "arpege fermée aux robots" in status
    for words in ("maintenant « #nom_famille »", "format « date » attendu", "« Prénoms » → « Prénom(s) »",
                  "« /avances » → « /avances/controle »", "« Montant » → « Montant (point décimal) »",
                  "bouton « btn-enregistrer » disparu", "bouton nouveau « btn-controler »"):  # fmt: skip
        assert words in found
    assert [Path(line).name for line in applied.split()] == ["screens.cpam-931.yaml", "release.cpam-931.yaml"]
    same = r" : \d+ écrans parcourus, identiques\n"
    unseen = r"  1 écran non vu : « confirmation »\. Seule une saisie y mène ; .+\n"
    assert re.fullmatch(f"bdo{same}arpege{same}compta{same}{unseen}rniam{same}", again)
    assert "version" in owner.said[8]
    assert not [word for word in ("Vauquelin", "290036199901475", "1697.39") if word in "".join(owner.said)]
