"""A history by seed for each guard: red without it, green with it.

Not part of ``./glr test``: ``.venv/bin/pytest -s tests/proofs/histories_without_a_guard.py``, two minutes. When the engine or
the draws change, seeds tell other histories: ``glr simulate --seed 931 --histories 1000 --without GUARD`` names others.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

#: The table of docs/reliability.md.
RED = {"look-first": 952, "effect-key": 938, "settle": 938, "intent": 945, "log-out": 1194, "lease-epoch": 1504}


@pytest.mark.parametrize("guard", RED)
def test_a_history_makes_an_entry_twice_without_a_guard_and_once_with_it(guard: str) -> None:
    assert _told(guard, "--without", guard)["double_entries"] > 0
    assert _told(guard)["violations"] == 0


def _told(guard: str, *options: str) -> dict[str, Any]:
    one = ("--seed", str(RED[guard]), "--histories", "1", "--json")
    command = [sys.executable, "-m", "orchestrator.cli", "simulate", *one, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode in {0, 6}, done.stderr
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said
