"""Make or refresh ``.venv`` beside the ``glr`` script: exactly the locked packages, and ours.

    python3 scripts/prepare.py          what it takes to run
    python3 scripts/prepare.py --dev    and to test

Standard library only, any Python from 3.11. Runs that collide wait for each other. Nothing is done when the lock
files have not changed since the last time; a new lock makes a new environment, so that nothing lingers; an
environment whose making was interrupted is made again; one made by hand is completed.

Our own packages are not installed: a small finder in the environment maps exactly the names that pyproject.toml
declares to this folder. A build would need build tools in the lock, and a plain path entry would also expose
``tests``, ``docs``, ``scenarios``… as importable. The finder comes first, so that a folder named ``keywords`` in
somebody's workspace can never shadow ours.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STATE = VENV / "glr-state.json"
UNAVAILABLE = 69
#: Side by side they share one line to the index.
_MOST_PIPS = 4

_FINDER = '''\
"""Maps the packages of Go-les-robots, and nothing else of their folder, to where they are. Written by prepare.py."""

import sys
from importlib.machinery import PathFinder


class GoLesRobotsFinder:
    ROOT = {root!r}
    NAMES = frozenset({names!r})

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return PathFinder.find_spec(name, [cls.ROOT]) if name in cls.NAMES else None


sys.meta_path.insert(0, GoLesRobotsFinder)
'''

_LAUNCHER = """\
#!/bin/sh
exec {python} -P -c 'import sys
from {module} import {function}
sys.argv[0] = "glr"
sys.exit({function}())' "$@"
"""


def main() -> int:
    """Prepare the environment; the exit code says whether it is ready."""
    lock = "dev" if "--dev" in sys.argv[1:] else "runtime"
    try:
        with _alone():
            _prepare(lock)
    except PermissionError as error:
        _give_up(f"{error.filename} appartient à un autre compte / belongs to another account")
    return 0


def _prepare(lock: str) -> None:
    locks = {name: _digest(ROOT / "locks" / f"{name}.txt") for name in ("runtime", "dev")}
    state = _state()
    installed = state.get("installed", {})
    is_current = installed.items() <= locks.items()
    if not is_current or state.get("root", str(ROOT)) != str(ROOT) or state.get("unfinished") or not _runs():
        _make_environment()
        installed = {}
    if not installed.keys() & {lock, "dev"}:
        _remember(unfinished=True)
        _install(lock)
        installed = {**installed, lock: locks[lock]}
    _link()
    _remember(installed=installed, root=str(ROOT))


def _make_environment() -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        _give_up(f"il manque le module venv / the venv module is missing: apt install python{version}-venv")
    _say(f"Environnement Python {version} dans {VENV}…")
    shutil.rmtree(VENV, ignore_errors=True)
    _run([[sys.executable, "-I", "-m", "venv", VENV]], "création de l'environnement")


def _install(lock: str) -> None:
    packages = _packages((ROOT / "locks" / f"{lock}.txt").read_text(encoding="utf-8"))
    _say(f"Installation de {len(packages)} bibliothèques (une à deux minutes la première fois)…")
    started = time.monotonic()
    options = ["--quiet", "--no-input", "--disable-pip-version-check", "--no-deps", "--require-hashes", "--no-compile"]
    options += ["--only-binary", ":all:"]  # nothing is compiled, and no build tool comes without a hash
    # Side by side: pip asks for one package after the other, on one core. What each brings is its own.
    pips = min(os.cpu_count() or 1, _MOST_PIPS, len(packages))
    parts = {VENV / f"lock-{number}.txt": "".join(packages[number::pips]) for number in range(pips)}
    for path, text in parts.items():
        _write(path, text)
    pip: list[str | Path] = [PYTHON, "-I", "-m", "pip", "install", *options, "-r"]
    _run([[*pip, path] for path in parts], "installation des bibliothèques")
    # As pip does, but on every core, and without what libraries test themselves with, a fifth of it; what does not compile (a
    # template in a library, say) is nobody's import.
    options = ["-q", "-q", "-j", "0", "-x", r"/tests/"]
    subprocess.run([PYTHON, "-I", "-m", "compileall", *options, VENV / "lib"], check=False)
    _say(f"Bibliothèques installées en {time.monotonic() - started:.0f} s.")


def _packages(lock: str) -> list[str]:
    """Return the entries of a lock file, each with its hashes: lines that go on end with a backslash."""
    return re.findall(r"(?m)^(?:.*\\\n)*.+\n?", lock)


def _link() -> None:
    """Write what makes our packages importable, known to ``importlib.metadata``, and ``glr`` a command."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    declared, names = project["project"], project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    site = next(VENV.glob("lib/python3.*/site-packages"))
    _write(site / "_go_les_robots.py", _FINDER.format(root=str(ROOT), names=sorted(names)))
    _write(site / "_go_les_robots.pth", "import _go_les_robots\n")
    about = f"{declared['name'].replace('-', '_')}-{declared['version']}.dist-info"
    for outdated in site.glob("go_les_robots-*.dist-info"):
        if outdated.name != about:
            shutil.rmtree(outdated)
    metadata = f"Metadata-Version: 2.1\nName: {declared['name']}\nVersion: {declared['version']}\n"
    _write(site / about / "METADATA", metadata)
    module, _, function = declared["scripts"]["glr"].partition(":")
    launcher = _LAUNCHER.format(python=shlex.quote(str(PYTHON)), module=module, function=function)
    _write(VENV / "bin" / "glr", launcher, mode=0o755)


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the lock of this folder; it needs no file and dies with us."""
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("Une autre commande prépare l'environnement, attente…")
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _runs() -> bool:
    """Whether the environment's Python still works (it does not after an upgrade of the system's)."""
    try:
        done = subprocess.run([PYTHON, "-I", "-c", "import pip"], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def _run(commands: Sequence[Sequence[str | Path]], what: str) -> None:
    """Run commands side by side; gives up once all have ended, if one failed."""
    with ThreadPoolExecutor(len(commands)) as pool:
        ended = list(pool.map(_ended, commands))
    failed = [done for done in ended if done.returncode != 0]
    for done in failed:
        sys.stderr.write(done.stdout)
    if failed:
        _give_up(f"échec : {what} (code {failed[0].returncode}) / failed, see above")


def _ended(command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env={**os.environ, "PIP_USER": "0"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )


def _state() -> Mapping[str, dict[str, str]]:
    try:
        return dict(json.loads(STATE.read_text(encoding="utf-8")))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}


def _remember(**state: object) -> None:
    _write(STATE, json.dumps(state))


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a whole file by one rename, unless it already says so."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(text, encoding="utf-8")
    partial.chmod(mode)
    partial.replace(path)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _say(what: str) -> None:
    sys.stderr.write(f"glr : {what}\n")
    sys.stderr.flush()


def _give_up(why: str) -> NoReturn:
    _say(why)
    raise SystemExit(UNAVAILABLE)


if __name__ == "__main__":
    raise SystemExit(main())
