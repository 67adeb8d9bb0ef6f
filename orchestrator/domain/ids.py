"""Identifiers in the order of time: what is made together lies together in every index."""

from __future__ import annotations

import os
import time
from uuid import UUID

_VERSION, _VARIANT = 7 << 76, 2 << 62
_HIGH, _LOW = (1 << 12) - 1 << 64, (1 << 62) - 1


def new_id() -> UUID:
    """Return a UUID of version 7 (RFC 9562, 5.7): 48 bits of Unix milliseconds, then 74 random bits.

    Cases of one delivery are then neighbours in the indexes that begin with their ids; random ids lie on a page each.
    """
    random = int.from_bytes(os.urandom(10), "big")
    return UUID(int=time.time_ns() // 1_000_000 << 80 | _VERSION | random & _HIGH | _VARIANT | random & _LOW)
