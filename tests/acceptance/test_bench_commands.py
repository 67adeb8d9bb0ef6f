"""The benchmark runs and says what it measured; its figures are never a test's verdict."""

from __future__ import annotations

import json
import subprocess
import sys


def test_the_engine_bench_compares_with_other_queues_and_a_claim_reads_no_more_however_much_there_is() -> None:
    small = ("--cases", "40", "--rounds", "1", "--lanes", "4", "--load", "100")
    piles = ("--ready", "1000", "--ended", "3000", "--waiting", "500")
    command = [sys.executable, "-m", "orchestrator.cli", "bench", "engine", *small, *piles, "--no-rivals", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode in {0, 6}, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert set(said["ratio_jobs_per_cpu_second"]) == {"procrastinate", "celery", "dbos_best", "bare_skip_locked"}
    assert set(said["jobs_per_cpu_second"]) == {"engine_4", "procrastinate_4", "bare_skip_locked_4"}
    assert set(said["absent"]) == {"celery", "dbos"}
    assert 0 < said["start_latency_ms"]["median"] <= said["start_latency_ms"]["max"]
    pages = said["claim_pages"]
    assert max(pages["ready"], pages["ended"], pages["waiting"]) <= pages["empty"] + 20, pages
