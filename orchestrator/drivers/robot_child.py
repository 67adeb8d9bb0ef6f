"""The program of a suite's child process: its request on standard input, nothing of ours imported.

Robot Framework owns the main thread here, as its time limits demand. It is called as a library, never as ``python -m
robot``: rpaframework replaces that module (TRAPS). What failed is written down in ``verdict.json`` before it becomes text.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


class Verdict:
    """A listener that keeps the message of each test that failed, and gives our libraries the line to the house."""

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self, calls: int | None) -> None:
        self.messages: list[str] = []
        self._calls = calls

    def library_import(self, library: Any, importer: Any) -> None:  # noqa: ANN401, ARG002
        """Give the libraries that call the house its line."""
        if self._calls is not None and hasattr(library.instance, "open_line"):
            library.instance.open_line(self._calls)

    def end_test(self, data: Any, result: Any) -> None:  # noqa: ANN401 - Robot Framework's own model
        """Keep the message of a failure, under the name of its test."""
        if result.failed:
            self.messages.append(f"{data.name} : {result.message}")


def main() -> int:
    """Run the suite that standard input describes; returns Robot Framework's own exit code."""
    from robot.run import run  # noqa: PLC0415 - only this process ever imports it

    request = json.load(sys.stdin)
    verdict = Verdict(request["calls"])
    code = run(
        request["suite"],
        variable=[f"{name}:{value}" for name, value in request["variables"].items()],
        outputdir=request["output"],
        log=None,  # never evidence, and its making has killed processes (TRAPS)
        report=None,
        console="dotted",
        consolecolors="off",
        listener=verdict,
    )
    said = json.dumps({"code": code, "messages": verdict.messages}, ensure_ascii=False)
    (Path(request["output"]) / "verdict.json").write_text(said, encoding="utf-8")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
