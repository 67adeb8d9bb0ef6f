"""Three-way reconciliation by the real command: COMPTA's own store is changed behind our back, and each change is found."""

from __future__ import annotations

import asyncio
import csv
import io
import sqlite3
import zipfile
from collections.abc import AsyncIterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pypdf
import pytest
from audit_rows import connect
from click.testing import CliRunner, Result
from robot_world import PROJECT, PracticeWorld, RobotWorld, robot_world
from secrets_of import make_secrets

from orchestrator.bootstrap.reconciliations import open_reconciliations
from orchestrator.bootstrap.world import World
from orchestrator.cli import commands
from orchestrator.settings import Settings
from orchestrator.sharing.keys import fingerprint, make_key, public_text
from orchestrator.store.vault import Vault

#: A day on which no other test has entered anything.
DAY = "2031-01-06"
_COPY = """
insert into avance (numero, nir, nature, reference_arret, du, au, montant_c, motif, reference_libre, auteur, etat,
                    saisie_le, jour_saisie)
select ?, nir, nature, reference_arret, du, au, montant_c, motif, ?, ?, etat, saisie_le, ? from avance where numero = ?
"""


@pytest.fixture
async def world(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path
) -> AsyncIterator[RobotWorld]:
    practice_world.fault()
    async with robot_world(practice_world, runner_url, vault, tmp_path) as opened:
        yield opened


def _workspace(world: RobotWorld, urls: Mapping[str, str]) -> Path:
    """Make the secrets of a workspace that works on this test's database and these applications."""
    accounts = {
        name: {"address": one.address, "login": one.login, "password": one.password.reveal()}
        for name, one in world.world.accounts.items()
    }
    secrets = make_secrets(world.folder / "workspace", world.bench.vault, urls, **{"acompte-ij": accounts})
    make_key(secrets)
    return secrets.parent


def _change(world: RobotWorld, numbers: list[str]) -> None:
    """Change what COMPTA shows: one entry stays, the others are changed, made by another, gone; one is nobody's."""
    _, changed, taken, gone = numbers
    robot = world.world.accounts["compta"].login
    with closing(sqlite3.connect(world.world.practice.folder / "compta.db")) as store, store:
        store.execute(f"update avance set jour_saisie = ? where numero in ({','.join('?' * 4)})", [DAY, *numbers])
        store.execute("update avance set montant_c = montant_c + 1 where numero = ?", [changed])
        store.execute(_COPY, ["ACP-2031-000001", "", "A.MARTIN", DAY, taken])
        store.execute(_COPY, ["ACP-2031-000002", "GLR-INCONNUE22", robot, DAY, gone])
        store.execute("delete from avance where numero in (?, ?)", [taken, gone])


async def _glr(owner_url: str, *words: str) -> Result:
    env = {"GLR_DATABASE_URL": owner_url, "COLUMNS": "200"}
    return await asyncio.to_thread(lambda: CliRunner().invoke(commands, words, env=env))


def _rows(connection: psycopg.Connection, text: str) -> list[tuple[Any, ...]]:
    return connection.execute(text.encode()).fetchall()


