"""The ``glr`` script makes its environment: a folder with a small lock, spaces in its path, really installed."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from orchestrator.store import embedded

REPOSITORY = Path(embedded.__file__).parents[2]
PYPROJECT = """\
[project]
name = "go-les-robots"
version = "9.8.7"
[project.scripts]
glr = "orchestrator.cli:main"
[tool.hatch.build.targets.wheel]
packages = ["orchestrator"]
"""
COMMAND = """\
import importlib.metadata, importlib.util, json, sys

def main():
    names = ("orchestrator", "docs", "un", "deux")
    print(json.dumps({
        "arguments": sys.argv,
        "importable": [name for name in names if importlib.util.find_spec(name)],
        "version": importlib.metadata.version("go-les-robots"),
        "path": __file__,
    }))
    return 7 if "--fail" in sys.argv else 0
"""


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a clone with one command, one locked package ``un``, a folder that is no package, a half-made ``.venv``."""
    folder = tmp_path_factory.mktemp("glr") / "un dépôt d'essai"
    for name in ("scripts", "locks", "orchestrator", "docs"):
        (folder / name).mkdir(parents=True)
    shutil.copy(REPOSITORY / "glr", folder)
    shutil.copy(REPOSITORY / "scripts" / "prepare.py", folder / "scripts")
    (folder / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    (folder / "orchestrator" / "__init__.py").touch()
    (folder / "orchestrator" / "cli.py").write_text(COMMAND, encoding="utf-8")
    lock(folder, "un")
    (folder / ".venv" / "lib").mkdir(parents=True)
    (folder / ".venv" / "lib" / "half-installed").touch()
    (folder / ".venv" / "glr-state.json").write_text('{"unfinished": true}', encoding="utf-8")
    return folder


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Give a current folder with an ``orchestrator`` of its own, which must not shadow ours."""
    (tmp_path / "orchestrator").mkdir()
    (tmp_path / "orchestrator" / "__init__.py").write_text("raise SystemExit('shadowed')", encoding="utf-8")
    return tmp_path


def wheel(folder: Path, name: str) -> Path:
    path = folder / f"{name}-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", "")
        archive.writestr(f"{name}-1.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        archive.writestr(f"{name}-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{name}-1.dist-info/RECORD", "")
    return path


def lock(folder: Path, name: str, digest: str | None = None) -> None:
    path = wheel(folder, name)
    digest = digest or hashlib.sha256(path.read_bytes()).hexdigest()
    line = f"{name} @ {path.as_uri()} --hash=sha256:{digest}\n"
    for kind in ("runtime", "dev"):
        (folder / "locks" / f"{kind}.txt").write_text(line, encoding="utf-8")


def start(clone: Path, elsewhere: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start ``glr`` with an almost empty environment from another folder."""
    python = getattr(sys, "_base_executable", sys.executable)
    return subprocess.Popen(
        [str(clone / "glr"), *arguments],
        cwd=elsewhere,
        env={"PATH": "/usr/bin:/bin", "HOME": str(elsewhere), "GLR_PYTHON": python, "PIP_NO_INDEX": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def glr(clone: Path, elsewhere: Path, *arguments: str) -> tuple[int, str, str]:
    with start(clone, elsewhere, *arguments) as process:
        said, progress = process.communicate(timeout=300)
    return process.returncode, said, progress


def test_two_first_runs_at_once_make_one_environment_and_both_run(clone: Path, elsewhere: Path) -> None:
    processes = [start(clone, elsewhere, "--help") for _ in range(2)]
    ended = [process.communicate(timeout=300) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], ended
    expected = {
        "arguments": ["glr", "--help"],
        "importable": ["orchestrator", "un"],
        "version": "9.8.7",
        "path": str(clone / "orchestrator" / "cli.py"),
    }
    assert [json.loads(said) for said, _ in ended] == [expected, expected]
    assert sum("bibliothèques (" in progress for _, progress in ended) == 1
    assert not (clone / ".venv" / "lib" / "half-installed").exists()


def test_the_next_run_says_nothing_and_gives_the_commands_own_exit_code(clone: Path, elsewhere: Path) -> None:
    code, said, progress = glr(clone, elsewhere, "check", "un scénario", "--fail")
    assert (code, progress) == (7, "")
    assert json.loads(said)["arguments"] == ["glr", "check", "un scénario", "--fail"]


def test_a_package_that_is_not_the_locked_one_is_refused_with_pips_own_words(clone: Path, elsewhere: Path) -> None:
    lock(clone, "deux", digest="0" * 64)
    code, said, progress = glr(clone, elsewhere)
    assert (code, said) == (69, "")
    assert "DO NOT MATCH THE HASHES" in progress
    assert progress.splitlines()[-1] == "glr : échec : installation des bibliothèques (code 1) / failed, see above"
    assert not list(clone.glob(".venv/lib/*/site-packages/un*")), "a new lock makes a new environment"


def test_without_any_python_one_line_says_so(clone: Path, elsewhere: Path) -> None:
    programs = elsewhere / "bin"
    programs.mkdir()
    for name in ("readlink", "dirname"):
        found = shutil.which(name)
        (programs / name).symlink_to(str(found))
    done = subprocess.run(
        ["/bin/sh", str(clone / "glr"), "demo"],
        env={"PATH": str(programs)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (69, "")
    assert done.stderr == (
        "glr : il faut Python 3.11 ou plus récent (apt install python3 python3-venv) / Python 3.11 or newer is needed\n"
    )
