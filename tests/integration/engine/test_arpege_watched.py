"""Registered stops looked at day after day: each is told as the oracle says, and no application is written to.

The oracle reads the stores of the practice applications; the stops of the test begin before all others.
"""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from kept_desk import KeptDesk
from robot_world import DAY as RUN_DAY
from robot_world import PROJECT, PracticeWorld, RobotWorld, robot_world

from orchestrator.bootstrap.world import load_keywords
from orchestrator.domain.keywords import Kind
from orchestrator.drivers.account import RobotAccount
from orchestrator.drivers.contracts import load_contract
from orchestrator.engine.extraction import Extraction
from orchestrator.engine.handed_on import load_handed_on
from orchestrator.engine.load import Loaded
from orchestrator.engine.results import RowOutcome
from orchestrator.language.load import load_scenario
from orchestrator.language.model import ExtractSource
from orchestrator.language.robots import load_robot
from orchestrator.settings import Settings
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault
from sandbox.watched import ROBOT, judge

DAY = date(2021, 3, 31)
_APPLICATIONS = ("bdo", "arpege", "compta")
_NUMBERS = itertools.count(1)


@asynccontextmanager
async def watching(practice: PracticeWorld, runner_url: str, vault: Vault, folder: Path) -> AsyncIterator[RobotWorld]:
    """Open the shipped scenario at the robot's own accounts."""
    keywords = load_keywords(Settings(workspace=folder, home=PROJECT))
    scenario = load_scenario(PROJECT / "scenarios" / "arpege-surveillance.yaml", keywords=keywords, caisse="cpam-931")
    practice.practice.write_accounts(practice.addresses, folder / "veille.json", ROBOT)
    accounts = {name: RobotAccount.read(one) for name, one in json.loads((folder / "veille.json").read_text()).items()}
    async with robot_world(practice, runner_url, vault, folder, scenario) as opened:
        browser = opened.bench.desks["bdo"].browser
        opened.bench.robot = "arpege-surveillance"
        opened.bench.desks = {
            name: KeptDesk(browser, load_contract(PROJECT / "keywords" / name / "screens.yaml"), accounts[name])
            for name in _APPLICATIONS
        }
        yield opened


class Planted:
    """Stops of March 2021, one person each, with what ARPEGE has paid of them and COMPTA advanced."""

    def __init__(self, practice: PracticeWorld) -> None:
        self.practice = practice
        self.people = iter([row for row in practice.rows if row.outcome == "entered"])
        self.stops: dict[str, str] = {}

    def stop(self, anomaly: str | None = "TECH_FLUX") -> str:
        reference, nir = f"AT21{next(_NUMBERS):06d}", next(self.people).nir
        self.stops[reference] = nir
        sheet = (
            "json_set((SELECT fiche FROM arret WHERE assure = a.id ORDER BY id LIMIT 1), '$.reference', ?, '$.debut',"
            " '02/03/2021', '$.fin', '05/04/2021', '$.reception', '03/03/2021', '$.etat', 'ENREGISTRE', '$.risque', 'AS',"
            " '$.nature', 'INITIAL')"
        )
        self.write(
            "arpege",
            "INSERT INTO arret (assure, reference, debut, fin, fiche, anomalie, signalee_le)"
            f" SELECT a.id, ?, '2021-03-02', '2021-04-05', {sheet}, ?, '2021-03-24' FROM assure a WHERE a.nir = ?",
            reference, reference, anomaly, nir,
        )  # fmt: skip
        return reference

    def pays(self, stop: str, first: int, last: int, *, payee: str | None = None, state: str = "PAYE") -> str:
        nir = self.stops[stop]
        (known,) = self.read("bdo", "SELECT fiche FROM dossier WHERE nir = ?", nir)
        person = json.loads(known[0])
        self.write(
            "arpege",
            "INSERT INTO paiement (assure, nir, reference, du, au, brut_c, csg_c, crds_c, destinataire, date, etat,"
            " code_rejet, tardif, visible) SELECT id, nir, ?, ?, ?, 50000, 100, 10, ?, '2021-03-22', ?, '', 0, 1"
            " FROM assure WHERE nir = ?",
            stop, f"2021-03-{first:02d}", f"2021-03-{last:02d}",
            payee or f"{person['nom_naissance'].upper()} {person['prenoms'].split(', ')[0]}", state, nir,
        )  # fmt: skip
        return stop

    def advances(self, stop: str, first: int, last: int, state: str = "LIQUIDEE") -> str:
        self.write(
            "compta",
            "INSERT INTO avance (numero, nir, nature, reference_arret, du, au, montant_c, motif, reference_libre, auteur,"
            " etat, saisie_le, jour_saisie, liquidee_le) VALUES (?, ?, 'ACP-IJ', ?, ?, ?, 40000, '', '', 'A1001', ?, '',"
            " '2021-03-20', '2021-03-21')",
            f"ACP-2021-9{next(_NUMBERS):05d}", self.stops[stop], stop, f"2021-03-{first:02d}", f"2021-03-{last:02d}", state,
        )  # fmt: skip
        return stop

    def clear(self) -> None:
        for stop in self.stops:
            self.write("arpege", "DELETE FROM arret WHERE reference = ?", stop)
            self.write("arpege", "DELETE FROM paiement WHERE reference = ?", stop)
            self.write("compta", "DELETE FROM avance WHERE reference_arret = ?", stop)

    def read(self, application: str, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.practice.practice.folder / f"{application}.db", timeout=20)) as store:
            return store.execute(sql, values).fetchall()

    def write(self, application: str, sql: str, *values: object) -> None:
        with closing(sqlite3.connect(self.practice.practice.folder / f"{application}.db", timeout=20)) as store, store:
            store.execute(sql, values)

    def held(self) -> list[str]:
        """Return everything ARPEGE and COMPTA hold but who is logged in, and every ledger."""
        tables = {"arpege": ("assure", "arret", "paiement", "recuperation"), "compta": ("avance", "regularisation")}
        rows = [str(self.read(name, f"SELECT * FROM {table}")) for name, of in tables.items() for table in of]
        return rows + [path.read_text() for path in sorted(self.practice.practice.folder.glob("*.ledger.jsonl"))]


