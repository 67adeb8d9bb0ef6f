"""The benchmark of drivers runs through every lane of ours and says what is absent; its figures are never a test's verdict.

Not part of ``./glr test``: ``.venv/bin/pytest -s tests/proofs/drivers_bench.py``, a minute.
"""

from __future__ import annotations

import json
import subprocess
import sys


def test_the_drivers_bench_measures_every_lane_and_says_what_is_absent() -> None:
    command = [
        sys.executable,
        "-m",
        "orchestrator.cli",
        "bench",
        "drivers",
        "--cases",
        "2",
        "--rounds",
        "1",
        "--json",
        "--no-rivals",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert set(said["ratio_cases_per_core"]) == {"playwright", "playwright_pages_only", "browser_library", "selenium"}
    for lane in ("engine", "pages_only", "script"):
        assert 0 < said["figures"][f"{lane}_cpu_ms"]["min"] <= said["figures"][f"{lane}_cpu_ms"]["max"]
    for name, ratio in said["ratio_cases_per_core"].items():
        assert (ratio is None) is (name in said["absent"])
