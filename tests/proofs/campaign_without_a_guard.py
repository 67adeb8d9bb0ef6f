"""A campaign without a guard is red: what the checker does not see, no campaign can show.

Not part of ``./glr test``: ``.venv/bin/pytest -s tests/proofs/campaign_without_a_guard.py``, half a minute.
"""

from __future__ import annotations

import json
import subprocess
import sys


def test_without_the_reading_back_the_checker_finds_amounts_that_nobody_typed() -> None:
    options = ("--rows", "20", "--faults", "1", "--without", "read-back", "--json")
    command = [sys.executable, "-m", "orchestrator.cli", "campaign", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 6, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["unproven_confirmations"] > 0
