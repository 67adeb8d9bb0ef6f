"""A workspace's own applications: found beside the installed ones, never mixed with them without a word."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.bootstrap.scaffolds import check_name
from orchestrator.domain.errors import SettingsError

PROJECT = Path(__file__).resolve().parents[2]
#: Absolute imports, as applications write them.
TOISE = '''
from keywords.toise.models import Size
from orchestrator.domain.keywords import compute


@compute("toise.size", "Une taille.")
def size(*, text: str) -> Size:
    """Example: ``compute: toise.size``."""
    return Size(n=len(text))
'''
MODELS = "from pydantic import BaseModel\n\n\nclass Size(BaseModel):\n    n: int\n"
STEP = """  - id: size
    compute: toise.size
    with:
      text: ${stop_id}
    controls:
      C-06: size.n > 3
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in ("scenarios", "robots"):
        shutil.copytree(PROJECT / name, tmp_path / name)
    application = tmp_path / "keywords" / "toise"
    application.mkdir(parents=True)
    (application / "__init__.py").write_text(TOISE, encoding="utf-8")
    (application / "models.py").write_text(MODELS, encoding="utf-8")
    assert glr(tmp_path, "new", "scenario", "toiser", "--robot", "acompte-ij") == (0, "")
    path = tmp_path / "scenarios" / "toiser.yaml"
    text = path.read_text(encoding="utf-8")
    text = text.replace("\nschedule:", f"{STEP}\nschedule:").replace(
        "    C-03: {", "    C-06: {title: Trop court}\n    C-03: {"
    )
    path.write_text(text, encoding="utf-8")
    return tmp_path


def glr(home: Path, *arguments: str) -> tuple[int, str]:
    """Run a command in a workspace; return its exit code and what it complained of."""
    ran = subprocess.run(
        [sys.executable, "-m", "orchestrator.cli", *arguments],
        env={**os.environ, "GLR_HOME": str(home), "GLR_WORKSPACE": str(home / "data")},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stderr + (ran.stdout if ran.returncode else "")


def test_a_scenario_uses_a_keyword_that_the_workspace_brings(home: Path) -> None:
    assert glr(home, "check") == (0, "")
    shutil.rmtree(home / "keywords")
    code, said = glr(home, "check")
    assert code == 5
    assert "toise.size" in said


def test_an_installed_application_is_replaced_only_when_the_workspace_says_so(home: Path) -> None:
    shutil.copytree(PROJECT / "keywords" / "bdo", home / "keywords" / "bdo")
    code, said = glr(home, "check")
    assert code == 4
    assert "bdo existe déjà" in said
    assert "overrides: [bdo]" in said
    (home / "keywords" / "overrides.yaml").write_text("overrides: [bdo]\n", encoding="utf-8")
    assert glr(home, "check") == (0, "")
    changed = home / "keywords" / "bdo" / "models.py"
    changed.write_text(changed.read_text(encoding="utf-8").replace("deceased", "departed"), encoding="utf-8")
    code, said = glr(home, "check")
    assert code == 5, "the workspace's own models are those that count"
    assert "deceased" in said


@pytest.mark.parametrize("name", ["Verif", "été", "a b", "../a", "-a", "a--b", "a" * 61])
def test_a_name_that_cannot_be_one_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="n'est pas un nom"):
        check_name(name)


def test_a_draft_that_would_not_hold_is_not_left_behind(home: Path) -> None:
    (home / "robots" / "acompte-ij" / "robot.yaml").write_text(
        (PROJECT / "robots" / "acompte-ij" / "robot.yaml").read_text("utf-8").replace("bdo: [check,", "bdo: ["), "utf-8"
    )
    code, said = glr(home, "new", "scenario", "autre", "--robot", "acompte-ij")
    assert code == 4
    assert "droit « check » dans « bdo »" in said
    assert not (home / "scenarios" / "autre.yaml").exists()
    code, said = glr(home, "new", "scenario", "toiser", "--robot", "acompte-ij")
    assert code == 4
    assert "existe déjà" in said


def test_the_code_that_a_workspace_brings_is_part_of_the_version(home: Path) -> None:
    first = fingerprint(home)
    models = home / "keywords" / "toise" / "models.py"
    models.write_text(models.read_text("utf-8") + "\n\nLONGEST = 12\n", "utf-8")
    second = fingerprint(home)
    assert second != first
    (home / "keywords" / "autre").mkdir()
    (home / "keywords" / "autre" / "__init__.py").write_text("", "utf-8")
    assert fingerprint(home) == second, "an application that the scenario does not use is no part of it"


def fingerprint(home: Path) -> str:
    """Return the short hash that ``glr check`` says of the scenario."""
    ran = subprocess.run(
        [sys.executable, "-m", "orchestrator.cli", "check", str(home / "scenarios" / "toiser.yaml")],
        env={**os.environ, "GLR_HOME": str(home), "GLR_WORKSPACE": str(home / "data")},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout.rpartition("empreinte ")[2]


#: Keeps the version of a scenario, or restores what was kept; says why when it cannot be.
KEEP_OR_RESTORE = """
import json, pathlib, sys
from orchestrator.bootstrap.world import offline_world
from orchestrator.engine.versions import UnusableVersion, restore
from orchestrator.settings import Settings
world, kept = offline_world(Settings()), pathlib.Path(sys.argv[1])
version = world.scenario("toiser").version
if not kept.exists():
    kept.write_text(json.dumps([version.hash, dict(version.files)]))
published, files = json.loads(kept.read_text())
try:
    print(restore("toiser", published, files, world.keywords, world.settings.caisse).scenario.hash == published)
except UnusableVersion as error:
    print(error)
"""


def test_a_published_version_does_not_run_with_other_code(home: Path) -> None:
    assert kept_or_restored(home) == "True"
    models = home / "keywords" / "toise" / "models.py"
    models.write_text(models.read_text("utf-8").replace("n: int", "n: int = 0"), "utf-8")
    assert "le code des mots-clés n'est plus celui qu'elle a connu (keywords/toise/models.py)" in kept_or_restored(home)


def kept_or_restored(home: Path) -> str:
    ran = subprocess.run(
        [sys.executable, "-c", KEEP_OR_RESTORE, str(home / "version.json")],
        env={**os.environ, "GLR_HOME": str(home), "GLR_WORKSPACE": str(home / "data")},
        cwd=PROJECT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return ran.stdout.strip()
