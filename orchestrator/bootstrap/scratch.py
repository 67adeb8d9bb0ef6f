"""Where a process drafts: letters and browser profiles, full of names and numbers, stay in a folder that ends with it.
What was understood of suites says nothing of a person, and stays for the processes to come.

A process that was killed clears nothing: the next that begins on this machine does, once all who drafted there are dead.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from orchestrator.language.suites_known import BELOW

_PREFIX = "glr-brouillons-"
#: Locked by who drafts in the folder, and by every child that was given its descriptor.
_ALIVE = "alive"


@contextmanager
def scratch() -> Iterator[int]:
    """Let this process and its children draft in a new folder, thrown away at the end with all that dead ones left.

    Gives the descriptor that a child keeps open (``pass_fds``) if it may outlive this process.
    """
    root, said = Path(tempfile.gettempdir()), {name: os.environ.get(name) for name in ("TMPDIR", BELOW)}
    _clear(root)
    folder, alive = _begun(root)
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder)
    os.environ[BELOW] = said[BELOW] or str(root)
    try:
        yield alive
    finally:
        tempfile.tempdir = str(root)
        for name, value in said.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
        shutil.rmtree(folder, ignore_errors=True)
        os.close(alive)


def _begun(root: Path) -> tuple[Path, int]:
    """Make a folder that has its name only once it is locked: nobody clears it meanwhile."""
    draft = Path(tempfile.mkdtemp(dir=root, prefix=".glr-"))
    alive = os.open(draft / _ALIVE, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(alive, fcntl.LOCK_EX)
    return draft.rename(root / f"{_PREFIX}{draft.name.removeprefix('.glr-')}"), alive


def _clear(root: Path) -> None:
    """Throw away what processes of ours left that were killed; that of another account is not ours to look at."""
    for folder in root.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            _clear_dead(folder)


def _clear_dead(folder: Path) -> None:
    alive = os.open(folder / _ALIVE, os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(alive)
