"""Points at which the process of a session waits while a file is there; named by suites of tests, in that process alone."""

from __future__ import annotations

import asyncio
import os
import re
import time
from pathlib import Path

from orchestrator.engine import session
from orchestrator.engine.lease import LeasePermit
from orchestrator.suites import host

#: Names the folder of the files.
FOLDER = "SUITE_HOLDS"


def hold(point: str) -> None:
    """Wait here, in the main thread."""
    while reached(point):
        time.sleep(0.05)


def hold_at_the_fence(point: str) -> None:
    """Wait where the act asks for its permit, in the loop thread: after the intent, before the request."""
    asked = LeasePermit.holds

    async def holds(permit: LeasePermit) -> bool:
        while reached(point):  # noqa: ASYNC110 - a file tells
            await asyncio.sleep(0.05)
        return await asked(permit)

    setattr(LeasePermit, "holds", holds)  # noqa: B010 - of this process


def spin(point: str) -> None:
    """Never end, whatever is raised here; the next cases of this process may last seconds only."""
    setattr(session, "CASE_LIMIT", 4.0)  # noqa: B010 - of this process
    setattr(host, "SETTLE", 1.0)  # noqa: B010
    while reached(point):
        try:
            while reached(point):
                pass
        except BaseException:  # noqa: BLE001 - that is the point
            continue


def keep_the_interpreter(point: str) -> None:
    """Let no thread of this process run, not even its heartbeat."""
    if reached(point):
        re.match(r"(a|aa)+$", "a" * 90 + "b")


def reached(point: str) -> bool:
    """Say that a point was reached, when it is held."""
    place = Path(os.environ[FOLDER])
    if not (place / point).exists():
        return False
    (place / f"{point}.reached").touch()
    return True
