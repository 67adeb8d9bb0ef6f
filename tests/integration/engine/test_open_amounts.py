"""« Avances ouvertes »: numbers, sums and ages are those of COMPTA's own ledger, which COMPTA's people wrote over HTTP."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from console_world import CAISSE, Person
from robot_world import PROJECT, PracticeWorld, RobotWorld, robot_world

from orchestrator.bootstrap.world import load_keywords
from orchestrator.console import ConsoleWorld, create_console
from orchestrator.engine.extraction import Extraction
from orchestrator.language.load import load_scenario
from orchestrator.language.model import ExtractSource, Scenario
from orchestrator.settings import Settings
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault

#: The list of this day has the test's own advances alone.
READ_ON = date(2024, 1, 5)
#: Already the next civil day in Paris, not yet in UTC.
NOW = datetime(2024, 1, 5, 23, 30, tzinfo=UTC)
TODAY = date(2024, 1, 6)


@dataclass(frozen=True)
class FixedClock:
    """A clock that stands still."""

    instant: datetime

    def now(self) -> datetime:
        return self.instant


@contextmanager
def _people(practice: PracticeWorld) -> Iterator[dict[str, httpx.Client]]:
    """Log three people of COMPTA in: who proposes, who validates, who pays."""
    known = json.loads((practice.practice.folder / "accounts.json").read_text())["compta"]
    clients = {who: httpx.Client(base_url=practice.addresses["compta"]) for who in ("A1001", "ordonnateur", "dcf")}
    for who, client in clients.items():
        form = {"identifiant": who, "mot_de_passe": known[who]["password"]}
        assert client.post("/connexion", data=form).status_code == 303
    yield clients
    for client in clients.values():
        client.close()


def paid(practice: PracticeWorld, people: dict[str, httpx.Client], day: str, amount: str) -> tuple[str, str]:
    """Have COMPTA's people pay an advance that was proposed two days before; returns its number and its stop."""
    row = practice.take("entered")
    practice.show_day(str(date.fromisoformat(day) - timedelta(days=2)))
    form = {"nir": row.nir, "nature": "ACP-IJ", "reference_arret": row.stop, "du": "20/12/2023", "au": "02/01/2024"}
    said = {"montant": amount, "motif": "Arret non paye", "reference_libre": ""}
    answer = people["A1001"].post("/avances", data={**form, **said})
    assert answer.status_code == 303, answer.text
    number = answer.headers["location"].rpartition("/")[2]
    practice.show_day(day)
    for who in ("ordonnateur", "dcf"):
        assert people[who].post("/validation", data={"numero": number, "decision": "valider"}).status_code == 303
    return number, row.stop


def arpege_pays(practice: PracticeWorld, stop: str, net_c: int) -> None:
    with sqlite3.connect(practice.practice.folder / "arpege.db") as store:
        store.execute(
            "INSERT INTO paiement (assure, nir, reference, du, au, brut_c, csg_c, crds_c, destinataire, date, etat,"
            " code_rejet, tardif, visible) SELECT a.id, a.nir, t.reference, '2023-12-01', '2024-01-31', ?, 100, 10, '',"
            " '2024-01-04', 'PAYE', '', 0, 1 FROM arret t JOIN assure a ON a.id = t.assure WHERE t.reference = ?",
            (net_c + 110, stop),
        )


def in_compta(practice: PracticeWorld, change: str, number: str) -> None:
    with sqlite3.connect(practice.practice.folder / "compta.db") as store:
        store.execute(f"UPDATE avance SET {change} WHERE numero = ?", (number,))


def ledger_of(practice: PracticeWorld, numbers: list[str], *, linked: bool) -> dict[str, tuple[int, int]]:
    """Return amount and age of what was paid and not linked, by number, from COMPTA's ledger; ``linked``: those linked too."""
    acts = [act for act in practice.acts() if act["number"] in numbers]
    closed = set() if linked else {act["number"] for act in acts if act["act"] == "REGULARISATION"}
    return {
        act["number"]: (act["amount_c"], (TODAY - date.fromisoformat(act["day"])).days)
        for act in acts
        if act["act"] == "LIQUIDATION" and act["number"] not in closed
    }


def scenario(folder: Path) -> Scenario:
    keywords = load_keywords(Settings(workspace=folder, home=PROJECT))
    return load_scenario(PROJECT / "scenarios" / "acompte-suivi.yaml", keywords=keywords, caisse=CAISSE)


async def read(world: RobotWorld, day: date) -> None:
    """Read the list of that day in COMPTA, as ``glr run acompte-suivi`` does."""
    world.bench.robot, asked = "suivi-acomptes", world.bench.scenario
    (source,) = asked.sources
    assert isinstance(source, ExtractSource)
    delivery = await Extraction(bench=world.bench, database=world.loader.database).read(source, day)
    await world.loader.start(asked, delivery, day, "test")


