"""The exit codes that the help names are the ones that come out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from demo_house import PROJECT


def glr(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line."""
    program = [sys.executable, "-m", "orchestrator.cli", *arguments]
    return subprocess.run(program, check=False, capture_output=True, text=True, cwd=PROJECT)


@pytest.mark.parametrize(("arguments", "code"), [(["--help"], 0), (["check"], 0), (["nothing"], 2), (["run"], 2)])
def test_a_command_ends_with_its_named_code(arguments: list[str], code: int) -> None:
    assert glr(*arguments).returncode == code


def test_a_faulty_scenario_is_not_success(tmp_path: Path) -> None:
    faulty = tmp_path / "fautif.yaml"
    faulty.write_text("scenario: fautif\n", "utf-8")
    ended = glr("check", str(faulty))
    assert ended.returncode == 5
    assert "fautif.yaml:1:1" in ended.stdout


def test_the_code_of_a_practice_command_is_not_lost(tmp_path: Path) -> None:
    assert (
        glr("sandbox", "delivery", "--dir", str(tmp_path), "--date", "2026-03-27", "--out", str(tmp_path)).returncode
        == 3
    )
