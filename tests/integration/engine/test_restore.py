"""A house restored from its backup: nothing is entered a second time, though it has forgotten what was entered since."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from audit_rows import connect
from click.testing import CliRunner, Result
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from robot_world import PracticeWorld, RobotWorld, robot_world

from orchestrator.backups.archive import unpack, write
from orchestrator.cli import commands
from orchestrator.domain.errors import GlrError, HouseRestored
from orchestrator.engine.results import RowOutcome
from orchestrator.store.accounts import create_account
from orchestrator.store.database import Database
from orchestrator.store.known_schema import schema_number
from orchestrator.store.vault import Vault

PASSWORD = "correct cheval pile agrafe"


@pytest.fixture
async def world(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path
) -> AsyncIterator[RobotWorld]:
    practice_world.fault()
    async with robot_world(practice_world, runner_url, vault, tmp_path) as opened:
        yield opened


@pytest.fixture
def empty_database(server: str) -> Iterator[str]:
    """Give the owner's address of a database without anything."""
    name = f"glr_{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"create database {name}")
        yield make_conninfo(server, dbname=name)
        connection.execute(f"drop database {name} with (force)")


def _secrets(folder: Path, world: RobotWorld, urls: Mapping[str, str]) -> None:
    """Write the keys of the house, the accounts of its robot and the passwords of its roles."""
    folder.mkdir(parents=True, mode=0o700)
    vault = world.bench.vault
    accounts = {
        name: {"address": one.address, "login": one.login, "password": one.password.reveal()}
        for name, one in world.world.accounts.items()
    }
    for name, content in (
        ("keys.json", {one: base64.b64encode(getattr(vault, one)).decode() for one in ("wrap", "index", "effect")}),
        ("acompte-ij.json", accounts),
        ("roles.json", {role: conninfo_to_dict(url)["password"] for role, url in urls.items()}),
    ):
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(json.dumps(content), encoding="utf-8")


async def _glr(owner_url: str, workspace: Path, *words: str) -> Result:
    env = {"GLR_DATABASE_URL": owner_url, "GLR_WORKSPACE": str(workspace), "GLR_PASSWORD": PASSWORD, "COLUMNS": "200"}
    return await asyncio.to_thread(lambda: CliRunner().invoke(commands, words, env=env))