@contextmanager
def planted(practice: PracticeWorld) -> Iterator[Planted]:
    found = Planted(practice)
    try:
        yield found
    finally:
        found.clear()


async def look(world: RobotWorld, day: date) -> UUID:
    """Read the list of that day in ARPEGE and work it, as ``glr run arpege-surveillance`` does."""
    (source,) = world.bench.scenario.sources
    assert isinstance(source, ExtractSource)
    delivery = await Extraction(bench=world.bench, database=world.loader.database).read(source, day)
    loaded = await world.loader.start(world.bench.scenario, delivery, day, "test")
    await world.work()
    return loaded.run


async def narrowed(world: RobotWorld, day: date, *stops: str) -> UUID:
    """Read the whole list of that day, and work these stops of it."""
    (source,) = world.bench.scenario.sources
    assert isinstance(source, ExtractSource)
    delivery = await Extraction(bench=world.bench, database=world.loader.database).read(source, day)
    mine = replace(delivery, rows=[row for row in delivery.rows if row.values["stop_id"] in stops], bad=[])
    loaded = await world.loader.start(world.bench.scenario, mine, day, "test")
    await world.work()
    return loaded.run


async def handed_on(world: RobotWorld, day: date) -> list[Loaded]:
    """Load what the surveillance ended for this scenario on that day."""
    return await load_handed_on(world.loader, world.bench.scenario, day, "test")


async def set_mode(owner: Database, mode: str) -> None:
    async with owner.transaction("test") as tx:
        await tx.connection.execute("update run set mode = %s", [mode])


async def told(owner: Database, run: UUID) -> list[tuple[str, tuple[str, ...]]]:
    """Return, row after row of the list, how each ended, and the codes of its exception."""
    async with owner.transaction("test") as tx:
        cursor = await tx.connection.execute(
            "select cases.line, coalesce(cases.ended_as, cases.state::text) as ended, item.failed from cases left join"
            " exception_item item on item.case_id = cases.id and item.closed_at is null where cases.run = %s"
            " union all select line, 'set_aside', null from row_set_aside join run using (delivery) where run.id = %s"
            " order by line",
            [run, run],
        )
        rows = await cursor.fetchall()
    return [(row["ended"], tuple(sorted(one["code"] for one in row["failed"] or []))) for row in rows]


