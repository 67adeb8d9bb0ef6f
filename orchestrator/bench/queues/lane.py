"""One lane: its program says ``ready``, is told ``go``, says ``done`` (:mod:`.handshake`); CPU is counted between the two.

Start-up, connections and the filling of the queue are on no side.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.bench.cpu import tree_cpu
from orchestrator.domain.errors import GlrError

#: Longest time for one lane, seconds.
PATIENCE = 600.0


class LaneFailed(GlrError):
    """Une voie du banc n'a pas abouti."""

    def __init__(self, lane: str, said: str) -> None:
        super().__init__(f"La voie « {lane} » du banc n'a pas abouti.\n{said}".strip())


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What one lane did."""

    jobs: int
    #: CPU seconds of its program and of the servers that it used.
    cpu: float
    #: Of these, those of its program alone.
    client: float
    wall: float
    #: Resident memory of its program at its highest, MB.
    peak: float

    @property
    def per_cpu_second(self) -> float:
        """Jobs per second of CPU."""
        return self.jobs / self.cpu


@dataclass(frozen=True, kw_only=True)
class Lane:
    """One program that works empty jobs."""

    name: str
    #: The program; the job is its last argument, as JSON.
    command: Sequence[str]
    job: Mapping[str, Any]
    environment: Mapping[str, str] = field(default_factory=dict)
    #: Processes that work for it beside its own: servers.
    servers: Sequence[int] = ()
    #: Fills the queue after the program said that it is ready, for a worker that begins by itself.
    fill: Callable[[], None] | None = field(default=None)

    def run(self) -> Ran:
        """Run it once; raises :class:`LaneFailed`."""
        with subprocess.Popen(
            [*self.command, json.dumps(self.job)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env={**os.environ, **self.environment},
        ) as child:  # fmt: skip
            try:
                return self._measured(child)
            except (LaneFailed, OSError):
                child.kill()
                said = child.stderr.read() if child.stderr else ""
                raise LaneFailed(self.name, said[-2000:]) from None

    def _measured(self, child: subprocess.Popen[str]) -> Ran:
        _hear(self.name, child, "ready")
        began, wall, own = self._cpu(child.pid), time.monotonic(), tree_cpu(child.pid)
        if self.fill is not None:
            self.fill()
        _say(child, "go")
        jobs = int(_hear(self.name, child, "done"))
        lasted, own = time.monotonic() - wall, tree_cpu(child.pid) - own
        used, peak = self._cpu(child.pid) - began, _peak(child.pid)
        _say(child, "end")
        with suppress(subprocess.TimeoutExpired):
            child.wait(20)
        return Ran(jobs=jobs, cpu=used, client=own, wall=lasted, peak=peak)

    def _cpu(self, pid: int) -> float:
        return sum(tree_cpu(one) for one in (pid, *self.servers))


def _peak(pid: int) -> float:
    """The highest resident memory of one process, as the kernel kept it."""
    said = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s+(\d+) kB", said)[1]) / 1024  # type: ignore[index]


def _hear(lane: str, child: subprocess.Popen[str], word: str) -> str:
    line = child.stdout.readline().strip() if child.stdout else ""
    said, _, rest = line.partition(" ")
    if said != word:
        raise LaneFailed(lane, line)
    return rest


def _say(child: subprocess.Popen[str], word: str) -> None:
    if child.stdin:
        child.stdin.write(word + "\n")
        child.stdin.flush()
