"""A loop with ``FOR UPDATE SKIP LOCKED`` and nothing else: no attempt, no event, no lease, nobody who sweeps."""

from __future__ import annotations

import asyncio
import json
import sys

import psycopg

from orchestrator.bench.queues.handshake import done, ready
from orchestrator.store.queries import query


async def work(url: str, lanes: int) -> None:
    """Work until nothing is ready, each lane on a connection of its own."""
    connections = [await psycopg.AsyncConnection.connect(url, autocommit=True) for _ in range(lanes)]
    ready()
    done(sum(await asyncio.gather(*map(_lane, connections))))
    for connection in connections:
        await connection.close()


async def _lane(connection: psycopg.AsyncConnection) -> int:
    jobs = 0
    while (row := await (await connection.execute(query("bench.bare_claim"))).fetchone()) is not None:
        await connection.execute(query("bench.bare_end"), {"id": row[0]})
        jobs += 1
    return jobs


if __name__ == "__main__":
    job = json.loads(sys.argv[1])
    asyncio.run(work(job["url"], job["lanes"]))
