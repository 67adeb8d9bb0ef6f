"""Keys of a delivery, to see which come twice: sixteen bytes a row, however many there are."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from struct import Struct

_DIGEST = 12
#: A digest and its line.
_NOTE = Struct(f">{_DIGEST}sI")


class Keys:
    """What was seen, as digests alone."""

    def __init__(self) -> None:
        self._seen = [bytearray() for _ in range(256)]

    def note(self, key: str, line: int) -> None:
        """Remember the key of a good row; lines come in their order."""
        digest = hashlib.blake2b(key.encode(), digest_size=_DIGEST).digest()
        self._seen[digest[0]] += _NOTE.pack(digest, line)

    def twice(self) -> Iterator[tuple[int, int]]:
        """Give each line whose key an earlier line has, and that line."""
        for seen in self._seen:
            first: dict[bytes, int] = {}
            for digest, line in _NOTE.iter_unpack(seen):
                if first.setdefault(digest, line) != line:
                    yield line, first[digest]