async def test_each_change_is_found_opened_once_reported_and_signed_and_an_explained_one_agrees(
    world: RobotWorld, owner_url: str, role_url: Mapping[str, str], console_url: str
) -> None:
    loaded = await world.deliver(*(world.world.take("entered") for _ in range(4)))
    await world.work()
    numbers = [str(row.entry_reference) for row in await world.results(loaded.run)]
    references = [str(row.reference) for row in await world.results(loaded.run)]
    workspace, out = _workspace(world, role_url), world.folder / "out"
    with connect(owner_url) as connection:
        connection.execute("update run set run_date = %s", [DAY])
    _change(world, numbers)
    words = ("reconcile", "--date", DAY, "--out", str(out), "--workspace", str(workspace))

    first = await _glr(owner_url, *words)
    assert first.exit_code == 6, first.output
    assert "Saisies retrouvées à l'identique : 1" in first.output
    assert "Livraisons : 1, lignes : 4, retrouvées : 4." in first.output
    expected = {
        ("different", references[1], numbers[1]),
        ("another", references[2], "ACP-2031-000001"),
        ("missing", references[3], numbers[3]),
        ("extra", "", "ACP-2031-000002"),
    }
    found = "select kind, case_reference, reference from gap"
    with connect(owner_url) as connection:
        assert set(_rows(connection, found)) == expected
    report = out / f"rapprochement-{DAY}"
    table = list(csv.DictReader(io.StringIO(report.with_suffix(".csv").read_text("utf-8-sig")), delimiter=";"))
    assert sorted(row["Écart"] for row in table) == [
        "différente",
        "en trop",
        "identique",
        "manquante",
        "saisie par un autre",
    ]
    page = pypdf.PdfReader(report.with_suffix(".pdf")).pages[0].extract_text()
    assert "4 écart(s) sans explication" in page
    key = fingerprint(public_text(make_key(workspace / "secrets")))
    judged = await _glr(owner_url, "verify", str(report.with_suffix(".zip")), "--fingerprint", key)
    assert (judged.exit_code, "Intact." in judged.output) == (0, True), judged.output
    said = "".join(
        zipfile.ZipFile(report.with_suffix(".zip")).read(name).decode("utf-8", "replace")
        for name in ("manifest.json", "rapprochement.csv")
    )
    assert [row.nir for row in world.world.rows if row.nir in said] == []

    with connect(console_url, "agent:a.martin") as connection:
        connection.execute(
            "update gap set settled_at = now(), settled_by = 'a.martin', reason = 'Vu avec la comptabilité'"
        )
    again = await _glr(owner_url, *words)
    assert again.exit_code == 0, again.output
    assert again.output.count("Vu avec la comptabilité") == 4
    with connect(owner_url) as connection:
        assert set(_rows(connection, found)) == expected
        verbs = _rows(
            connection, "select verb, count(*) from audit_outbox where verb like 'gap.%' group by 1 order by 1"
        )
        assert verbs == [("gap.opened", 4), ("gap.settled", 4)]
        with pytest.raises(psycopg.Error, match="stays written"):
            connection.execute("update gap set reason = 'autre'")
        connection.execute("update entry set keyword = 'compta.regularise_advance'")  # what another list would show
    other = await _glr(owner_url, *words)
    assert "Saisies retrouvées à l'identique : 0" in other.output
    (workspace / "secrets" / "acompte-ij.json").unlink()  # it has worked here: it is not passed over
    assert "Comptes du robot « acompte-ij » introuvables" in str((await _glr(owner_url, *words)).exception)


class Evening:
    """A clock of that day, from a moment before its reconciliation on."""

    def __init__(self) -> None:
        self._offset = datetime.fromisoformat(f"{DAY}T18:59:59+01:00") - datetime.now(UTC)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset


async def test_each_working_day_is_reconciled_once_by_two_orchestrators_and_what_differs_is_told(
    world: RobotWorld, owner_url: str, role_url: Mapping[str, str], visit: Any
) -> None:
    loaded = await world.deliver(world.world.take("entered"))
    await world.work()
    (number,) = [str(row.entry_reference) for row in await world.results(loaded.run)]
    with connect(owner_url) as connection:
        connection.execute("update run set run_date = %s", [DAY])
    with closing(sqlite3.connect(world.world.practice.folder / "compta.db")) as store, store:
        store.execute("update avance set jour_saisie = ?, montant_c = montant_c + 1 where numero = ?", [DAY, number])
    project = world.folder / "project"
    project.mkdir()
    for name in ("scenarios", "robots"):
        (project / name).symlink_to(PROJECT / name)
    (project / "surveillance.yaml").write_text('reconcile: {ij-acompte: "19:00"}\n', encoding="utf-8")
    settings = Settings(workspace=_workspace(world, role_url), home=project, database_url=owner_url)
    one = World(settings=settings, urls=role_url, vault=world.bench.vault, keywords=world.bench.keywords)
    report = settings.workspace / "logs" / "rapprochements"

    async with open_reconciliations(one, Evening()), open_reconciliations(one, Evening()):
        for _ in range(600):
            if list(report.glob("*.zip")):
                break
            await asyncio.sleep(0.1)
    with connect(owner_url) as connection:
        assert _rows(connection, "select scenario, occurrence from schedule_occurrence") == [
            ("rapprochement/ij-acompte", f"{DAY}T19:00")
        ]
        done = "select count(*) from audit_outbox where verb = 'entries.reconciled'"
        assert _rows(connection, done) == [(1,)]
        assert _rows(connection, "select kind, object from alert") == [("gap", "compta")]
    page = await (await visit("a.martin")).get("/exceptions")
    assert "écart" in page.text.split("Ce qui est arrêté ou diffère", 1)[1].split("</section>", 1)[0]
