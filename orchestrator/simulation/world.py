"""What a machine gives a process, made up for one history: the clocks and random numbers, so that a seed is a history."""

from __future__ import annotations

import os
import random
import secrets
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from orchestrator.domain.civil import SystemClock
from orchestrator.engine import lease
from orchestrator.simulation.virtual_time import VirtualLoop


@contextmanager
def made_up(loop: VirtualLoop, seed: int) -> Iterator[None]:
    """Let everything in this process ask the loop for the time, and a seed for identifiers, keys and nonces."""
    drawn = random.Random(f"{seed}, numbers")  # noqa: S311 - nothing of a history is secret
    own, real = threading.get_ident(), os.urandom

    def urandom(size: int) -> bytes:
        """Give what the seed draws, and to threads that have nothing to do with the history something of their own."""
        return drawn.randbytes(size) if threading.get_ident() == own else real(size)

    with ExitStack() as stack:
        for owner, name, other in (
            (lease, "boot_clock", loop.time),
            (lease, "wall_clock", loop.wall),
            (SystemClock, "now", lambda _: loop.now()),
            (os, "urandom", urandom),  # uuid4 draws from it too
            (secrets, "randbelow", drawn.randrange),
        ):
            stack.enter_context(instead(owner, name, other))
        yield


@contextmanager
def instead(owner: Any, name: str, other: Any) -> Iterator[None]:  # noqa: ANN401 - a module or a class
    """Put something in the place of what an owner has under a name, and put that back."""
    before = getattr(owner, name)
    setattr(owner, name, other)
    try:
        yield
    finally:
        setattr(owner, name, before)
