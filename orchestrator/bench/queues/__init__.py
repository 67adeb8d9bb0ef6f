"""One empty job per case, each lane in a process of its own: the engine, a bare loop, procrastinate, Celery, DBOS."""
