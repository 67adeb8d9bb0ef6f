"""How soon a case is begun after its instant has come, while a session lives: instants a little apart, one session."""

from __future__ import annotations

import asyncio
from datetime import datetime
from statistics import quantiles
from uuid import UUID

import psycopg

from orchestrator.bench.empty_cases import EmptyCases
from orchestrator.bench.queues.lanes import Lanes
from orchestrator.store.database import SEARCH_PATH
from orchestrator.store.queries import query

#: Seconds between two instants, on average.
_APART = 0.1


def start_latency(lanes: Lanes, ours: EmptyCases, cases: int) -> dict[str, float]:
    """Return milliseconds from ready to begun: median, 95th percentile, longest."""
    run = asyncio.run(ours.load(cases))
    with psycopg.connect(ours.world.urls["owner"], options=SEARCH_PATH, autocommit=True) as owner:
        owner.execute(query("bench.unwatched"))
        ready: dict[UUID, datetime] = dict(
            owner.execute(query("bench.spread"), {"run": run, "seconds": cases * _APART}).fetchall()
        )
        lanes.engine(1)
        begun: dict[UUID, datetime] = dict(owner.execute(query("bench.begun"), {"run": run}).fetchall())
    late = [(begun[case] - ready[case]).total_seconds() * 1000 for case in ready]
    cut = quantiles(late, n=20)
    return {"median": round(cut[9], 1), "p95": round(cut[18], 1), "max": round(max(late), 1)}
