"""Other people's programs that a bundle is made with: git, pip, apt."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from orchestrator.domain.errors import SettingsError


class CannotBundle(SettingsError):
    """Un paquet d'installation n'a pas pu être fait : rien n'a été écrit."""

    def __init__(self, why: str) -> None:
        super().__init__(f"Paquet d'installation pas fait, rien n'a été écrit : {why}")


def said_by(command: Sequence[str], what: str) -> bytes:
    """Run a program and return what it says; raises :class:`CannotBundle` with its own last lines."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except OSError as error:
        raise CannotBundle(f"{what} : {error.strerror} ({command[0]})") from None
    if done.returncode:
        words = "\n".join(done.stderr.decode(errors="replace").splitlines()[-5:])
        raise CannotBundle(f"{what} (code {done.returncode})\n{words}")
    return done.stdout
