"""Several stops of one person in the practice applications, and a scenario that makes one case of them."""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import httpx
from robot_world import PROJECT, PracticeWorld, RobotWorld, Row, robot_world

from orchestrator.bootstrap.world import load_keywords
from orchestrator.language.load import load_scenario
from orchestrator.language.model import Scenario
from orchestrator.settings import Settings
from orchestrator.store.vault import Vault

SCENARIO = Path(__file__).parent / "grouped" / "acomptes-groupes.yaml"
_FRENCH = "%d/%m/%Y"


def grouped_scenario(folder: Path, *changes: tuple[str, str]) -> Scenario:
    """Load the scenario of the groups with some changes."""
    text = SCENARIO.read_text("utf-8")
    for before, after in changes:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    path = folder / "scenarios" / SCENARIO.name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    keywords = load_keywords(Settings(workspace=folder, home=PROJECT))
    return load_scenario(path, keywords=keywords, caisse="cpam-931")


@asynccontextmanager
async def grouped_world(
    practice: PracticeWorld,
    runner_url: str,
    vault: Vault,
    folder: Path,
    *changes: tuple[str, str],
    faults: bool = False,
) -> AsyncIterator[RobotWorld]:
    """Open a robot's world on that scenario; the faults that the applications have stay only when asked."""
    if not faults:
        practice.fault()
    async with robot_world(practice, runner_url, vault, folder, grouped_scenario(folder, *changes)) as world:
        yield world


def household(practice: PracticeWorld, stops: int, *, of: int = 0) -> list[Row]:
    """Return rows of stops of one person, which ARPEGE knows from now on and no test has used; ``of``: of which person."""
    while len(_PEOPLE) <= of:
        _PEOPLE.append(practice.take("entered"))
    known = _PEOPLE[of]
    rows = []
    with sqlite3.connect(practice.practice.folder / "arpege.db") as store:
        for number in itertools.islice(_NUMBERS, stops):
            reference = f"{known.stop}-{number}"
            store.execute(
                "INSERT INTO arret (assure, reference, debut, fin, fiche) SELECT assure, ?, ?, ?, ? FROM arret"
                " WHERE reference = ?",
                (reference, *_earlier(store, known.stop, reference, number), known.stop),
            )
            rows.append(replace(known, text=known.text.replace(f";{known.stop};", f";{reference};")))
    return rows


#: The persons of all tests, and what tells their stops apart.
_PEOPLE: list[Row] = []
_NUMBERS = itertools.count(1)


def by_hand(practice: PracticeWorld, row: Row) -> str:
    """Enter an advance for a stop in COMPTA as a person does, without our token; return its number."""
    with sqlite3.connect(practice.practice.folder / "arpege.db") as store:
        days = store.execute("SELECT debut, fin FROM arret WHERE reference = ?", (row.stop,)).fetchone()
    start, end = (f"{date.fromisoformat(day):{_FRENCH}}" for day in days)
    proposal = {"nir": row.nir, "nature": "ACP-IJ", "reference_arret": row.stop, "du": start, "au": end}
    with _in_compta(practice) as client:
        made = client.post("/avances", data={**proposal, "montant": "100,00", "motif": "À la main"})
    return made.headers["location"].rpartition("/")[2]


def cancel_by_hand(practice: PracticeWorld, number: str) -> None:
    """Cancel an advance in COMPTA as a person does, without our token."""
    with _in_compta(practice) as client:
        made = client.post("/annulations", data={"numero": number, "motif": "À la main"})
    assert made.status_code == 303


@contextmanager
def _in_compta(practice: PracticeWorld) -> Iterator[httpx.Client]:
    account = practice.accounts["compta"]
    with httpx.Client(base_url=account.address) as client:
        client.post("/connexion", data={"identifiant": account.login, "mot_de_passe": account.password.reveal()})
        yield client


def _earlier(store: sqlite3.Connection, stop: str, reference: str, number: int) -> tuple[str, str, str]:
    """Return first day, last day and file of a stop of ten days, ``number`` times twenty days before."""
    (start, fiche) = store.execute("SELECT debut, fiche FROM arret WHERE reference = ?", (stop,)).fetchone()
    first = date.fromisoformat(start) - timedelta(days=20 * number)
    last = first + timedelta(days=9)
    days = dict.fromkeys(("debut", "prescription", "constat", "reception"), f"{first:{_FRENCH}}")
    file = {**json.loads(fiche), **days, "fin": f"{last:{_FRENCH}}", "reference": reference}
    return first.isoformat(), last.isoformat(), json.dumps(file)
