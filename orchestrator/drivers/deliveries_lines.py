"""Physical lines of a file, one after the other, whatever is in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from orchestrator.drivers.deliveries_rules import refuse

#: Bytes; a longer line is no line of a delivery, and is not read into memory.
LONGEST_LINE = 1_000_000


def physical(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Give each line that is not blank with its number, from 1, without its end; raises ``RefusedFile`` for an endless one."""
    number = 0
    while line := file.readline(LONGEST_LINE):
        number += 1
        if len(line) == LONGEST_LINE:
            refuse(number, "ligne de plus d'un million d'octets : ce n'est pas un fichier de lignes")
        if line.strip():
            yield number, line.removesuffix(b"\n").removesuffix(b"\r")
