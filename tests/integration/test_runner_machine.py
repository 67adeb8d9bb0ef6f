"""A machine that has nothing but the address of its runner: TLS, the schema that it knows, and a case that goes through."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import psycopg
import pytest
from audit_rows import connect
from authority import Authority
from click.testing import CliRunner
from one_machine import CAISSE, deliver, machine_of
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from robot_world import PROJECT, PracticeWorld
from tls_front import tls_front

from orchestrator.bootstrap.runners import build_runner
from orchestrator.bootstrap.world import build_world
from orchestrator.cli.database import database
from orchestrator.domain.errors import SettingsError
from orchestrator.settings import VARIABLES, Settings
from orchestrator.store.addresses import Unreachable, opened
from orchestrator.store.keys import NoKeys
from orchestrator.store.known_schema import NewerDatabase, NoHouse, OlderDatabase
from orchestrator.store.logins import give_login, standing
from orchestrator.store.migrate import migrate
from orchestrator.store.vault import Vault

MACHINE = "glr_poste_essai"


@pytest.fixture
async def address(owner_url: str, runner_url: str) -> AsyncIterator[str]:
    """Give the address of a machine's own login."""
    async with opened(owner_url) as owner:
        await give_login(owner, MACHINE, "un-autre", CAISSE)
        await give_login(owner, MACHINE, "essai", CAISSE)  # a repeat changes the password
        yield make_conninfo(runner_url, user=MACHINE, password="essai")
        await owner.execute(f"drop role {MACHINE}")


async def refused(address: str, **other: str) -> str:
    """Return what is said of an address that is changed like that."""
    with pytest.raises(Unreachable) as said:
        async with opened(make_conninfo(address, **other)):
            pass
    return str(said.value)


async def test_a_machine_works_a_case_with_its_own_login_over_tls_and_nothing_else(
    practice_world: PracticeWorld, address: str, owner_url: str, vault: Vault, tmp_path: Path
) -> None:
    practice_world.fault()
    authority = Authority(tmp_path)
    row = practice_world.take("entered")
    with tls_front(int(str(conninfo_to_dict(address)["port"])), authority.server()) as port:
        proven = make_conninfo(address, port=port, sslmode="verify-full", sslrootcert=authority.path)
        async with opened(proven) as connection:
            found = await standing(connection)
        assert (found.login, found.roles, found.owns, found.encrypted) == (MACHINE, ("glr_runner",), False, True)
        assert "est au nom d'un autre" in await refused(proven, host="localhost")
        stranger = Authority(tmp_path, name="Une autre autorité")
        assert "n'est pas signé par l'autorité de sslrootcert" in await refused(proven, sslrootcert=stranger.path)
        assert "ne se lit pas" in await refused(proven, sslrootcert=str(tmp_path / "absente.pem"))
        assert "le mot de passe" in await refused(proven, password="un-autre")

        await deliver(owner_url, vault, tmp_path, row.text)
        workspace = machine_of(tmp_path / "poste", practice_world, vault)
        by_the_house = make_conninfo(address, port=port, sslmode="verify-full")
        settings = Settings(workspace=workspace, home=PROJECT, runner_url=by_the_house)
        with pytest.raises(Unreachable):
            await build_world(settings)
        await build_world(settings.model_copy(update={"ca_file": Path(authority.path)}))  # GLR_CA_FILE
        given = {
            name: value for name, value in os.environ.items() if not name.startswith("GLR_") or name == "GLR_BROWSER"
        }
        given |= {
            "GLR_WORKSPACE": str(workspace),
            "GLR_HOME": str(PROJECT),
            "GLR_SESSIONS": "1",
            "GLR_RUNNER_URL": proven,
        }
        state = await asyncio.to_thread(run_until_ended, given, owner_url)
    assert state == ("ended", "entered", MACHINE)
    assert len(practice_world.lines_of(row.stop)) == 1
    assert sorted(path.name for path in workspace.iterdir()) == ["logs", "secrets"]


def run_until_ended(environment: dict[str, str], owner_url: str) -> tuple[str, ...]:
    """Run ``glr runner`` with that environment until the case has left the robots; return what became of it."""
    runner = subprocess.Popen([sys.executable, "-m", "orchestrator.cli", "runner"], env=environment)
    try:
        return ended(owner_url, runner)
    finally:
        runner.terminate()
        runner.wait(30)


def ended(owner_url: str, runner: subprocess.Popen[bytes]) -> tuple[str, ...]:
    """Wait for the one case to leave the robots; return its state, its end, and the login of its session."""
    asked = (
        "select cases.state::text, cases.ended_as, robot_session.login from cases"
        " join attempt on attempt.case_id = cases.id join robot_session on robot_session.id = attempt.session"
        " where cases.state not in ('ready', 'waiting', 'leased')"
    )
    end = time.monotonic() + 120
    with connect(owner_url) as owner:
        while time.monotonic() < end and runner.poll() is None:
            row = owner.execute(asked.encode()).fetchone()
            if row is not None:
                return tuple(row)
            time.sleep(0.1)
    return ("not worked", str(runner.poll()))


