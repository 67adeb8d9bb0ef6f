"""procrastinate with one job per case, at its best: batches of a thousand, no polling while there is work."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from itertools import islice

from procrastinate import App, PsycopgConnector
from procrastinate.types import JSONValue

from orchestrator.bench.queues.handshake import done, ready

#: Jobs in one statement.
_BATCH = 1000


def queue_at(url: str, lanes: int) -> App:
    """Return the queue of the bench."""
    return App(connector=PsycopgConnector(conninfo=url, min_size=1, max_size=lanes + 2))


async def load(url: str, jobs: int) -> None:
    """Make the schema and that many jobs."""
    app = queue_at(url, 1)
    task = app.task(name="case", queue="cases")(_nothing)
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        numbers = iter(range(jobs))
        while batch := list(islice(numbers, _BATCH)):
            rows: list[dict[str, JSONValue]] = [{"number": number} for number in batch]
            await task.batch_defer_async(*rows)


async def work(url: str, lanes: int, jobs: int) -> None:
    """Work until nothing is left."""
    app = queue_at(url, lanes)
    app.task(name="case", queue="cases")(_nothing)
    async with app.open_async():
        ready()
        await app.run_worker_async(
            queues=["cases"], concurrency=lanes, wait=False, install_signal_handlers=False, listen_notify=False
        )
        done(jobs)


async def _nothing(number: int) -> None:
    """An empty case."""


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    job = json.loads(sys.argv[1])
    asyncio.run(work(job["url"], job["lanes"], job["jobs"]))
