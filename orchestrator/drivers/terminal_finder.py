"""Which ``s3270`` drives the green screens, and getting it when the machine has none (package of that name)."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from orchestrator.domain.errors import ApplicationException
from orchestrator.drivers.browser_finder import Say, install_packages

VARIABLE = "GLR_S3270"
_PACKAGE = "s3270"


class TerminalNotFound(ApplicationException):
    """Aucun programme s3270."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(
            f"{detail}Aucun programme s3270, qu'il faut pour les applications de type terminal : installer "
            f"`apt install {_PACKAGE}`, ou donner son chemin dans {VARIABLE}. Les autres scénarios n'en ont pas besoin."
        )


def find_terminal() -> Path:
    """Return the program.

    :raises TerminalNotFound: there is none, or ``GLR_S3270`` names nothing that can be executed.
    """
    given = os.environ.get(VARIABLE)
    found = shutil.which(given or _PACKAGE)
    if found is None:
        raise TerminalNotFound(f"{VARIABLE}={given} n'est pas un programme. " if given else "")
    return Path(found)


def ensure_terminal(say: Say = lambda _: None) -> Path:
    """Return the program, installing its package first when there is none and we may.

    :raises TerminalNotFound: it could not be installed; the sentence says what to do.
    """
    try:
        return find_terminal()
    except TerminalNotFound:
        if os.environ.get(VARIABLE) or os.geteuid() != 0 or shutil.which("apt-get") is None:
            raise
    install_packages(say, _PACKAGE)
    return find_terminal()


def main() -> int:
    """Make sure that there is one; without it only what drives green screens fails, so that the exit code is 0 all the same."""
    try:
        ensure_terminal(lambda said: sys.stderr.write(f"{said}\n"))
    except TerminalNotFound as error:
        sys.stderr.write(f"{error}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
