"""``glr bench engine``: what a case costs the engine alone, without any application, beside other queues on one PostgreSQL.

Our side counts everything: attempts, events, their export to files, leases, heartbeats, the sweep. A rival runs one empty job
per case and nothing else. All are measured in one run, in rounds whose order rotates; CPU counts each program and the servers
that it uses.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from orchestrator.bench.empty_cases import EmptyCases, empty_cases
from orchestrator.bench.queues.claim_cost import ClaimCost
from orchestrator.bench.queues.lane import Ran
from orchestrator.bench.queues.lanes import Lanes
from orchestrator.bench.queues.rivals import NOT_ASKED, QueueRivals, queue_rivals, redis_at
from orchestrator.bench.queues.starts import start_latency
from orchestrator.store import embedded

Say = Callable[[str], None]
#: Jobs per CPU second of ours against the other's: 3 × procrastinate, 2 × DBOS at its best, no more than 1.3 × a bare loop.
GOALS = {"procrastinate": 3.0, "dbos_best": 2.0, "bare_skip_locked": round(1 / 1.3, 3)}
#: Seconds in which a large delivery is loaded.
GOAL_LOAD = 5.0
#: Lanes in one process: ours and those of a rival; DBOS is asked at its least and at its most.
LANES = (1, 4, 16)
_DBOS_LANES = (1, 16)
#: Lanes at which ours is compared; always measured.
COMPARED = 4


@dataclass(frozen=True, kw_only=True)
class EngineBench:
    """The benchmark in one workspace of its own."""

    workspace: Path
    #: Cases per lane and round.
    cases: int
    rounds: int
    lanes: Sequence[int]
    #: Rows of the large delivery; 0: not loaded.
    large: int
    #: Cases beside which a claim is asked what it reads, by their state.
    piles: Mapping[str, int]
    #: Cases whose start is timed.
    starts: int
    with_rivals: bool

    def run(self, say: Say) -> dict[str, Any]:
        """Measure; raises ``LaneFailed`` when a lane does not get through."""
        rivals = queue_rivals(say) if self.with_rivals else NOT_ASKED
        ours = empty_cases(self.workspace)
        try:
            with _redis(rivals) as redis:
                lanes = Lanes(ours=ours, rivals=rivals, cases=self.cases, redis=redis)
                rounds = [self._round(number, lanes, say) for number in range(self.rounds)]
                beside = {"start_latency_ms": start_latency(lanes, ours, self.starts), **self._beside(ours, say)}
            return {**report(rounds, rivals), **beside}
        finally:
            embedded.discard(self.workspace)

    def _round(self, number: int, lanes: Lanes, say: Say) -> dict[str, Ran]:
        asked = [(name, count) for name in lanes.names for count in self._counts(name)]
        first = number % len(asked)
        found = {f"{name}_{count}": lanes.run(name, count) for name, count in (*asked[first:], *asked[:first])}
        figures = ", ".join(f"{name} {found[name].per_cpu_second:.0f}" for name in sorted(found))
        say(f"manche {number + 1}, dossiers par seconde de CPU : {figures}")
        return found

    def _counts(self, lane: str) -> Sequence[int]:
        return _DBOS_LANES if lane == "dbos" else sorted({*self.lanes, COMPARED})

    def _beside(self, ours: EmptyCases, say: Say) -> dict[str, Any]:
        """Measure what is not divided by a rival's: what a claim reads, how long loading takes."""
        found: dict[str, Any] = {}
        if self.large:
            began = time.monotonic()
            asyncio.run(ours.load(self.large))
            took = round(time.monotonic() - began, 2)
            say(f"livraison de {self.large} dossiers chargée en {took} s")
            found |= {"load": {"cases": self.large, "seconds": took, "goal": GOAL_LOAD, "reached": took <= GOAL_LOAD}}
        run = asyncio.run(ours.load(100))
        cost = ClaimCost(url=ours.world.urls["owner"], caisse=ours.world.settings.caisse, run=run)
        beside = {f"{state}_cases": cases for state, cases in self.piles.items()}
        return {**found, "claim_pages": {**cost.measure(self.piles, say), **beside}}


@contextmanager
def _redis(rivals: QueueRivals) -> Iterator[tuple[int, int] | None]:
    if rivals.redis is None:
        yield None
        return
    with redis_at(rivals.redis) as running:
        yield running


def report(rounds: Sequence[Mapping[str, Ran]], rivals: QueueRivals) -> dict[str, Any]:
    """Return the figures: a ratio is of one round, its median is what counts."""
    figures = {name: [found[name].per_cpu_second for found in rounds] for name in sorted(rounds[0])}
    seconds = {name: [found[name].jobs / found[name].wall for found in rounds] for name in sorted(rounds[0])}
    ratios = {
        name: [_ratio(found, others) for found in rounds]
        for name, others in _OTHERS.items()
        if all(other in rounds[0] for other in others)
    }
    medians = {name: round(median(ratios[name]), 3) if name in ratios else None for name in _OTHERS}
    return {
        "bench": "engine",
        "rounds": len(rounds),
        "cases": next(iter(rounds[0].values())).jobs,
        "load_average": [round(value, 2) for value in os.getloadavg()],
        "jobs_per_cpu_second": {name: _spread(values) for name, values in figures.items()},
        "jobs_per_second": {name: _spread(values) for name, values in seconds.items()},
        "ratios": {name: _spread(values) for name, values in ratios.items()},
        "absent": dict(rivals.absent),
        "goals": GOALS,
        "reached": {name: (medians[name] or 0) >= goal for name, goal in GOALS.items()},
        "ratio_jobs_per_cpu_second": medians,
    }


#: With whom ours, at four lanes, is compared: of several the best.
_OTHERS = {
    "procrastinate": (f"procrastinate_{COMPARED}",),
    "celery": (f"celery_{COMPARED}",),
    "dbos_best": tuple(f"dbos_{count}" for count in _DBOS_LANES),
    "bare_skip_locked": (f"bare_skip_locked_{COMPARED}",),
}


def _ratio(found: Mapping[str, Ran], others: Sequence[str]) -> float:
    return found[f"engine_{COMPARED}"].per_cpu_second / max(found[name].per_cpu_second for name in others)


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {"min": round(min(values), 3), "median": round(median(values), 3), "max": round(max(values), 3)}
