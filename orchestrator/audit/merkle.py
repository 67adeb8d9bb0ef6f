"""The Merkle tree of a day's lines (RFC 6962): one root says all of them, a short path proves that one is among them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

#: The root of no line at all.
EMPTY = sha256(b"").digest()


def leaf(line: bytes) -> bytes:
    """Return the hash of a line, without its newline."""
    return sha256(b"\0" + line).digest()


class Tree:
    """A tree over leaves in order; 64 bytes and more of memory a leaf."""

    def __init__(self, leaves: Iterable[bytes]) -> None:
        self._levels: list[Sequence[bytes]] = [list(leaves)]
        while len(self._levels[-1]) > 1:
            self._levels.append(_above(self._levels[-1]))

    @property
    def size(self) -> int:
        """How many leaves it has."""
        return len(self._levels[0])

    @property
    def root(self) -> bytes:
        """What says all of them."""
        return self._levels[-1][0] if self.size else EMPTY

    def path(self, index: int) -> list[bytes]:
        """Return the hashes that lead from a leaf to the root, the nearest first; raises ``IndexError``."""
        if not 0 <= index < self.size:
            raise IndexError(index)
        found = []
        for level in self._levels[:-1]:
            beside = index ^ 1
            found += [level[beside]] if beside < len(level) else []  # the last of an odd level goes up alone
            index //= 2
        return found


def _above(level: Sequence[bytes]) -> list[bytes]:
    pairs = [sha256(b"\1" + level[n] + level[n + 1]).digest() for n in range(0, len(level) - 1, 2)]
    return [*pairs, level[-1]] if len(level) % 2 else pairs
