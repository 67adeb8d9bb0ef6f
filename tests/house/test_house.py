"""What holds for the whole house: names of the wheel, no registry host, nothing left over, sizes."""

from __future__ import annotations

import ast
import re
import subprocess
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
OURS = ("orchestrator", "keywords", "sandbox", "checker")


def tracked(*patterns: str) -> list[Path]:
    """Return the files that belong to the project."""
    done = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", *patterns],
        cwd=PROJECT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [PROJECT / name for name in done.stdout.split("\n") if name and (PROJECT / name).is_file()]


def modules() -> list[Path]:
    return [path for path in tracked("*.py") if path.relative_to(PROJECT).parts[0] in OURS]


def test_no_other_distribution_installs_a_package_of_our_names() -> None:
    known = packages_distributions()
    taken = {name: [d for d in known.get(name, []) if d != "go-les-robots"] for name in OURS}
    assert taken == {name: [] for name in OURS}


def test_no_file_names_a_registry_host() -> None:
    hosts = re.compile(rb"pypi\.org|files\.pythonhosted|registry\.npmjs|deb\.debian\.org", re.IGNORECASE)
    assert [str(path) for path in tracked() if hosts.search(path.read_bytes()) and path != Path(__file__)] == []


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PROJECT)))
def test_modules_and_functions_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 400
    functions = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert [f.name for f in functions if _length(f) > 45] == []


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = function.body[1:] if ast.get_docstring(function) and len(function.body) > 1 else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1


def test_everything_a_user_may_call_says_what_it_does() -> None:
    silent = [
        f"{path.relative_to(PROJECT)}:{node.name}"
        for path in modules()
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert silent == []


def test_every_right_is_in_one_file() -> None:
    store = PROJECT / "orchestrator" / "store"
    later = [path for path in (store / "migrations").iterdir() if path.name > "0026"]
    elsewhere = [
        f"{path.name}: {line.strip()}"
        for path in (store / "schema.sql", *later)
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.match(r"\s*(grant|revoke|create policy)\b", line)
    ]
    assert elsewhere == [], "a right is a line of store/rights.sql, which takes away every other (ADR 33)"
