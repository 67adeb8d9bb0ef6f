"""CPU seconds of process trees, the dead included: each parent counts the children it has reaped."""

from __future__ import annotations

import contextlib

import psutil


def tree_cpu(pid: int) -> float:
    """Return user + system seconds of a process and all its descendants so far."""
    try:
        root = psutil.Process(pid)
        family = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    return sum(map(_own, family))


def _own(process: psutil.Process) -> float:
    with contextlib.suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        return float(times.user + times.system + times.children_user + times.children_system)
    return 0.0
