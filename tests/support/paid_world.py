"""Advances that people paid, told to ARPEGE and to the person: the shipped scenario, its ledgers, and the oracle's words."""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from kept_desk import KeptDesk
from robot_world import PROJECT, PracticeWorld, RobotWorld, robot_world

from orchestrator.bootstrap.world import load_keywords
from orchestrator.drivers.contracts import load_contract
from orchestrator.drivers.deliveries import Delivery
from orchestrator.drivers.witness import Witness, numbers_of
from orchestrator.drivers.workshop import RobotWorkshop
from orchestrator.engine.extraction import Extraction
from orchestrator.language.load import load_scenario
from orchestrator.language.model import ExtractSource
from orchestrator.settings import Settings
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault
from sandbox.letters import SCAN

#: Before every other advance: the list of that day has the test's own alone.
DAY = date(2023, 2, 1)
APPLICATIONS = ("bdo", "arpege", "compta", "ged")
ABOUT = {
    "robot": "Robot suivi-acomptes", "version": "c0ffee", "purpose": "informer de chaque acompte versé",
    "contact": "dpo@cpam-931.example",
}  # fmt: skip
_NUMBERS = itertools.count(1)


@asynccontextmanager
async def paid_world(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path
) -> AsyncIterator[RobotWorld]:
    """Open the shipped scenario with desks at its four applications and the robot's own templates."""
    keywords = load_keywords(Settings(workspace=tmp_path, home=PROJECT))
    scenario = load_scenario(PROJECT / "scenarios" / "acompte-courrier.yaml", keywords=keywords, caisse="cpam-931")
    workshop = RobotWorkshop(home=PROJECT / "robots" / "suivi-acomptes", folders={}, about=ABOUT)
    async with robot_world(practice_world, runner_url, vault, tmp_path, scenario) as opened:
        browser = opened.bench.desks["bdo"].browser
        opened.bench.robot, opened.bench.workshop = "suivi-acomptes", workshop
        opened.bench.desks = {
            name: KeptDesk(
                browser, load_contract(PROJECT / "keywords" / name / "screens.yaml"), practice_world.accounts[name]
            )
            for name in APPLICATIONS
        }
        yield opened
    await workshop.close()


@contextmanager
def paid(practice: PracticeWorld, *states: str) -> Iterator[list[str]]:
    """Have people with advances of January 2023 in these states; closed at the end, so that no other list shows them."""
    numbers = [_held(practice, state) for state in states]
    try:
        yield numbers
    finally:
        for number in numbers:
            write(practice, "compta", "UPDATE avance SET etat = 'REGULARISEE' WHERE numero = ?", number)


def _held(practice: PracticeWorld, state: str) -> str:
    row, number = practice.take("entered"), f"ACP-2023-9{next(_NUMBERS):05d}"
    write(
        practice, "bdo", "UPDATE dossier SET adresse = '3 rue des Exemples, 93999 Villefictive' WHERE nir = ?", row.nir
    )
    write(practice, "ged", "DELETE FROM document WHERE nir = ?", row.nir)
    write(
        practice, "compta",
        "INSERT INTO avance (numero, nir, nature, reference_arret, du, au, montant_c, motif, reference_libre, auteur, etat,"
        " saisie_le, jour_saisie, liquidee_le) VALUES (?, ?, 'ACP-IJ', ?, '2023-01-02', '2023-01-20', 69739, '', '', 'A1001',"
        " ?, '', '2023-01-25', '2023-01-27')",
        number, row.nir, row.stop, state,
    )  # fmt: skip
    return number


def write(practice: PracticeWorld, application: str, sql: str, *values: object) -> None:
    """Change what an application holds, as its people would have."""
    with closing(sqlite3.connect(practice.practice.folder / f"{application}.db", timeout=20)) as store, store:
        store.execute(sql, values)


def nir_of(practice: PracticeWorld, number: str) -> str:
    """Return whose advance it is."""
    with closing(sqlite3.connect(practice.practice.folder / "compta.db")) as store:
        return str(store.execute("SELECT nir FROM avance WHERE numero = ?", (number,)).fetchone()[0])


def dies(practice: PracticeWorld, number: str) -> None:
    """Have BDO know that the person has died."""
    sql = "UPDATE dossier SET fiche = json_set(fiche, '$.date_deces', '12/01/2023') WHERE nir = ?"
    write(practice, "bdo", sql, nir_of(practice, number))


def moves_away(practice: PracticeWorld, number: str) -> None:
    """Have BDO lose the address."""
    write(practice, "bdo", "UPDATE dossier SET adresse = '' WHERE nir = ?", nir_of(practice, number))


def is_not_reached(practice: PracticeWorld, number: str) -> None:
    """Have an agent file a letter that came back."""
    write(
        practice, "ged",
        "INSERT INTO document (document, nir, nature, reference, objet, du, au, empreinte, reference_libre, auteur, jour,"
        " contenu) VALUES ('GED-2023-900001', ?, 'RETOUR_NPAI', 'COURRIER', 'Pli non distribué', '2023-01-10', '2023-01-10',"
        " '', '', 'A1002', '2023-01-10', ?)",
        nir_of(practice, number), SCAN,
    )  # fmt: skip


def ledger(practice: PracticeWorld, application: str, act: str, numbers: list[str]) -> list[dict[str, Any]]:
    """Return what an application's own ledger says of these advances."""
    lines = (practice.practice.folder / f"{application}.ledger.jsonl").read_text("utf-8").splitlines()
    acts = [line for line in map(json.loads, lines) if line["act"] == act]
    return [one for one in acts if {one.get("advance"), one.get("reference")} & set(numbers)]


async def run(world: RobotWorld, day: date) -> UUID:
    """Read the list of that day in COMPTA and work it, as ``glr run acompte-courrier`` does."""
    loaded = await world.loader.start(world.bench.scenario, await read_list(world, day), day, "test")
    await world.work()
    return loaded.run


async def read_list(world: RobotWorld, day: date, witnesses: Mapping[str, Witness] | None = None) -> Delivery:
    """Read the list of that day in COMPTA, with these witnesses."""
    (source,) = world.bench.scenario.sources
    assert isinstance(source, ExtractSource)
    extraction = Extraction(bench=world.bench, database=world.loader.database, witnesses=numbers_of(witnesses or {}))
    return await extraction.read(source, day)


async def ends(owner: Database, run: UUID) -> list[tuple[str, str]]:
    """Return, case after case, how each ended, and the code of its exception."""
    async with owner.transaction("test") as tx:
        cursor = await tx.connection.execute(
            "select coalesce(cases.ended_as, cases.state::text) as ended, coalesce(item.code, '') as code"
            " from cases left join exception_item item on item.case_id = cases.id and item.closed_at is null"
            " where cases.run = %s order by cases.line",
            [run],
        )
        return [(row["ended"], row["code"]) for row in await cursor.fetchall()]
