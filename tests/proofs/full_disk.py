"""A disk that is full for a while, again and again: database, evidence and log find no room; nothing is entered twice or lost.

Not part of ``./glr test``: ``.venv/bin/pytest -s tests/proofs/full_disk.py`` as root, some seven minutes. Everything but the
practice applications is on a small disk of its own, in a mount namespace of its own. Judged as every campaign is.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

#: Everything of a round, and what PostgreSQL writes ahead.
SIZE = "1500m"
FAULTS = 16
#: Root's PostgreSQL belongs to an account of its own, whose home is here.
_SHARED = "/var/lib/glr"
_SCRIPT = f"""
set -e
mount -t tmpfs -o size={SIZE},mode=755 glr-small "$1"
mkdir -m 755 "$1/glr" && mkdir -p {_SHARED} && mount --bind "$1/glr" {_SHARED}
shift; exec "$@"
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a disk")
@pytest.mark.parametrize("application", ["compta", "progres"])
def test_a_disk_that_is_full_for_a_while_loses_nothing(tmp_path: Path, application: str) -> None:
    asked = ["--application", application, "--seed", "931", "--faults", str(FAULTS), "--disk", str(tmp_path)]
    only = ["--only", "disk-full", "--only", "runner-killed"]
    command = [sys.executable, "-m", "orchestrator.cli", "campaign", *asked, *only, "--json"]
    within = ["unshare", "--mount", "--propagation", "private", "bash", "-c", _SCRIPT, "bash", str(tmp_path), *command]
    ran = subprocess.run(within, stdout=subprocess.PIPE, text=True, check=False)
    found = json.loads(ran.stdout.splitlines()[-1])
    print(found)
    assert found["by_fault"]["disk-full"] >= 4
    assert found["entries"] > 0
    assert found["violations"] == 0
