"""DBOS with one durable workflow per case, called directly from threads: no queue to poll. In the environment of the rivals."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from dbos import DBOS, SetWorkflowID

from orchestrator.bench.queues.handshake import done, ready


def _case(number: int) -> int:
    """An empty case."""
    return number


case: Callable[[int], int] = DBOS.workflow()(_case)


def work(url: str, lanes: int, jobs: int) -> None:
    """Work that many cases in as many threads as there are lanes."""
    config = {"name": "banc", "system_database_url": url, "log_level": "CRITICAL", "sys_db_pool_size": lanes + 4}
    DBOS(config=config)
    DBOS.launch()
    with ThreadPoolExecutor(lanes) as threads:
        list(threads.map(one, range(-lanes, 0)))
        ready()
        list(threads.map(one, range(jobs)))
        done(jobs)
    DBOS.destroy()


def one(number: int) -> None:
    """Work one case under an identity of its own, so that it is done once."""
    with SetWorkflowID(f"case-{number}"):
        case(number)


if __name__ == "__main__":
    job = json.loads(sys.argv[1])
    work(job["url"], job["lanes"], job["jobs"])