async def test_a_machine_says_what_to_do_with_a_schema_that_it_does_not_know(
    address: str,
    owner_url: str,
    vault: Vault,
    practice_world: PracticeWorld,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    workspace = machine_of(tmp_path / "poste", practice_world, vault)
    settings = Settings(workspace=workspace, home=PROJECT, runner_url=address)
    world = await build_world(settings)
    assert list(world.urls) == ["glr_runner"]
    monkeypatch.setenv("GLR_DATABASE_URL", owner_url)  # of the machine, and not of its sessions
    environment = build_runner(world, alive=-1).environment
    assert {name: environment.get(name) for name in VARIABLES.values()} == {
        **dict.fromkeys(VARIABLES.values()), "GLR_RUNNER_URL": address,
    }  # fmt: skip
    with pytest.raises(SettingsError, match=r"du propriétaire de la base \(GLR_DATABASE_URL\)"):
        world.urls["owner"]
    with pytest.raises(
        SettingsError, match=r"du rôle glr_orchestrator \(GLR_ORCHESTRATOR_URL\).*\(il a : glr_runner\)"
    ):
        world.urls["glr_orchestrator"]
    with pytest.raises(NoKeys, match="n'est pas propriétaire de la base n'en fait pas"):
        await build_world(settings.model_copy(update={"workspace": tmp_path / "sans-cles"}))
    with connect(owner_url) as owner:
        owner.execute("insert into migration (name) values ('9999_demain.sql')")
        with pytest.raises(NewerDatabase, match=r"9999_demain.sql.*Installer ici la version de l'orchestrateur"):
            await build_world(settings)
        owner.execute("delete from migration where name >= '0026'")
        with pytest.raises(OlderDatabase, match=r"0026_roles.sql.*glr database migrate"):
            await build_world(settings)
        owner.execute(f"revoke glr_runner from {MACHINE}")
    with pytest.raises(NoHouse, match=f"« {MACHINE} » ne voit rien de la maison"):
        await build_world(settings)
    elsewhere = make_conninfo(address, dbname="postgres")
    with pytest.raises(NoHouse):
        await build_world(settings.model_copy(update={"runner_url": elsewhere}))
    assert str(conninfo_to_dict(address)["dbname"]) != "postgres"


async def test_an_owner_who_is_no_superuser_makes_the_house_and_its_rights(
    server: str, template: Mapping[str, str], vault: Vault
) -> None:
    name = "glr_essai_owner"
    async with opened(server) as administrator:
        await administrator.execute(f"create role {name} login createrole password 'essai'")
        await administrator.execute(f"create database {name} owner {name}")
        try:
            owner = make_conninfo(server, user=name, password="essai", dbname=name)
            for _ in range(2):  # a repeat changes nothing
                await migrate(owner, template, vault.fingerprints, CAISSE)
            with connect(make_conninfo(template["glr_runner"], dbname=name)) as runner:
                assert runner.execute("select count(*) from cases").fetchone() == (0,)
                runner.execute("select record_event(%s, 'session.begun', 'x', '{}')", [CAISSE])
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    runner.execute("select * from account")
            with connect(owner) as house:
                assert house.execute("select actor from audit_outbox").fetchall() == [("test",)]
        finally:
            await administrator.execute(f"drop database {name} with (force)")
            await administrator.execute(f"drop role {name}")


def test_each_address_is_said_for_what_it_is_and_a_login_is_made_for_a_machine(
    owner_url: str, role_url: Mapping[str, str], vault: Vault, practice_world: PracticeWorld, tmp_path: Path
) -> None:
    workspace = machine_of(tmp_path / "orchestrateur", practice_world, vault)
    passwords = {role: conninfo_to_dict(url)["password"] for role, url in role_url.items()}
    (workspace / "secrets" / "roles.json").touch(0o600)
    (workspace / "secrets" / "roles.json").write_text(json.dumps(passwords))

    def said(*words: str, **given: str) -> str:
        names = ("GLR_DATABASE_URL", "GLR_RUNNER_URL", "GLR_CONSOLE_URL")
        environment = {"GLR_WORKSPACE": str(workspace), "GLR_HOME": str(PROJECT), **dict.fromkeys(names), **given}
        done = CliRunner().invoke(database, words, env=environment)
        return done.output + str(done.exception or "")

    name = "glr_poste_cli"
    made = said("login", name, GLR_DATABASE_URL=owner_url)
    path = workspace / "secrets" / f"{name}.pgpass"
    assert "GLR_RUNNER_URL='postgresql://glr_poste_cli@" in made
    assert path.stat().st_mode & 0o777 == 0o600
    password = path.read_text().strip().rpartition(":")[2]
    assert password not in made
    address = make_conninfo(role_url["glr_runner"], user=name, password=password)
    try:
        assert f"compte {name}, rôle glr_runner, dossiers de {CAISSE}, sans TLS.\n" in said(
            "check", GLR_RUNNER_URL=address
        )
        assert "Ce compte peut tout" in said("check", GLR_RUNNER_URL=owner_url)
        assert "Ce compte n'a pas le rôle glr_console.\nÀ corriger : GLR_CONSOLE_URL." in said(
            "check", GLR_CONSOLE_URL=address
        )
        assert "demande l'adresse du propriétaire de la base (GLR_DATABASE_URL)" in said(
            "migrate", GLR_RUNNER_URL=address
        )
        with connect(owner_url) as owner:
            owner.execute("delete from runner_login where login = %s", [name])
        assert "d'aucune caisse" in said("check", GLR_RUNNER_URL=address)
    finally:
        with connect(owner_url) as owner:
            owner.execute(f"drop role {name}")
