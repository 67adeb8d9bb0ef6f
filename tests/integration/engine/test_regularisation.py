"""Advances followed to the end on the practice applications: what becomes of each is told by COMPTA's own ledger and store.

What is due is worked out here from the stores of ARPEGE and COMPTA, never by the keywords.
"""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from audit_rows import connect
from click.testing import CliRunner
from robot_world import PROJECT, PracticeWorld, RobotWorld, robot_world
from secrets_of import make_secrets

from orchestrator.bootstrap.world import load_keywords
from orchestrator.cli import commands
from orchestrator.engine.extraction import Extraction
from orchestrator.language.load import load_scenario
from orchestrator.language.model import ExtractSource, Scenario
from orchestrator.settings import Settings
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault

#: A day before every advance of the population: the list of that day has the test's own alone.
DAY = date(2024, 2, 1)
_NUMBERS = itertools.count(1)
#: A day on which nothing else was linked.
LINKED_ON = "2031-02-03"


@dataclass(frozen=True, kw_only=True)
class Held:
    """An advance of a test: COMPTA's number, and the stop."""

    number: str
    stop: str


def scenario(folder: Path) -> Scenario:
    keywords = load_keywords(Settings(workspace=folder, home=PROJECT))
    return load_scenario(PROJECT / "scenarios" / "acompte-suivi.yaml", keywords=keywords, caisse="cpam-931")


def held(practice: PracticeWorld, amount_c: int, net_c: int | None, *, state: str = "LIQUIDEE", days: int = 5) -> Held:
    """Have a person with a paid advance, and ARPEGE's payment of these days when there is one."""
    row = practice.take("entered")
    number = f"ACP-2024-9{next(_NUMBERS):05d}"
    first, last = date(2024, 1, 1), date(2024, 1, 1) + timedelta(days=days - 1)
    with sqlite3.connect(practice.practice.folder / "compta.db") as store:
        store.execute(
            "INSERT INTO avance (numero, nir, nature, reference_arret, du, au, montant_c, motif, reference_libre, auteur,"
            " etat, saisie_le, jour_saisie, liquidee_le, code_rejet)"
            " VALUES (?, ?, 'ACP-IJ', ?, ?, ?, ?, '', '', 'A1001', ?, '', ?, '2024-01-12', ?)",
            (number, row.nir, row.stop, first.isoformat(), last.isoformat(), amount_c, state, "2024-01-10",
             "AC04" if state == "REJETE_BANQUE" else ""),
        )  # fmt: skip
    if net_c is not None:
        pay(practice, row.stop, net_c)
    return Held(number=number, stop=row.stop)


def pay(practice: PracticeWorld, stop: str, net_c: int) -> None:
    """Have ARPEGE pay January 2024 of that person."""
    with sqlite3.connect(practice.practice.folder / "arpege.db") as store:
        store.execute(
            "INSERT INTO paiement (assure, nir, reference, du, au, brut_c, csg_c, crds_c, destinataire, date, etat,"
            " code_rejet, tardif, visible) SELECT a.id, a.nir, t.reference, '2024-01-01', '2024-01-31', ?, 100, 10, '',"
            " '2024-01-20', 'PAYE', '', 0, 1 FROM arret t JOIN assure a ON a.id = t.assure WHERE t.reference = ?",
            (net_c + 110, stop),
        )


async def follow(world: RobotWorld, day: date) -> UUID:
    """Read the list of that day in COMPTA and work it, as ``glr run acompte-suivi`` does."""
    (source,) = world.bench.scenario.sources
    assert isinstance(source, ExtractSource)
    delivery = await Extraction(bench=world.bench, database=world.loader.database).read(source, day)
    loaded = await world.loader.start(world.bench.scenario, delivery, day, "test")
    await world.work()
    return loaded.run


async def ends(owner: Database, run: UUID) -> list[tuple[str, str, str]]:
    """Return state, open exception's code and its queue, by due date."""
    async with owner.transaction("test") as tx:
        cursor = await tx.connection.execute(
            "select coalesce(ended_as, cases.state::text) as state,"
            " coalesce(item.code, '') as code, coalesce(item.queue, '') as queue from cases"
            " left join exception_item item on item.case_id = cases.id and item.closed_at is null where cases.run = %s"
            " order by cases.due, cases.id",
            [run],
        )
        return [(row["state"], row["code"], row["queue"]) for row in await cursor.fetchall()]


def links(practice: PracticeWorld, *advances: Held) -> list[dict[str, Any]]:
    """Return the regularisations of these advances in COMPTA's own ledger."""
    numbers = {each.number for each in advances}
    return [act for act in practice.acts() if act["act"] == "REGULARISATION" and act["number"] in numbers]


def state_of(practice: PracticeWorld, advance: Held) -> str:
    with sqlite3.connect(practice.practice.folder / "compta.db") as store:
        return str(store.execute("SELECT etat FROM avance WHERE numero = ?", (advance.number,)).fetchone()[0])


