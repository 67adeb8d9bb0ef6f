"""Rounds: a house, a delivery, faults by seed until there were enough, then calm, and the judgement of the checker."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from checker.evidence import read_all
from checker.invariants import Promise, Violation, violations
from orchestrator.campaign.agents import Agent
from orchestrator.campaign.faults import Faults
from orchestrator.campaign.house import House, make_house
from orchestrator.campaign.targets import TARGETS, Target
from orchestrator.store.embedded_errors import EmbeddedPostgresError

#: Rows of the delivery of one round; a round ends when they are worked, and another begins.
ROWS = 40
#: Seconds between two faults, drawn uniformly.
PAUSES = (0.3, 1.5)
#: Seconds in which a calm house must get on, until it has finished.
PATIENCE = 300.0
#: Seconds after a doubt is shown before the agent looks: it was left in peace already.
GRACE = 2.0
#: What the applications do wrong, by rate: 15 % of the answers to an act, and pages on the way.
ANSWERS = "before=0.05,after=0.05,drop=0.05,error=0.01,expiry=0.01"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a campaign does; the same plan draws the same faults."""

    seed: int
    #: Faults in all.
    faults: int
    only: frozenset[str] = frozenset()
    #: The guards that are taken out.
    without: frozenset[str] = frozenset()
    #: Where robots enter.
    target: Target = TARGETS["compta"]
    #: How many runners there are, of two sessions each.
    runners: int = 2
    #: Seconds of a lease.
    lease: float = 6.0
    answers: str = ANSWERS
    rows: int = ROWS
    #: The small disk that a fault fills; None: none is filled.
    disk: Path | None = None


@dataclass
class Result:
    """What came of a campaign."""

    #: Where robots entered.
    application: str
    #: By name; those at failpoints as ``point.act``.
    faults: Counter[str] = field(default_factory=Counter)
    violations: list[tuple[int, Violation]] = field(default_factory=list)
    entries: int = 0
    cases: int = 0
    rounds: int = 0
    seconds: float = 0.0

    def count(self, promise: Promise) -> int:
        """Return how often a promise was broken."""
        return sum(broken.promise is promise for _, broken in self.violations)


def run(plan: Plan, folder: Path, tell: Callable[[str], None]) -> Result:
    """Run rounds until the faults of the plan were carried out; a round's seed is the plan's plus its number."""
    result, began = Result(application=plan.target.application), time.monotonic()
    while result.faults.total() < plan.faults:
        seed = plan.seed + result.rounds
        Round(plan=plan, seed=seed, folder=folder, left=plan.faults - result.faults.total(), result=result).run()
        result.seconds = time.monotonic() - began
        so_far = f"{result.faults.total()} fautes, {result.entries} saisies, {len(result.violations)} écarts"
        tell(f"manche {result.rounds} (graine {seed}) : {so_far}")
    return result


@dataclass
class Round:
    """One round of a campaign."""

    plan: Plan
    seed: int
    folder: Path
    #: Faults that are still to be carried out.
    left: int
    result: Result

    def run(self) -> None:
        """Work a delivery under faults, let the house calm down, and judge it."""
        plan = self.plan
        house = make_house(
            self.folder, plan.target, rows=plan.rows, seed=self.seed, runners=plan.runners, lease=plan.lease,
            without=plan.without, faults=plan.answers, disk=plan.disk,
        )  # fmt: skip
        faults = Faults(
            house=house,
            random=random.Random(self.seed),  # noqa: S311 - drawn, not secret
            only=plan.only,
        )
        agent = Agent(house=house, grace=GRACE)
        try:
            house.start()
            for scenario in plan.target.scenarios:
                house.deliver(scenario, house.delivery)
            agent.come_first(faults.random)
            house.start_runners()
            for _ in self._until_worked(house, faults, agent):
                faults.hit()
            faults.calm()
            self._drain(house, agent)
            self._judge(house, faults)
        finally:
            house.stop()

    def _until_worked(self, house: House, faults: Faults, agent: Agent) -> Iterator[None]:
        while faults.total < self.left and _count(house, "campaign.busy"):
            faults.go_on()
            house.watch()
            agent.settle()
            yield
            time.sleep(faults.random.uniform(*PAUSES))

    def _drain(self, house: House, agent: Agent) -> None:
        least, end = _count(house, "campaign.moving"), time.monotonic() + PATIENCE
        while time.monotonic() < end:
            house.watch()
            house.days_pass()
            agent.settle()
            left = _count(house, "campaign.moving")
            if not left and not house.first("campaign.doubts", grace=0):
                return
            if left < least:
                least, end = left, time.monotonic() + PATIENCE
            time.sleep(1)

    def _judge(self, house: House, faults: Faults) -> None:
        seen = read_all(
            house.ledger,
            house.settings.audit_log,
            house.world.urls["owner"],
            patience=self.plan.lease + 5,
            objects=house.objects,
        )
        self.result.violations += [(self.seed, broken) for broken in violations(seen)]
        self.result.faults.update(faults.done + faults.met)
        self.result.entries += len(seen.ledger)
        self.result.cases += len(seen.cases)
        self.result.rounds += 1


def _count(house: House, asked: str) -> int:
    try:
        return int(house.first(asked)[0]["cases"])
    except (psycopg.Error, EmbeddedPostgresError):  # it was killed a moment ago
        return 1
