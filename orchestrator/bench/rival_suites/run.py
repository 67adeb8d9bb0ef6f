"""Runs a rival suite in whatever Python it is given: ``run.py SUITE OUTPUT JOB``.

A script without any import of ours: the libraries of a rival live in an environment of their own.
"""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    from robot.run import run

    os.environ |= {"SE_OFFLINE": "true", "SE_AVOID_STATS": "true"}  # Selenium would ask the network for a driver
    suite, output, job = sys.argv[1:]
    raise SystemExit(run(suite, outputdir=output, variable=[f"JOB_FILE:{job}"], console="dotted"))
