"""The Robot Framework lanes of ``glr bench drivers``: what they need, got when it lacks, or the reason why it is absent.

Browser library comes from ``locks/bench.txt`` into an environment of its own: nothing of it belongs in the product.
RPA.Browser.Selenium is installed with rpaframework; its chromedriver is a package of the distribution.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

#: The folder with ``locks/``; of an installed wheel it has none.
ROOT = Path(__file__).resolve().parents[2]
_SUITES = Path(__file__).with_name("rival_suites")
_PLACE = ROOT / ".venv-bench"
_PIP = ("-m", "pip", "install", "--quiet", "--no-input", "--no-deps", "--require-hashes", "--only-binary", ":all:")
#: Longest time for an installation, seconds.
_PATIENCE = 900
#: How a bench tells what it does.
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Rival:
    """One other way to drive the same screens."""

    #: Name of its lane.
    lane: str
    #: Its Python, or None when it cannot run here.
    python: Path | None
    #: Why it cannot, in French.
    absent: str = ""

    def command(self, output: Path, job: Path) -> list[str]:
        """Return the command that works every case of a job with it."""
        return [str(self.python), str(_SUITES / "run.py"), str(_SUITES / f"{self.lane}.robot"), str(output), str(job)]


NOT_ASKED = [
    Rival(lane=lane, python=None, absent="non mesuré : --no-rivals") for lane in ("browser_library", "selenium")
]


def rivals(say: Say) -> list[Rival]:
    """Return the rivals, installing what they lack: once, and only for the bench."""
    return [_browser_library(say), _selenium(say)]


def _browser_library(say: Say) -> Rival:
    python = environment_from(ROOT / "locks" / "bench.txt", _PLACE, "Browser library, pour ce banc seulement", say)
    absent = "" if python else "absent : Browser library n'a pas pu être installée depuis locks/bench.txt"
    return Rival(lane="browser_library", python=python, absent=absent)


def environment_from(lock: Path, place: Path, what: str, say: Say) -> Path | None:
    """Return the Python of an environment with exactly what a lock file says, made once; None when it cannot be made."""
    python, mark = place / "bin" / "python", place / "lock.sha256"
    if not lock.exists():  # an installed wheel has no lock beside it
        return None
    digest = sha256(lock.read_bytes()).hexdigest()
    if not mark.exists() or mark.read_text(encoding="ascii") != digest:
        venv.create(place, clear=True, with_pip=True)
        if not install([str(python), *_PIP, "-r", str(lock)], what, say):
            return None
        mark.write_text(digest, encoding="ascii")
    return python


def _selenium(say: Say) -> Rival:
    if shutil.which("chromedriver") is None and os.geteuid() == 0 and shutil.which("apt-get"):
        install(["apt-get", "-q", "install", "-y", "chromium-driver"], "chromedriver, pour ce banc seulement", say)
    if shutil.which("chromedriver") is None:
        return Rival(lane="selenium", python=None, absent="absent : chromedriver est introuvable")
    return Rival(lane="selenium", python=Path(sys.executable))


def install(command: Sequence[str], what: str, say: Say) -> bool:
    """Run an installer quietly; True when it went well, otherwise what it said is told."""
    say(f"Installation : {what}…")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, env=quiet, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    if done.returncode != 0:
        say(done.stderr.strip())
    return done.returncode == 0
