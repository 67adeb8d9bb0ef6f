"""Going back to the version before: as long as it may run on the database that the newer one has made."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from orchestrator.store.compatibility import FIRST

INSTALL = Path(__file__).resolve().parents[3] / "deploy" / "install.py"


def version(folder: Path, **migrations: str) -> Path:
    """Make a version with the first program that runs beside newer databases, and these migrations."""
    place = folder / "orchestrator" / "store" / "migrations"
    place.mkdir(parents=True)
    for name, text in {FIRST.removesuffix(".sql"): "-- Runners say what they are.", **migrations}.items():
        (place / f"{name}.sql").write_text(f"{text}\nselect 1;\n", "utf-8")
    return folder


@pytest.mark.parametrize(
    ("first_line", "too_new"),
    [
        ("-- expand: a table.", set()),
        ("-- contract after 0031_known.sql: nobody reads it.", set()),
        ("-- contract after 0032_unknown.sql: nobody reads it.", {"0033_next.sql"}),
        ("-- stop all: keys are other ones.", {"0033_next.sql"}),
        ("-- A table.", {"0033_next.sql"}),
    ],
)
def test_the_version_before_serves_again_beside_what_lets_it_run(
    tmp_path: Path, first_line: str, too_new: set[str]
) -> None:
    spec = importlib.util.spec_from_file_location("deploy_install", INSTALL)
    assert spec is not None
    assert spec.loader is not None
    install = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(install)
    before = version(tmp_path / "1", **{"0031_known": "-- expand: a column."})
    now = version(tmp_path / "2", **{"0031_known": "-- expand: a column.", "0033_next": first_line})
    assert install._too_new(now, before) == too_new