@pytest.fixture
def console(console_db: Database, vault: Vault, accounts: None, tmp_path: Path) -> Any:
    """Give a function: a person at a console that knows a scenario, by a clock that stands still."""

    async def arrive(login: str, asked: Scenario | None) -> Person:
        world = ConsoleWorld(
            database=console_db, vault=vault, caisse=CAISSE, scenarios={asked.name: asked} if asked else {},
            evidence_root=tmp_path, bordereaux=tmp_path, clock=FixedClock(NOW), secure_cookies=False, environment="recette",
        )  # fmt: skip
        transport = httpx.ASGITransport(app=create_console(world))
        person = Person(client=httpx.AsyncClient(transport=transport, base_url="http://console.test"))
        await person.log_in(login)
        return person

    return arrive


def rows_of(page: str) -> dict[str, list[str]]:
    """Return the cells of the list by the number of the advance, in its order."""
    body = page.partition('<table class="list">')[2].partition("<tbody>")[2].partition("</tbody>")[0]
    rows = [
        re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    ]
    cells = [[unescape(re.sub(r"<[^>]+>", "", cell)).replace("\xa0", " ").strip() for cell in row] for row in rows]
    return {row[0]: row[1:] for row in cells}


def shown(cells: list[str]) -> tuple[int, int]:
    """Return amount in centimes and age in days of a row."""
    return int(re.sub(r"\D", "", cells[2])), int(cells[4].removesuffix(" j"))


def text_of(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).replace("\xa0", " ").split())


async def test_the_open_advances_are_those_of_compta_s_ledger_in_number_sum_and_age(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path, owner_db: Database, console: Any
) -> None:
    practice_world.fault()
    shown_day = (practice_world.practice.folder / "today").read_text()
    with _people(practice_world) as people:
        old, _ = paid(practice_world, people, "2023-10-02", "1 205,07")
        crossing, stop = paid(practice_world, people, "2023-12-29", "697,39")
        overpaid, other = paid(practice_world, people, "2023-12-30", "100,01")
        sent_back, _ = paid(practice_world, people, "2024-01-03", "50,50")
    arpege_pays(practice_world, stop, 126798)
    arpege_pays(practice_world, other, 9000)
    in_compta(practice_world, "etat = 'REJETE_BANQUE', code_rejet = 'AC04'", sent_back)
    numbers = [old, crossing, overpaid, sent_back]
    asked = scenario(tmp_path)
    try:
        async with robot_world(practice_world, runner_url, vault, tmp_path, asked) as world:
            await read(world, READ_ON)
            await world.work()
            await _told(owner_db, "update delivery set received_at = '2024-01-05 06:31+00'")
            agent = await _is_the_ledger(practice_world, console, asked, numbers)
            await _sorted_filtered_and_restricted(console, asked, agent, numbers)
            await _says_when_no_reading_came(owner_db, agent)
            await read(world, TODAY)
    finally:
        for number in numbers:
            in_compta(practice_world, "etat = 'ANNULEE'", number)  # the lists of other tests have their own
        practice_world.show_day(shown_day)
    next_day = rows_of((await agent.get("/avances")).text)
    situations = {old: "Au tour du robot", overpaid: "Chez une personne", sent_back: "Rejet de la banque"}
    assert {*next_day} == {*situations}, "what was linked is open no more"
    assert [situation for number, situation in situations.items() if situation not in next_day[number][1]] == []


async def _is_the_ledger(practice_world: PracticeWorld, console: Any, asked: Scenario, numbers: list[str]) -> Person:
    _, crossing, overpaid, _ = numbers
    agent: Person = await console("c.roux", asked)
    page = (await agent.get("/avances")).text
    rows = rows_of(page)
    assert {number: shown(cells) for number, cells in rows.items()} == ledger_of(practice_world, numbers, linked=True)
    assert list(rows) == numbers, "the oldest first"
    still = ledger_of(practice_world, numbers, linked=False)
    assert [shown(rows[crossing]), crossing in still] == [(69739, 8), False], "paid in one year, read in the next"
    said = text_of(page)
    assert f"{sum(amount for amount, _ in still.values()) / 100:,.2f}".replace(",", " ").replace(".", ",") in said
    assert "1 355,58 € 3 avances ouvertes au relevé 4 avances, 2 052,97 €, dont 1 liée depuis (697,39 €)" in said
    assert (
        "30 jours au plus 2 150,51 € 31 à 60 jours 0 0,00 € 61 à 90 jours 0 0,00 € 91 à 365 jours 1 1 205,07 €" in said
    )
    assert "Pas de relevé aujourd’hui. Ce qui suit est celui du 05/01/2024 à 07:31" in said

    situations = [cells[1] for cells in rows.values()]
    assert situations[0] == "Attend le paiement d’Arpège"
    assert situations[1].startswith("Liée depuis le relevé")
    assert situations[2:] == [
        "Chez une personne R-INDU, file ij-indus",
        "Rejet de la banque, à traiter AC04 R-AC04, file ij-indus",
    ]
    assert rows[overpaid][5].startswith("24/01/2024"), "the legal date: ARPEGE's payment plus 20 days"
    assert all(re.fullmatch(r"DOS-\w+", cells[6]) for cells in rows.values())
    assert not re.search(r"\b[12]\d{14}\b", page.replace(" ", "")), "no NIR in clear"
    await _is_the_table(agent, ledger_of(practice_world, numbers, linked=True), overpaid)
    return agent


