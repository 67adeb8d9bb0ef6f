"""Any PostgreSQL instead of the embedded one: the same code, another address."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import psycopg
import pytest

from orchestrator.bootstrap.world import build_world, running_world
from orchestrator.domain.errors import SettingsError
from orchestrator.settings import Settings
from orchestrator.store import embedded
from orchestrator.store.keys import LostKeys, WrongKeys
from orchestrator.store.known_schema import NewerDatabase
from orchestrator.store.migrate import migrate
from orchestrator.store.vault import Vault


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


@pytest.mark.parametrize("name", ["effect", "index", "wrap"])
def test_another_key_is_refused_before_anything_is_done_and_so_is_a_lost_key_file(
    owner_url: str, vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    settings = Settings(workspace=tmp_path, database_url=owner_url)
    monkeypatch.setattr("orchestrator.store.roles.ensure_roles", not_reached)
    with pytest.raises(LostKeys):
        asyncio.run(build_world(settings))
    assert not settings.keys.exists()

    keys = {each: b64encode(getattr(vault, each)).decode() for each in ("effect", "index", "wrap")}
    settings.secrets.mkdir(exist_ok=True)
    settings.keys.touch(mode=0o600)
    settings.keys.write_text(json.dumps({**keys, name: b64encode(bytes(32)).decode()}), "ascii")
    said = rf"\({name}\).*Rien n'a été fait. Remettre le fichier de clés d'origine"
    with pytest.raises(WrongKeys, match=said):
        asyncio.run(build_world(settings))
    with pytest.raises(WrongKeys, match=said):
        running_world(settings)
    settings.keys.write_text(json.dumps(keys), "ascii")
    assert running_world(settings).vault == vault


async def not_reached(*_: object) -> None:
    raise AssertionError("keys are tried first")


def test_a_newer_database_is_refused_to_its_owner_too_and_keeps_its_rights(
    owner_url: str, role_url: dict[str, str], vault: Vault
) -> None:
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute("insert into glr.migration (name) values ('9999_demain.sql')")
        owner.execute("comment on schema glr is 'rights of tomorrow'")
        owner.execute("grant insert on glr.account to glr_reader")
        with pytest.raises(NewerDatabase, match=r"9999_demain.sql.*Celle-ci n'y change rien"):
            asyncio.run(migrate(owner_url, role_url, vault.fingerprints, "cpam-931"))
        kept = owner.execute(
            "select has_table_privilege('glr_reader', 'glr.account', 'insert'), obj_description('glr'::regnamespace)"
        )
        assert kept.fetchone() == (True, "rights of tomorrow")


def test_an_older_server_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, owner_url: str, role_url: dict[str, str]
) -> None:
    monkeypatch.setattr("orchestrator.store.migrate._OLDEST", 990_000)
    with pytest.raises(SettingsError, match=r"PostgreSQL 99 ou plus récent est attendu, trouvé \d+"):
        asyncio.run(migrate(owner_url, role_url, {}, "cpam-931"))
