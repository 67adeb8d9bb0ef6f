"""A disk of its own, small, that is full for a while."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

#: A disk that may be filled is no larger than this, in bytes: never one that others use by mistake.
LARGEST = 4 << 30
#: What is taken at once, in bytes: much first, then what is left.
_PIECES = (64 << 20, 1 << 20, 4 << 10)
_MOUNT = "En monter un petit (tmpfs), pour la campagne seule."


def why_not(folder: Path) -> str:
    """Return why a disk may not be filled; empty when it may: one of its own, small."""
    found = os.statvfs(folder)
    if found.f_blocks * found.f_frsize > LARGEST:
        return f"{folder} est sur un disque de plus de {LARGEST >> 30} Gio. {_MOUNT}"
    return "" if os.path.ismount(folder) else f"{folder} n'est pas un disque à part. {_MOUNT}"


@contextmanager
def full(folder: Path) -> Iterator[None]:
    """Leave no room on the disk of a folder."""
    ballast = folder / "ballast"
    try:
        with ballast.open("wb") as file:
            taken = 0
            for piece in _PIECES:
                with suppress(OSError):
                    while True:
                        os.posix_fallocate(file.fileno(), taken, piece)
                        taken += piece
            yield
    finally:
        ballast.unlink()