async def _is_the_table(agent: Person, ledger: dict[str, tuple[int, int]], overpaid: str) -> None:
    given = await agent.get("/avances/releve.csv")
    assert 'filename="avances-ouvertes-2024-01-05.csv"' in given.headers["content-disposition"]
    rows = list(csv.DictReader(given.content.decode("utf-8-sig").splitlines(), delimiter=";"))
    assert {row["Avance"]: (int(row["Montant"].replace(",", "")), int(row["Âge en jours"])) for row in rows} == ledger
    assert [row["Avance"] for row in rows] == list(ledger), "the oldest first"
    (held,) = (row for row in rows if row["Avance"] == overpaid)
    assert [held["Échéance"], held["Code"], held["File"]] == ["24/01/2024", "R-INDU", "ij-indus"]
    assert not re.search(r"\b[12]\d{14}\b|•", given.text.replace(" ", "")), "no person, not even masked"


async def _sorted_filtered_and_restricted(console: Any, asked: Scenario, agent: Person, numbers: list[str]) -> None:
    old, crossing, overpaid, sent_back = numbers
    by_amount = rows_of((await agent.get("/avances?tri=montant")).text)
    assert list(by_amount) == [old, crossing, overpaid, sent_back]
    by_date = list(rows_of((await agent.get("/avances?tri=echeance")).text))
    assert set(by_date[:2]) == {overpaid, sent_back}
    assert list(rows_of((await agent.get("/avances?situation=bank")).text)) == [sent_back]
    for page in ("/avances", "/avances/releve.csv"):
        assert (await agent.get(f"{page}?tri=autre")).status_code == 404
    assert (await agent.get("/avances/releve.csv?situation=bank")).text.count("ACP-") == 1
    other = await console("a.martin", asked)
    restricted = [line for line in (await other.get("/avances/releve.csv")).text.splitlines() if overpaid in line]
    assert restricted == [f"{overpaid};Chez une personne;;100,01;30/12/2023;7;24/01/2024;;;"]
    colleague = rows_of((await other.get("/avances")).text)
    assert [cells[0] == "–" for cells in colleague.values()] == [False, False, True, True]
    assert colleague[overpaid][1:] == [
        "Chez une personne restreinte",
        "100,01 €",
        "30/12/2023",
        "7 j",
        "24/01/2024",
        "–",
    ]


async def _says_when_no_reading_came(owner: Database, agent: Person) -> None:
    start = "insert into schedule_occurrence (caisse, scenario, occurrence, due, fired_by, launched_at) values"
    due = NOW + timedelta(hours=7)
    await _told(owner, f"{start} (%s, 'acompte-suivi', 'x', %s, 'test', null)", CAISSE, due)
    assert "Le relevé prévu le 06/01/2024 à 07:30 est en cours." in text_of((await agent.get("/avances")).text)
    await _told(owner, "update schedule_occurrence set launched_at = now()")
    failed = text_of((await agent.get("/avances")).text)
    assert (
        "Le relevé prévu le 06/01/2024 à 07:30 n’a donné aucune nouvelle liste. Ce qui suit est celui du 05/01/2024"
        in failed
    )


async def _told(owner: Database, statement: str, *values: object) -> None:
    async with owner.transaction("test") as tx:
        await tx.connection.execute(statement.encode(), values)


async def test_a_house_that_reads_no_such_list_says_so(console: Any, tmp_path: Path) -> None:
    nobody = await console("a.martin", None)
    assert "Aucun scénario ne relève d’avances ouvertes ici." in text_of((await nobody.get("/avances")).text)
    assert ">Avances</a>" not in (await nobody.get("/aide")).text
    never = await console("a.martin", scenario(tmp_path))
    assert (await never.get("/avances/releve.csv")).status_code == 404
    assert "Aucun relevé encore : glr run acompte-suivi" in text_of((await never.get("/avances")).text)
    assert ">Avances</a>" in (await never.get("/aide")).text