async def test_what_was_entered_since_the_backup_is_looked_at_before_anything_is_and_nothing_is_entered_twice(
    world: RobotWorld, owner_url: str, role_url: Mapping[str, str], empty_database: str, tmp_path: Path
) -> None:
    house, archive = tmp_path / "house", tmp_path / "maison.glr"
    _secrets(house / "secrets", world, role_url)
    capture = house / "logs" / "evidence" / "ab" / "capture.png"
    capture.parent.mkdir(parents=True)
    capture.write_bytes(b"PNG")
    async with Database(owner_url, size=1) as owner, owner.transaction("test") as tx:
        await create_account(tx, "s.noir", "cpam-931", "S. Noir", "supervisor", PASSWORD)
    rows = [world.world.take("entered") for _ in range(2)]
    await world.deliver(*rows)
    saved = await _glr(owner_url, house, "backup", str(archive))
    assert saved.exit_code == 0, saved.output
    await world.work()  # two entries that the backup knows nothing of
    assert [len(world.world.lines_of(row.stop)) for row in rows] == [1, 1]

    again = tmp_path / "again"
    assert "contient déjà une maison" in str((await _restore(owner_url, house, archive)).exception)
    assert "secrets/" in str((await _restore(empty_database, again, archive)).exception)
    shutil.copytree(house / "secrets", again / "secrets")
    newer = await asyncio.to_thread(_by_a_newer_program, archive, world.bench.vault, tmp_path)
    assert "une base au schéma 9999" in str((await _restore(empty_database, again, newer)).exception)
    assert not (again / "logs").exists()
    done = await _restore(empty_database, again, archive)
    assert done.exit_code == 0, done.output
    assert (again / "logs" / "evidence" / "ab" / "capture.png").read_bytes() == b"PNG"

    restored_url = {
        role: make_conninfo(url, dbname=conninfo_to_dict(empty_database)["dbname"]) for role, url in role_url.items()
    }
    async with robot_world(world.world, restored_url["glr_runner"], world.bench.vault, tmp_path / "second") as second:
        assert await second.work() == "nothing ready"
        with connect(empty_database) as rows_of:
            states = rows_of.execute("select state::text, epoch from cases").fetchall()
        assert states == [("ready", 0)] * 2, "no session was given a case"
        with psycopg.connect(restored_url["glr_runner"], options="-c search_path=glr -c glr.actor=test") as runner:
            runner.execute(_PLANNED)
            with pytest.raises(psycopg.Error) as refused:
                runner.execute("update entry set state = 'intent'")
            runner.rollback()
        assert refused.value.sqlstate == "GL008"
        told = await _glr(empty_database, again, "status")
        assert "Base restaurée de la sauvegarde du" in told.output
        assert "comparer COMPTA" in told.output
        lift = ("resume", "--restored", "--by", "s.noir")
        assert "comparer COMPTA" in str((await _glr(empty_database, again, *lift)).exception)
        looked = await _glr(empty_database, again, "reconcile")
        assert looked.exit_code == 6, looked.output
        with connect(empty_database) as rows_of:
            extra = rows_of.execute("select 1 from gap where kind = 'extra'").fetchall()
        assert len(extra) >= 2, "what was entered since, and what other tests have entered"
        assert "expliquer" in str((await _glr(empty_database, again, *lift)).exception)
        with connect(restored_url["glr_console"], "agent:s.noir") as console:
            console.execute("update gap set settled_at = now(), settled_by = 's.noir', reason = 'Saisi avant la panne'")
        assert (await _glr(empty_database, again, *lift)).output.strip() == "Les robots reprennent."
        await second.work()
        with connect(empty_database) as rows_of:
            runs = [row[0] for row in rows_of.execute("select id from run")]
            cases = [row[0] for row in rows_of.execute("select id from cases")]
        found = await second.results(runs[0])
        assert [(row.outcome, row.codes) for row in found] == [(RowOutcome.EXCEPTION, ("R-ACP",))] * 2, (
            "looked at, not entered"
        )
        async with Database(restored_url["glr_console"], size=1) as asking, asking.transaction("agent:s.noir") as tx:
            forgot = [await tx.first("console.forgotten", case_id=case, caisse="cpam-931") for case in cases]
        assert None not in forgot, "people are not told that nothing was entered"
    assert [len(world.world.lines_of(row.stop)) for row in rows] == [1, 1]


_PLANNED = """
insert into entry (id, caisse, effect_digest, scenario, application, keyword, payment, token, case_id)
select gen_random_uuid(), caisse, 'x', scenario, 'compta', 'compta.propose_advance', true, 't', id from cases limit 1
"""


def _by_a_newer_program(archive: Path, vault: Vault, folder: Path) -> Path:
    """Write the backup anew as a program would that knows a later schema."""
    parts, out = folder / "parts", folder / "newer.glr"
    parts.mkdir()
    said = unpack(archive, parts, vault, "cpam-931")
    assert said.schema == schema_number()
    write(out, [(name, parts / name) for name in said.members], replace(said, schema=9999), vault)
    return out


async def _restore(owner_url: str, workspace: Path, archive: Path) -> Result:
    await asyncio.to_thread(workspace.mkdir, exist_ok=True)
    return await _glr(owner_url, workspace, "restore", str(archive))