def changed_links(practice: PracticeWorld, kept: str, lost: str) -> None:
    """Date the robot's links of a day of their own in COMPTA; take one away, and add one that we never made."""
    with sqlite3.connect(practice.practice.folder / "compta.db") as store:
        store.execute("UPDATE regularisation SET jour = ? WHERE numero IN (?, ?)", (LINKED_ON, kept, lost))
        store.execute(
            "INSERT INTO regularisation (numero, reference_paiement, reference_libre, auteur, jour)"
            " SELECT 'ACP-2023-999999', reference_paiement, 'GLR-INCONNUE22', auteur, jour"
            " FROM regularisation WHERE numero = ?",
            (lost,),
        )
        store.execute("UPDATE avance SET numero = 'ACP-2023-999999' WHERE numero = ?", (lost,))
        store.execute("DELETE FROM regularisation WHERE numero = ?", (lost,))


async def reconciled(world: RobotWorld, owner_url: str, urls: Mapping[str, str]) -> tuple[int, set[tuple[Any, ...]]]:
    """Run ``glr reconcile acompte-suivi`` on that day; return how many links agree, and the gaps that it wrote down."""
    accounts = {
        name: {"address": one.address, "login": one.login, "password": one.password.reveal()}
        for name, one in world.world.accounts.items()
    }
    secrets = make_secrets(world.folder / "workspace", world.bench.vault, urls, **{"suivi-acomptes": accounts})
    words = ("reconcile", "acompte-suivi", "--date", LINKED_ON, "--json", "--workspace", str(secrets.parent))
    with connect(owner_url) as connection:
        connection.execute("update run set run_date = %s", [LINKED_ON])
    asked = await asyncio.to_thread(lambda: CliRunner().invoke(commands, words, env={"GLR_DATABASE_URL": owner_url}))
    assert asked.exit_code == 6, asked.output
    with connect(owner_url) as connection:
        gaps = connection.execute("select kind, reference, ours_c, seen_c from gap").fetchall()
        told = connection.execute("select details ->> 'matched' from audit_outbox where verb = 'entries.reconciled'")
        (matched,) = told.fetchone() or ("0",)
    return int(matched), {*gaps}


async def test_each_advance_is_followed_until_arpege_pays_and_what_was_overpaid_goes_to_a_person(
    practice_world: PracticeWorld,
    runner_url: str,
    vault: Vault,
    tmp_path: Path,
    owner_db: Database,
    owner_url: str,
    role_url: Mapping[str, str],
) -> None:
    practice_world.fault()
    enough = held(practice_world, 69739, 126798)
    overpaid = held(practice_world, 69739, 44784)
    unpaid = held(practice_world, 30000, None)
    rejected = held(practice_world, 20000, 40000, state="REJETE_BANQUE")
    everyone = (enough, overpaid, unpaid, rejected)
    async with robot_world(practice_world, runner_url, vault, tmp_path, scenario(tmp_path)) as world:
        world.bench.robot = "suivi-acomptes"
        found = await ends(owner_db, await follow(world, DAY))
        assert sorted(found) == sorted([
            ("entered", "", ""), ("exception", "R-INDU", "ij-indus"), ("waiting_for_payment", "", ""),
            ("exception", "R-AC04", "ij-indus"),
        ])  # fmt: skip
        (link,) = links(practice_world, *everyone)
        assert (link["number"], link["amount_c"]) == (enough.number, 69739)
        assert link["payment"] == f"{enough.stop} du 01/01/2024 au 31/01/2024"
        assert [state_of(practice_world, each) for each in everyone] == [
            "REGULARISEE", "LIQUIDEE", "LIQUIDEE", "REJETE_BANQUE"
        ]  # fmt: skip

        same_day = await ends(owner_db, await follow(world, DAY))
        assert same_day == [("waiting_for_payment", "", "")], "those that wait for a person are not worked again"
        assert len(links(practice_world, *everyone)) == 1

        pay(practice_world, unpaid.stop, 30000)
        tomorrow = await ends(owner_db, await follow(world, DAY + timedelta(days=1)))
    assert tomorrow == [("entered", "", "")], "the same advance, seen and ended the day before"
    assert [each["number"] for each in links(practice_world, *everyone)] == [enough.number, unpaid.number]

    changed_links(practice_world, enough.number, unpaid.number)
    assert await reconciled(world, owner_url, role_url) == (
        1, {("missing", unpaid.number, 30000, None), ("extra", "ACP-2023-999999", None, 30000)}
    )  # fmt: skip


@pytest.mark.parametrize("fault", ["before", "after"])
async def test_a_lost_answer_to_the_link_is_settled_by_a_look_and_linked_once(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path, owner_db: Database, fault: str
) -> None:
    practice_world.fault({"on": "POST /regularisations", "fault": fault, "times": 1})
    advance = held(practice_world, 10000, 10000)
    async with robot_world(practice_world, runner_url, vault, tmp_path, scenario(tmp_path)) as world:
        world.bench.robot = "suivi-acomptes"
        await follow(world, DAY)
        await world.work()
    practice_world.fault()
    assert len(links(practice_world, advance)) == 1
    assert state_of(practice_world, advance) == "REGULARISEE"