async def test_each_stop_is_told_as_the_oracle_says_and_nothing_is_written_anywhere(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path, owner_db: Database
) -> None:
    practice_world.fault()
    with planted(practice_world) as march:
        candidate = march.stop()
        march.pays(march.stop(), 5, 30)
        march.pays(march.stop(), 5, 20)
        march.pays(march.pays(march.stop(), 5, 20), 20, 30)
        march.pays(march.stop(), 5, 30, payee="DUPUIS Xavier")
        march.advances(march.pays(march.stop(), 5, 30), 5, 20)
        march.advances(march.stop(), 5, 20)
        march.stop(None)
        march.stop("PIECE_MANQUANTE")
        expected = judge(practice_world.practice.folder, DAY)
        assert [(one.outcome, *one.codes) for one in expected if one.stop in march.stops] == [
            ("candidate",), ("nothing_unpaid",), ("too_recent",), ("exception", "S-DOUBLE"), ("exception", "S-TIERS"),
            ("exception", "S-ACOMPTE"), ("advance_made",), ("exception", "S-MOTIF"), ("known_reason",),
        ]  # fmt: skip
        held = march.held()
        async with watching(practice_world, runner_url, vault, tmp_path) as world:
            found = await told(owner_db, await look(world, DAY))
            assert found == [(one.outcome, one.codes) for one in expected]
            assert march.held() == held, "this robot writes nothing"

            march.pays(candidate, 5, 31)
            again = await told(owner_db, await look(world, DAY + timedelta(days=1)))
        tomorrow = judge(practice_world.practice.folder, DAY + timedelta(days=1))
        assert again == [
            ("set_aside", ()) if one.outcome == "exception" else (one.outcome, one.codes) for one in tomorrow
        ], "a finding that waits for a person is not opened again; a stop that was paid is no candidate any more"
        assert next(one.outcome for one in tomorrow if one.stop == candidate) == "nothing_unpaid"
    async with owner_db.transaction("test") as tx:
        assert (await (await tx.connection.execute("select count(*) as n from entry")).fetchall())[0]["n"] == 0


async def test_what_was_found_in_the_morning_is_proposed_once_and_the_next_day_it_is_advanced(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path, owner_db: Database
) -> None:
    practice_world.fault()
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    for folder in (first, second, third):
        folder.mkdir()
    today, tomorrow = RUN_DAY, RUN_DAY + timedelta(days=1)
    found = {one.stop: one.outcome for one in judge(practice_world.practice.folder, today)}
    row = next(row for row in practice_world.unused if (row.outcome, found.get(row.stop)) == ("entered", "candidate"))
    other = next(stop for stop, outcome in found.items() if outcome == "too_recent")
    practice_world.unused.remove(row)
    async with watching(practice_world, runner_url, vault, first) as world:
        morning = await told(owner_db, await narrowed(world, today, row.stop, other))
        assert sorted(morning) == [("candidate", ()), ("too_recent", ())]
    async with robot_world(practice_world, runner_url, vault, second) as world:
        assert await handed_on(world, tomorrow) == [], "found another day"
        await set_mode(owner_db, "shadow")
        assert await handed_on(world, today) == [], "found by a trial"
        await set_mode(owner_db, "live")
        (loaded,) = await handed_on(world, today)
        assert (loaded.rows, loaded.cases) == (1, 1)
        assert await handed_on(world, today) == [], "the same rows again"
        await world.work()
        result = await world.only(loaded.run)
    assert (result.outcome, result.amount_c) == (RowOutcome.ENTERED, row.amount_c)
    assert [act["amount_c"] for act in practice_world.lines_of(row.stop)] == [row.amount_c]
    async with watching(practice_world, runner_url, vault, third) as world:
        assert await told(owner_db, await narrowed(world, tomorrow, row.stop)) == [("advance_made", ())]


def test_the_robot_has_no_right_to_enter_or_to_hand_over_in_any_application() -> None:
    robot = load_robot(PROJECT / "robots" / "arpege-surveillance" / "robot.yaml")
    granted = {kind for kinds in robot.applications.values() for kind in kinds}
    assert granted <= {Kind.CHECK, Kind.EXTRACT}