async def test_a_database_that_went_back_without_us_is_noticed_by_the_log(
    world: RobotWorld, owner_url: str, role_url: Mapping[str, str], tmp_path: Path
) -> None:
    house = tmp_path / "house"
    _secrets(house / "secrets", world, role_url)
    log = house / "logs" / "audit" / "2026-03-27.jsonl"
    log.parent.mkdir(parents=True)
    with connect(owner_url) as rows_of:
        ((made,),) = rows_of.execute("select last_value from audit_outbox_id_seq").fetchall()
    line = '{"at":"2026-03-27T06:00:0%d.000000Z","id":%d}\n'
    log.write_text(line % (1, made), "ascii")
    assert "Base restaurée" not in (await _glr(owner_url, house, "status")).output
    log.write_text(line % (1, made) + line % (2, made + 500), "ascii")
    for _ in range(2):  # once noticed, it stays marked, and is not marked again
        assert (
            "Base restaurée de la sauvegarde du 27/03/2026 à 07:00" in (await _glr(owner_url, house, "status")).output
        )
    with connect(owner_url) as rows_of:
        assert rows_of.execute("select restored_by, backup from restoration").fetchall() == [("journal", "")]
        ((number,),) = rows_of.execute("select nextval('audit_outbox_id_seq')").fetchall()
    assert number > made + 500, "no event takes the number of another"


async def test_a_person_lifts_it_in_his_own_name_alone_and_what_cannot_be_listed_is_compared_by_hand(
    world: RobotWorld, owner_url: str, role_url: Mapping[str, str], console_url: str, tmp_path: Path
) -> None:
    house = tmp_path / "house"
    _secrets(house / "secrets", world, role_url)
    async with Database(owner_url, size=1) as owner, owner.transaction("test") as tx:
        await create_account(tx, "s.noir", "cpam-931", "S. Noir", "supervisor", PASSWORD)
        await create_account(tx, "a.martin", "cpam-931", "A. Martin", "agent", PASSWORD)
        marked = {"caisse": "cpam-931", "backup_at": "2026-03-27T06:00:00Z", "backup": "", "by": "test"}
        await tx.run("restorations.mark", **marked)
        await tx.run("restorations.mark", **{**marked, "backup_at": "2026-03-28T06:00:00Z"})
    for login in ("a.martin", "s.noir"):
        with connect(console_url, "agent:a.martin") as console, pytest.raises(psycopg.Error) as refused:
            console.execute("update restoration set lifted_at = now(), lifted_by = %s", [login])
        assert refused.value.sqlstate == "GL005"
    resume = ("resume", "--restored", "--by", "s.noir")
    assert isinstance((await _glr(owner_url, house, *resume)).exception, GlrError)
    looked = await _glr(
        owner_url, house, *resume, "--looked", "compta", "--reason", "Liste de COMPTA lue ligne à ligne"
    )
    assert "comparée par s.noir" in looked.output
    assert (await _glr(owner_url, house, *resume)).output.strip() == "Les robots reprennent."
    with connect(owner_url) as rows_of:
        rows = rows_of.execute("select backup_at::date::text, lifted_by from restoration").fetchall()
        verbs = rows_of.execute("select verb from audit_outbox where verb like 'house.%' order by id").fetchall()
    assert rows == [("2026-03-27", "s.noir")], "a second restoration forgets no less than the first"
    assert [verb for (verb,) in verbs] == ["house.restored", "house.restored", "house.looked", "house.released"]


async def test_where_no_application_shows_a_list_reconciling_says_what_a_restored_house_waits_for(
    world: RobotWorld, owner_url: str, role_url: Mapping[str, str], tmp_path: Path
) -> None:
    house = tmp_path / "house"
    _secrets(house / "secrets", world, role_url)
    (house / "secrets" / "acompte-ij.json").unlink()  # its robot has no desk here: COMPTA is not listed
    assert "rien à rapprocher" in str((await _glr(owner_url, house, "reconcile")).exception)
    async with Database(owner_url, size=1) as owner, owner.transaction("test") as tx:
        marked = {"caisse": "cpam-931", "backup_at": "2026-03-27T06:00:00Z", "backup": "", "by": "test"}
        await tx.run("restorations.mark", **marked)
    waits = await _glr(owner_url, house, "reconcile")
    assert isinstance(waits.exception, HouseRestored)
    assert "glr resume --restored" in str(waits.exception)
