"""The program of the helper process: RPA modules live here, imported once; one call after the other, in lines of JSON.

It is given no password or key by its environment. Its standard output carries answers alone: whatever a library prints
goes nowhere, since it may quote what it works on.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import signal
import sys
from typing import Any, TextIO

from orchestrator.domain.wire import told

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Answer calls until standard input ends; the kernel ends a process whose robot has died in the middle of a call."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
    for line in sys.stdin:
        _answer(json.loads(line), answers)


def _answer(call: dict[str, Any], answers: TextIO) -> None:
    try:
        work = getattr(importlib.import_module(call["module"]), call["function"])
        said = {"result": work(**call["given"])}
    except Exception as error:  # noqa: BLE001 - the border of a process
        said = told(error)
    answers.write(json.dumps(said) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
