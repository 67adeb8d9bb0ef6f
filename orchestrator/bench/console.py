"""``glr bench console``: how long each query of the console takes in the database, beside many cases that have ended."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import md5
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import DictRow, dict_row

from orchestrator.bench.empty_cases import SCENARIO, empty_cases
from orchestrator.store import embedded
from orchestrator.store.database import SEARCH_PATH
from orchestrator.store.queries import names, query

Say = Callable[[str], None]
#: 95 of a hundred askings of a query take no longer, in ms.
GOAL_MS = 20.0
#: Cases of one run, and how many of the newest run's wait for somebody.
_ROWS, _OPEN = 5_000, 2_000
_FILLS = (
    "runs",
    "cases",
    "attempts",
    "sessions",
    "indexed",
    "captures",
    "entries",
    "tries",
    "approvals",
    "exceptions",
    "closings",
    "open_amounts",
)
_GROUPS = ("console", "bordereaux", "gaps", "by_hand", "further", "hand_overs", "open_amounts")
#: What a query calls by a name that another gives to something else.
_OWN = {
    "console.run": {"id": "run"}, "console.capture": {"digest": "capture"}, "console.runs": {"limit": "runs"},
    "open_amounts.page": {"run": "reading"}, "open_amounts.totals": {"run": "reading"},
}  # fmt: skip
#: The newest run, whose rows were a list of money that is open.
_READING = UUID(md5(b"run 1", usedforsecurity=False).hexdigest())
_MEASURED = "explain (analyze, buffers, timing off, format json) "
_PARAMETER = re.compile(r"%\((\w+)\)s")
_READS = re.compile(r"\A(--.*\n)*\s*(select|with)\b(?!.*\bfor update\b)", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class ConsoleBench:
    """The measure in one workspace of its own."""

    workspace: Path
    #: Cases that the database holds, in runs of 5,000 each; nearly all have ended.
    cases: int
    #: How often each query is asked, each time about another case and run.
    times: int
    seed: int = 1

    def run(self, say: Say) -> dict[str, Any]:
        """Fill and measure: milliseconds, planning included, and pages read."""
        ours = empty_cases(self.workspace)
        try:
            run = asyncio.run(ours.load(1))
            urls, caisse = ours.world.urls, ours.world.settings.caisse
            with psycopg.connect(urls["owner"], options=SEARCH_PATH, autocommit=True) as owner:
                fill(owner, run, max(1, self.cases // _ROWS), say)
            with psycopg.connect(
                urls["glr_console"], options=SEARCH_PATH, autocommit=True, row_factory=dict_row
            ) as console:
                found = self._ask(console, caisse, say)
        finally:
            embedded.discard(self.workspace)
        slow = [name for name, figures in found.items() if figures["p95_ms"] >= GOAL_MS]
        return {"bench": "console", "cases": self.cases, "goal_ms": GOAL_MS, "slow": slow, "queries": found}

    def _ask(self, console: psycopg.Connection[DictRow], caisse: str, say: Say) -> dict[str, dict[str, Any]]:
        asked = list(_values(console, caisse, max(1, self.cases // _ROWS), random.Random(self.seed), self.times))  # noqa: S311
        found = {}
        for name in readable(asked[0]):
            found[name] = figures([explained(console, name, values) for values in asked])
            say(
                "{name:36} médiane {median_ms:8.2f} ms  95 % {p95_ms:8.2f} ms  pages {pages}".format(
                    name=name, **found[name]
                )
            )
        return found


def fill(owner: psycopg.Connection[Any], run: UUID, runs: int, say: Say) -> None:
    """Write runs of cases with all that robots and people leave, beside triggers; the owner's connection may."""
    with owner.transaction():
        owner.execute(query("bench.unwatched"))
        for name in _FILLS:
            say(f"{name}…")
            asked = {"run": run, "runs": runs, "rows": _ROWS, "open": _OPEN}
            owner.execute(query(f"bench_house.{name}"), asked)
        owner.execute(query("bench.watched"))
    owner.execute(query("bench_house.after_maintenance"))


def readable(values: Mapping[str, Any]) -> list[str]:
    """Return the console's queries that only read, and ask nothing that these values do not say."""
    every = [name for group in _GROUPS for name in names(group)]
    return [name for name in every if _READS.match(query(name)) and {*_PARAMETER.findall(query(name))} <= values.keys()]


def explained(
    console: psycopg.Connection[DictRow], name: str, values: Mapping[str, Any], how: str = _MEASURED
) -> dict[str, Any]:
    """Ask once, as :func:`asked_about` says; return PostgreSQL's own account of it."""
    own = {**values, **{parameter: values[said] for parameter, said in _OWN.get(name, {}).items()}}
    row = console.execute((how + query(name)).encode(), own).fetchone()
    plan: dict[str, Any] = row["QUERY PLAN"][0] if row else {}
    return plan


def figures(plans: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return median and 95 % of the milliseconds, and the most pages."""
    took = [plan["Planning Time"] + plan["Execution Time"] for plan in plans]
    pages = max(plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"] for plan in plans)
    late = quantiles(took, n=20, method="inclusive")[-1]
    return {"median_ms": round(median(took), 2), "p95_ms": round(late, 2), "pages": pages}


def _values(
    console: psycopg.Connection[DictRow], caisse: str, runs: int, chance: random.Random, times: int
) -> Iterator[dict[str, Any]]:
    for _ in range(times):
        reference = f"BANC-{chance.randint(1, runs)}-{chance.randint(1, _ROWS)}"
        case = console.execute(query("bench_house.one"), {"reference": reference}).fetchone()
        if case is None:
            raise LookupError(reference)
        yield asked_about(caisse, f"agent-{chance.randint(0, 39)}", case)


def asked_about(caisse: str, login: str, case: Mapping[str, Any]) -> dict[str, Any]:
    """Return what pages ask: about one case, whose exception and entry have its own id, and the first pages of lists."""
    return {
        "caisse": caisse, "login": login, "restricted": False, "queue": None, "view": "a-traiter", "kind": "", "waits": True,
        "scenario": SCENARIO, "application": "compta", "today": date.today(), "id_digest": "-",  # noqa: DTZ011
        "id": case["id"], "case_id": case["id"], "entry": case["id"], "reference": case["reference"], "run": case["run"],
        "digest": case["key_digest"], "capture": "-", "runs": 21, "limit": 51, "after": 0, "without": [],
        "before_at": datetime(9000, 1, 1, tzinfo=UTC), "before_id": UUID(int=2**128 - 1),
        "after_at": datetime(1970, 1, 1, tzinfo=UTC), "after_id": UUID(int=0), "after_rank": -(2**30),
        "after_due": date.min, "after_line": 0, "after_number": -(2**62),
        "sort": "echeance", "stands": "", "reading": _READING, "idle": timedelta(hours=1), "absolute": timedelta(hours=8),
    }  # fmt: skip
