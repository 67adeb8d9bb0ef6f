"""Our own programs, hurt: ``python -m orchestrator.campaign.hurt FOLDER COMMAND …`` is ``glr COMMAND …`` as a plan says.

A session gets failpoints, a short lease, and loses the guard that the plan takes out; a runner starts such sessions.
"""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path

from orchestrator.bootstrap.runners import build_runner
from orchestrator.bootstrap.world import World
from orchestrator.campaign import guards, points
from orchestrator.cli import main, runner
from orchestrator.engine import lease, turns
from orchestrator.engine.runner import Runner


def hurt(folder: Path, command: str) -> None:
    """Change this process as the plan in ``folder`` says."""
    plan = json.loads((folder / "plan.json").read_text(encoding="ascii"))
    _shorten(plan["lease"])
    if command == "runner":
        _start_hurt_sessions(folder)
    if command == "session":
        for name in plan["without"]:
            guards.GUARDS[name].take_out()
        points.install(folder)


def _shorten(seconds: float) -> None:
    """Let leases end sooner, so that many faults fit in an hour; the margin and the beat shrink with them."""
    part = seconds / lease.LEASE.total_seconds()
    lease.MARGIN, lease.BEAT = lease.MARGIN * part, lease.BEAT * part
    for module in (lease, turns):
        module.LEASE = timedelta(seconds=seconds)  # type: ignore[attr-defined]


def _start_hurt_sessions(folder: Path) -> None:
    def build(world: World, alive: int) -> Runner:
        built = build_runner(world, alive)
        built.session_command = [sys.executable, "-m", __spec__.name, str(folder), "session"]
        # who was frozen is to wake, and be fenced: its runner would end it first
        built._kill = lambda session: None  # type: ignore[method-assign] # noqa: ARG005, SLF001
        return built

    runner.build_runner = build  # type: ignore[attr-defined]


if __name__ == "__main__":
    where, *given = sys.argv[1:]
    sys.argv = ["glr", *given]
    hurt(Path(where), given[0])
    main()
