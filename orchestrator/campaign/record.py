"""What campaigns and histories found, a line each, added up: ``docs/reliability/*.jsonl``, shown in docs/reliability.md.

``python -m orchestrator.campaign.record docs/reliability/*.jsonl`` prints the table of that page.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_PROMISES = ("double_entries", "lost_cases", "unproven_confirmations", "hidden_doubts")
#: What is to be reached in all, by what is counted.
GOALS = {
    "sessions and runners killed or frozen": 3_000,
    "orchestrators killed": 300,
    "PostgreSQL killed": 300,
    "entries with 15 % faulty answers": 20_000,
    "histories on a virtual clock": 20_000,
}
_COUNTED = {"orchestrator-killed": "orchestrators killed", "postgres-killed": "PostgreSQL killed"}
_HURT = re.compile(r"(session|runner)-(killed|frozen)|[a-z-]+\.(kill|freeze)")


def append(path: Path, what: str, seed: int, said: Mapping[str, object]) -> None:
    """Add a line: ``what`` was run (``campaign``, ``histories``), from which seed, what it said, which source, when (UTC)."""
    line = {"what": what, "seed": seed, "source": _source(), "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", **said}
    with path.open("a", encoding="utf-8") as record:
        record.write(json.dumps(line, ensure_ascii=False) + "\n")


def read(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """Return every line of records."""
    return [json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines()]


def reached(lines: Iterable[Mapping[str, Any]]) -> Counter[str]:
    """Return how many of each thing of :data:`GOALS` there were."""
    found = Counter[str]()
    for line in lines:
        if line["what"] == "histories":
            found["histories on a virtual clock"] += line["histories"]
            continue
        found["entries with 15 % faulty answers"] += line["entries"]
        for name, count in line["by_fault"].items():
            known = _COUNTED.get(name) or ("sessions and runners killed or frozen" if _HURT.fullmatch(name) else None)
            if known:
                found[known] += count
    return found


def table(lines: list[dict[str, Any]]) -> str:
    """Return the totals as a table in Markdown; of ``n`` without a break, one is rarer than 3/n with 95 % confidence."""
    found = reached(lines)
    rows = [f"| {name} | {found[name]:,} | {goal:,} |".replace(",", " ") for name, goal in GOALS.items()]
    broken = {what: _broken(line for line in lines if line["what"] == what) for what in ("campaign", "histories")}
    told = ", ".join(
        f"{promise.replace('_', ' ')} {broken['campaign'][promise]} and {broken['histories'][promise]}"
        for promise in _PROMISES
    )
    in_all = f"of any promise: {broken['campaign'].total()} and {broken['histories'].total()}"
    ends = f"Found in campaigns and in histories: {told}; {in_all}."
    return "\n".join(["| What | So far | To reach |", "|---|---|---|", *rows, "", ends]) + "\n"


def _broken(lines: Iterable[Mapping[str, Any]]) -> Counter[str]:
    found = Counter[str]()
    for line in lines:
        named = {promise: line[promise] for promise in _PROMISES}
        found.update({**named, "other": line["violations"] - sum(named.values())})
    return found


def _source() -> str:
    """The commit of what ran; empty where there is no repository."""
    asked = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()


if __name__ == "__main__":
    sys.stdout.write(table(read(Path(name) for name in sys.argv[1:])))
