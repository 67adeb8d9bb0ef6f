"""A short campaign breaks no promise; without a guard it does (``tests/proofs/campaign_without_a_guard.py``)."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

#: What the command promises in its last line.
COUNTED = ("violations", "double_entries", "lost_cases", "unproven_confirmations", "hidden_doubts")


def campaign(*options: str) -> tuple[int, dict[str, Any], str]:
    command = [sys.executable, "-m", "orchestrator.cli", "campaign", "--rows", "20", "--json", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode in {0, 6}, done.stderr
    return done.returncode, json.loads(done.stdout.splitlines()[-1]), done.stderr


def test_killed_before_and_after_the_act_with_failing_answers_nothing_is_entered_twice_lost_or_hidden() -> None:
    points = ("intended.kill", "performed.kill", "delivered-again", "postgres-killed")
    code, said, told = campaign("--faults", "4", *(word for point in points for word in ("--only", point)))
    assert (code, {name: said[name] for name in COUNTED}) == (0, dict.fromkeys(COUNTED, 0)), told
    assert said["faults"] >= 4
    assert said["entries"] > 0
