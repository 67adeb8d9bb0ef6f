"""Celery on Redis with one task per case, at its best: no results kept, prefork, tasks acknowledged when they end.

``load URL N`` fills the queue; with a job as JSON it works. Runs in the environment of the rivals.
"""

from __future__ import annotations

import json
import sys
import threading
import time

import redis
from celery import Celery
from celery.signals import worker_ready

from orchestrator.bench.queues.handshake import done, ready


def app_at(url: str) -> Celery:
    """Return the application of the bench."""
    app = Celery("banc", broker=url)
    app.conf.update(task_ignore_result=True, task_acks_late=True, worker_prefetch_multiplier=4,
                    broker_connection_retry_on_startup=True, worker_redirect_stdouts=False)  # fmt: skip
    app.task(name="case")(_nothing)
    return app


def load(url: str, jobs: int) -> None:
    """Send that many tasks on one connection."""
    app = app_at(url)
    with app.producer_pool.acquire(block=True) as producer:
        for number in range(jobs):
            app.tasks["case"].apply_async((number,), producer=producer)


def work(url: str, lanes: int, jobs: int) -> None:
    """Work until that many tasks have ended; the queue is filled once the worker is ready."""
    app = app_at(url)
    began, client = threading.Event(), redis.Redis.from_url(url)

    def watch() -> None:
        began.wait()
        ready()
        while client.llen("celery") or client.hlen("unacked"):
            time.sleep(0.02)
        done(jobs)
        app.control.shutdown()

    worker_ready.connect(lambda **_: began.set(), weak=False)
    threading.Thread(target=watch, daemon=True).start()
    options = [f"--concurrency={lanes}", "--loglevel=CRITICAL", "--without-gossip", "--without-mingle"]
    app.worker_main(["--quiet", "worker", *options])


def _nothing(number: int) -> None:
    """An empty case."""


if __name__ == "__main__":
    if sys.argv[1] == "load":
        load(sys.argv[2], int(sys.argv[3]))
    else:
        job = json.loads(sys.argv[1])
        work(job["url"], job["lanes"], job["jobs"])
