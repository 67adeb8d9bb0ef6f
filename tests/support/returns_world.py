"""Bank returns for tests: advances planted in COMPTA, the bank's file, and what COMPTA's ledger and store say."""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import httpx
from robot_world import DAY, PROJECT, PracticeWorld, RobotWorld, robot_world
from served_sandbox import log_in

from orchestrator.bootstrap.world import load_keywords
from orchestrator.engine.load import Loaded
from orchestrator.language.load import load_scenario
from orchestrator.settings import Settings
from orchestrator.store.vault import Vault
from sandbox.bank import Entry, document, text_of
from sandbox.bank_oracle import Verdict, judge, known_now

_NUMBERS = itertools.count(1)
BOOKED_ON = date(2026, 3, 24)


@asynccontextmanager
async def returns_world(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path
) -> AsyncIterator[RobotWorld]:
    """Open the shipped scenario; afterwards the advances of :func:`sent` are no longer open in COMPTA."""
    keywords = load_keywords(Settings(workspace=tmp_path, home=PROJECT))
    scenario = load_scenario(PROJECT / "scenarios" / "retours-banque.yaml", keywords=keywords, caisse="cpam-931")
    try:
        async with robot_world(practice_world, runner_url, vault, tmp_path, scenario) as opened:
            opened.bench.robot = "suivi-acomptes"
            yield opened
    finally:  # the lists of other tests have their own
        _write(practice_world, "UPDATE avance SET etat = 'ANNULEE' WHERE numero LIKE 'ACP-2022-9%'")
        _write(practice_world, "DELETE FROM recuperation WHERE avance LIKE 'ACP-2022-9%'", application="arpege")


def sent(practice: PracticeWorld, amount_c: int = 69739, *, state: str = "REJETE_BANQUE") -> Entry:
    """Have COMPTA hold a transfer in that state; return the entry by which the bank gives it back, in order."""
    place = next(_NUMBERS)
    number, nir = f"ACP-2022-9{place:05d}", practice.rows[place].nir
    _write(
        practice,
        "INSERT INTO avance (numero, nir, nature, reference_arret, du, au, montant_c, motif, reference_libre, auteur, etat,"
        " saisie_le, jour_saisie, liquidee_le) VALUES (?, ?, 'ACP-IJ', 'AT22000001', '2022-01-03', '2022-01-20', ?, '', '',"
        " 'A1001', ?, '', '2022-01-25', '2022-01-27')",
        number, nir, amount_c, state,
    )  # fmt: skip
    return Entry(end_to_end=number, amount=text_of(amount_c), reference=f"RJT-{place:04}", booked_on=BOOKED_ON)


def noted_by_an_agent(practice: PracticeWorld, entry: Entry) -> Entry:
    """Have an agent note that return in COMPTA before the robot comes."""
    _write(
        practice,
        "INSERT INTO retour (numero, motif, reference_banque, date_comptable, reference_libre, auteur, jour)"
        " VALUES (?, 'AC04', ?, '2026-03-24', '', 'A1001', '2026-03-25')",
        entry.end_to_end, entry.reference,
    )  # fmt: skip
    return entry


def flagged(practice: PracticeWorld, entry: Entry) -> Entry:
    """Have ARPEGE hold a recovery of that transfer, flagged before the bank gave it back."""
    _write(
        practice,
        "INSERT INTO recuperation (recuperation, avance, reference_arret, du, au, montant_c, note, reference_libre, auteur,"
        " jour) VALUES (?, ?, 'AT22000001', '2022-01-03', '2022-01-20', 69739, 'Acompte', '', 'ROB-931-SUIVI-1', '2022-01-28')",
        f"REC-{entry.end_to_end}", entry.end_to_end,
        application="arpege",
    )  # fmt: skip
    return entry


def taken_off(practice: PracticeWorld, entry: Entry) -> None:
    """Have an agent take that recovery off in ARPEGE, on its page."""
    accounts = json.loads((practice.practice.folder / "accounts.json").read_text("utf-8"))
    with httpx.Client(base_url=practice.addresses["arpege"], timeout=20) as agent:
        assert log_in(agent, "A1001", accounts["arpege"]["A1001"]["password"]).status_code == 303
        asked = agent.post("/recuperations/retrait", data={"recuperation": f"REC-{entry.end_to_end}"})
    assert asked.headers["location"] == f"/recuperations/avance/{entry.end_to_end}"


def again(entry: Entry) -> Entry:
    """The bank says the same transfer once more, under another reference."""
    return replace(entry, reference=f"{entry.reference}-BIS")


async def deliver(
    world: RobotWorld, entries: Iterable[Entry], name: str = "1", message: str = "AVIS-1"
) -> tuple[Loaded, list[Verdict]]:
    """Load the bank's file; return it with what its oracle says of each entry, before any is worked."""
    content = document(entries, DAY, message)
    verdicts = list(judge(content, known_now(world.world.practice.folder)))
    path = world.folder / f"camt054-{name}.xml"
    path.write_bytes(content)
    return await world.loader.load(world.bench.scenario, path, DAY, "test"), verdicts


def notes(practice: PracticeWorld, entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """Return every act on these transfers in COMPTA's own ledger."""
    numbers = {one.end_to_end for one in entries}
    return [act for act in practice.acts() if act["number"] in numbers]


def in_compta(practice: PracticeWorld, *entries: Entry) -> list[tuple[str, str]]:
    """Return state and reject code of each of these transfers."""
    with closing(sqlite3.connect(practice.practice.folder / "compta.db")) as store:
        sql = "SELECT etat, code_rejet FROM avance WHERE numero = ?"
        return [store.execute(sql, (one.end_to_end,)).fetchone() for one in entries]


def count_advances(practice: PracticeWorld) -> int:
    """Return how many advances COMPTA holds: nobody pays again here."""
    with closing(sqlite3.connect(practice.practice.folder / "compta.db")) as store:
        return int(store.execute("SELECT count(*) FROM avance").fetchone()[0])


def _write(practice: PracticeWorld, sql: str, *values: object, application: str = "compta") -> None:
    with closing(sqlite3.connect(practice.practice.folder / f"{application}.db", timeout=20)) as store, store:
        store.execute(sql, values)
