"""What a process does without is not imported: each robot, runner and command pays for its imports at every start."""

from __future__ import annotations

import subprocess
import sys

import pytest

_PROGRAM = """
import importlib, sys
for name in sys.argv[1].split():
    importlib.import_module(f"orchestrator.cli.{name}")
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


@pytest.mark.parametrize(
    ("commands", "without"),
    [
        ("session", {"fastapi", "jinja2", "procrastinate", "apscheduler", "openpyxl", "pandas", "robot"}),
        ("runner run publish check", {"fastapi", "jinja2", "playwright", "lxml", "pandas", "robot"}),
        ("serve", {"playwright", "httpx", "pandas", "robot"}),
    ],
)
def test_a_command_imports_nothing_heavy_that_it_does_without(commands: str, without: set[str]) -> None:
    program = [sys.executable, "-c", _PROGRAM, commands]
    imported = subprocess.run(program, check=True, capture_output=True, text=True).stdout.split()
    assert without & set(imported) == set(), "imported at the start; import it where it is used"
