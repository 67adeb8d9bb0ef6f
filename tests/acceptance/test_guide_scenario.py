"""The newcomer's guide, carried out: its commands through the real command line, its edits on a copy of the scenarios.

What must come out is told by the oracle of the practice applications, not by the engine.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from demo_house import House, concluded

PROJECT = Path(__file__).resolve().parents[2]
GUIDE = PROJECT / "docs" / "guides" / "premier-scenario.md"
_STEP = re.compile(
    r"<!-- dans (?P<file>\S+), remplacer -->\n```yaml\n(?P<before>.*?)```\n<!-- par -->\n```yaml\n(?P<after>.*?)```"
    r"|(?:<!-- code (?P<code>\d+) -->\n)?```sh\n(?P<command>.*?)```",
    re.DOTALL,
)


@dataclass(frozen=True, kw_only=True)
class Said:
    """One command of the guide and what it said."""

    command: str
    code: int
    text: str


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the project's scenarios and robots, to be changed."""
    folder = tmp_path_factory.mktemp("home")
    for name in ("scenarios", "robots"):
        shutil.copytree(PROJECT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The workspace that the guide's commands use."""
    opened = House(tmp_path_factory.mktemp("guide") / "workspace", cases=60)
    yield opened
    opened.discard()


@pytest.fixture(scope="module")
def followed(home: Path, house: House) -> list[Said]:
    """Follow the guide from its first line to its last."""
    settings = {"GLR_HOME": str(home), "GLR_WORKSPACE": str(house.workspace), "GLR_CONSOLE_PORT": "0", "COLUMNS": "300"}
    done = []
    for step in _STEP.finditer(GUIDE.read_text(encoding="utf-8")):
        if step["file"]:
            edit(home / step["file"], step["before"], step["after"])
            continue
        words = shlex.split(step["command"])
        assert words[0] == "./glr"
        ran = subprocess.run(
            [sys.executable, "-m", "orchestrator.cli", *words[1:]],
            env={**os.environ, **settings},
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        said = Said(command=" ".join(words[1:3]), code=ran.returncode, text=ran.stdout + ran.stderr)
        assert said.code == int(step["code"] or 0), said
        done.append(said)
    return done


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1, f"the guide replaces what is not there once: {before}"
    path.write_text(text.replace(before, after), encoding="utf-8")


def test_the_guide_has_all_its_steps(followed: list[Said]) -> None:
    assert [each.command for each in followed] == [
        "new scenario", "check", "check", "check", "plan --count", "dry-run verifier-identites", "dry-run verifier-identites",
        "demo --scenario",
    ]  # fmt: skip


def test_the_planted_mistakes_are_said_as_the_guide_promises(followed: list[Said]) -> None:
    wrong, right = followed[2].text, followed[3].text
    assert re.search(r"verifier-identites\.yaml:\d+:\d+: .*uncertifed.*uncertified", wrong)
    assert re.search(r"verifier-identites\.yaml:\d+:\d+: .*C-02", wrong)
    assert "verifier-identites.yaml : correct" in right


def test_the_planned_starts_are_shown(followed: list[Said]) -> None:
    assert len(re.findall(r"verifier-identites .* 06:30", followed[4].text)) == 3


def test_the_dry_run_shows_what_the_oracle_knows_and_writes_no_ledger(followed: list[Said], house: House) -> None:
    practice = House(house.workspace.with_name("judge"), cases=60)
    practice.workspace.symlink_to(house.workspace / "dry-run")
    expected = {line: row for line, row in practice.oracle().items() if row.outcome != "set_aside"}
    tried = sorted(expected)[:40]
    uncertain = {line for line in tried if expected[line].codes == ("C-02",)}
    text = followed[6].text
    shown = {int(line) for line in re.findall(r"(\d+) +│ exception +│ C-02 : NIR provisoire ou non certifié", text)}
    assert shown == uncertain != set()
    assert "40 dossiers essayés sur 60 lignes" in text
    assert practice.ledger() == []
    assert [nir for nir, _ in practice.keys().values() if nir in text] == []


def test_the_run_counts_every_row_and_enters_nothing(followed: list[Said], house: House) -> None:
    expected = house.oracle()
    rows = house.rows()
    uncertain = {line for line, row in expected.items() if row.codes == ("C-02",)}
    assert {line for line, row in rows.items() if "C-02" in row.codes} == uncertain
    assert {line for line, row in rows.items() if row.outcome == "set_aside"} == {
        line for line, row in expected.items() if row.outcome == "set_aside"
    }
    assert {line for line, row in expected.items() if row.outcome == "entered"} <= {
        line for line, row in rows.items() if row.outcome == "done"
    }
    assert len(rows) == 60
    assert house.ledger() == []


def test_a_dry_run_of_a_payment_concludes_as_the_oracle_to_the_centime_and_enters_nothing(
    followed: list[Said], house: House
) -> None:
    practice = House(house.workspace.with_name("judge-payment"), cases=60)
    practice.workspace.symlink_to(house.workspace / "dry-run")
    ran = house.run("dry-run", "ij-acompte", "--cases", "60", "--json", *house.here)
    assert ran.code == 0, ran.err
    found = {
        case["line"]: (case["issue"], case["codes"], case["amount_c"], case["approval"]) for case in json.loads(ran.out)
    }
    oracle = {line: row for line, row in practice.oracle().items() if row.outcome != "set_aside"}
    assert found == {line: concluded(row) for line, row in oracle.items()}
    assert practice.ledger() == []
    assert len(house.runs()) == 1  # the guide's own


def test_nobody_waits_for_the_closing_of_a_run_that_is_not_closed(followed: list[Said]) -> None:
    assert "Clôture" not in followed[-1].text
