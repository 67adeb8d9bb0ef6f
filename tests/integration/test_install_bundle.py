"""A bundle installs, upgrades and goes back on a server without any route; what was changed on its way is refused."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ROOT = Path(__file__).parents[2]
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = base64.b64encode(KEY.public_key().public_bytes_raw()).decode()
PYPROJECT = """\
[project]
name = "go-les-robots"
version = "{version}"
[project.scripts]
glr = "orchestrator.cli:main"
[tool.hatch.build.targets.wheel]
packages = ["orchestrator"]
"""
COMMAND = "import importlib.metadata, un\n\ndef main():\n    print(importlib.metadata.version('go-les-robots'))\n"


def _cut_off() -> list[str]:
    """Return what runs a command in a network namespace without any route, as root; else skips."""
    words = ["unshare", "--net"]
    allowed = os.geteuid() == 0 and shutil.which("unshare") and not subprocess.call([*words, "true"], stderr=-3)
    if not allowed:
        pytest.skip("un espace réseau sans route demande root et unshare")
    return words


def _bundle(folder: Path, version: str, migrations: int) -> Path:
    """Make a bundle of a programme of one command that needs one locked library, as ``glr bundle`` lays it out."""
    source, bundle = folder / f"source-{version}", folder / f"go-les-robots-{version}-abc"
    (source / "orchestrator" / "store" / "migrations").mkdir(parents=True)
    for number in range(migrations):
        (source / "orchestrator" / "store" / "migrations" / f"{number:04}.sql").touch()
    (source / "orchestrator" / "__init__.py").touch()
    (source / "orchestrator" / "cli.py").write_text(COMMAND, "utf-8")
    (source / "pyproject.toml").write_text(PYPROJECT.format(version=version), "utf-8")
    (source / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "prepare.py", source / "scripts")
    (bundle / "wheels").mkdir(parents=True)
    (source / "locks").mkdir()
    for kind in ("runtime", "dev"):
        (source / "locks" / f"{kind}.txt").write_text(f"un==1 --hash=sha256:{_wheel(bundle / 'wheels')}\n", "ascii")
    with tarfile.open(bundle / "source.tar", "w") as archive:
        archive.add(source, ".")
    shutil.copy(ROOT / "deploy" / "install.py", bundle)
    about = {"name": bundle.name, "python": f"{sys.version_info.major}.{sys.version_info.minor}"}
    (bundle / "bundle.json").write_text(json.dumps({**about, "machine": platform.machine()}), "ascii")
    files = sorted(path for path in bundle.rglob("*") if path.is_file())
    sums = "".join(f"{_digest(path)}  {path.relative_to(bundle).as_posix()}\n" for path in files).encode()
    (bundle / "SHA256SUMS").write_bytes(sums)
    (bundle / "SHA256SUMS.sig").write_bytes(KEY.sign(sums))
    return bundle


def _wheel(folder: Path) -> str:
    path = folder / "un-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("un.py", "")
        archive.writestr("un-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: un\nVersion: 1\n")
        archive.writestr("un-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("un-1.dist-info/RECORD", "")
    return _digest(path)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _install(bundle: Path, to: Path, *words: str) -> tuple[int, str]:
    python = getattr(sys, "_base_executable", sys.executable)
    done = subprocess.run(
        [*_cut_off(), python, "-I", str(bundle / "install.py"), "--to", str(to), *words],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


def _serves(to: Path) -> str:
    return subprocess.run(
        [to / "current" / ".venv" / "bin" / "glr"], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_a_server_without_a_route_installs_upgrades_and_goes_back(tmp_path: Path) -> None:
    to = tmp_path / "opt"
    first, second = _bundle(tmp_path, "1", 1), _bundle(tmp_path, "2", 2)
    assert _install(first, to, "--key", PUBLIC)[0] == 0
    assert _serves(to) == "1"
    code, said = _install(second, to)  # the key was kept
    assert (code, _serves(to)) == (0, "2"), said
    assert "Signature vérifiée" in said
    code, said = _install(second, to, "--back")
    assert (code, _serves(to)) == (1, "2")
    assert "0001.sql" in said
    assert _install(second, to, "--back", "--restored")[0] == 0
    assert _serves(to) == "1"

    (second / "SHA256SUMS.sig").write_bytes(bytes(64))
    assert _install(second, to)[0] == 1
    (first / "wheels" / "un-1-py3-none-any.whl").write_bytes(b"autre chose")
    code, said = _install(first, to)
    assert (code, _serves(to)) == (1, "1")
    assert "wheels/un-1-py3-none-any.whl" in said
