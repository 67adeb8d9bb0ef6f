"""What the rivals of ``glr bench engine`` need, got when it lacks, or the reason why one is absent.

Celery and DBOS come from ``locks/bench-engine.txt`` into an environment of their own, Redis from the distribution: for the
bench alone, nothing of it belongs in the product.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.bench.rivals import ROOT, Say, environment_from, install
from orchestrator.bootstrap.processes import port_at

_LOCK, _PLACE = ROOT / "locks" / "bench-engine.txt", ROOT / ".venv-bench-engine"


@dataclass(frozen=True, kw_only=True)
class QueueRivals:
    """What of the others can run here."""

    #: The Python of Celery and DBOS; None when it could not be made.
    python: Path | None
    #: ``redis-server``, or None.
    redis: str | None
    #: Why a lane is absent, in French, by lane.
    absent: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """Lets their Python find the programs of the lanes, which import nothing of ours but the handshake."""
        return {"PYTHONPATH": str(ROOT)}


NOT_ASKED = QueueRivals(python=None, redis=None, absent=dict.fromkeys(("celery", "dbos"), "non mesuré : --no-rivals"))


def queue_rivals(say: Say) -> QueueRivals:
    """Return the rivals, installing what they lack: once, and only for the bench."""
    python = environment_from(_LOCK, _PLACE, "Celery et DBOS, pour ce banc seulement", say)
    if python is None:
        return QueueRivals(
            python=None,
            redis=None,
            absent=dict.fromkeys(("celery", "dbos"), f"absent : {_LOCK.name} n'a pas pu servir"),
        )
    if shutil.which("redis-server") is None and os.geteuid() == 0 and shutil.which("apt-get"):
        install(["apt-get", "-q", "install", "-y", "redis-server"], "redis-server, pour ce banc seulement", say)
    redis = shutil.which("redis-server")
    return QueueRivals(
        python=python, redis=redis, absent={} if redis else {"celery": "absent : redis-server est introuvable"}
    )


@contextmanager
def redis_at(program: str) -> Iterator[tuple[int, int]]:
    """Run a Redis that keeps nothing on disk; give its process and port."""
    port = port_at("127.0.0.1", 0)
    command = [program, "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", tempfile.gettempdir()]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    try:
        yield server.pid, port
    finally:
        server.terminate()
        server.wait(20)
