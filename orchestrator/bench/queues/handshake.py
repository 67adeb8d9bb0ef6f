"""What the program of a lane says and hears; standard library alone, since rivals live in an environment of their own."""

from __future__ import annotations

import sys


def ready() -> None:
    """Say that the program may be measured from now on, and wait until it is."""
    _say("ready")


def done(jobs: int) -> None:
    """Say how many jobs were done, and wait until that was measured: connections stay open until then."""
    _say(f"done {jobs}")


def held(references: list[str]) -> None:
    """Say which cases are held, and hold them until the end."""
    _say(" ".join(references))


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()
    sys.stdin.readline()
