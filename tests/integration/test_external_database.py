"""Any PostgreSQL instead of the embedded one: the same code, another address."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.domain.errors import SettingsError
from orchestrator.store import embedded
from orchestrator.store.migrate import migrate


def test_a_command_works_on_the_database_it_is_given_and_starts_none(tmp_path: Path) -> None:
    elsewhere, workspace = tmp_path / "elsewhere", tmp_path / "workspace"
    server = embedded.start(elsewhere)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "orchestrator.cli", "status", "--workspace", str(workspace)],
            env={**os.environ, "GLR_DATABASE_URL": server.superuser_dsn},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        embedded.discard(elsewhere)
    assert done.returncode == 0, done.stderr
    assert "Exécution" in done.stdout
    assert sorted(path.name for path in workspace.iterdir()) == ["secrets"]


def test_an_older_server_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, owner_url: str, role_url: dict[str, str]
) -> None:
    monkeypatch.setattr("orchestrator.store.migrate._OLDEST", 990_000)
    with pytest.raises(SettingsError, match=r"PostgreSQL 99 ou plus récent est attendu, trouvé \d+"):
        asyncio.run(migrate(owner_url, role_url, "x"))
