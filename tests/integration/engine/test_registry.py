"""RNIAM on the web: a person as PROGRES has them, nobody, a ledger line for each look-up; and case A20 through the engine."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from one_browser import a_browser
from robot_world import DAY, PROJECT, PracticeWorld, RobotWorld, robot_world

from keywords.progres import attachment
from keywords.rniam import person
from orchestrator.domain.personal import Nir
from orchestrator.drivers.applications import load_application
from orchestrator.drivers.canary import walk
from orchestrator.drivers.contracts import load_contract
from orchestrator.drivers.desk import WebDesk
from orchestrator.drivers.terminal_contracts import TerminalContract
from orchestrator.drivers.terminal_desk import TerminalDesk
from orchestrator.drivers.witness import Witness
from orchestrator.store.vault import Vault
from sandbox.stores import load
from sandbox.witness import sheet

NOBODY = "199019900000107"
#: The day on which RNIAM was told of the death of case A20.
THURSDAY = date(2026, 3, 26)


@pytest.fixture
async def desk(practice_world: PracticeWorld) -> AsyncIterator[WebDesk]:
    practice_world.fault()
    contract = load_contract(PROJECT / "keywords" / "rniam" / "screens.yaml")
    async with a_browser() as browser:
        opened = WebDesk(browser, contract, practice_world.accounts["rniam"])
        yield opened
        await opened.discard()


def asked(practice: PracticeWorld) -> list[tuple[str, bool]]:
    """Return whom its own ledger says that the robot looked up."""
    lines = (practice.practice.folder / "rniam.ledger.jsonl").read_text("utf-8").splitlines()
    return [(one["nir"], one["found"]) for one in map(json.loads, lines) if one["act"] == "CONSULTATION"]


async def test_a_person_is_as_progres_says_through_a_request_and_through_a_page_and_each_look_up_is_kept(
    desk: WebDesk, practice_world: PracticeWorld
) -> None:
    row, before = practice_world.refused("C-06"), len(asked(practice_world))
    found = await person(desk, nir=Nir.parse(row.nir))
    pages = WebDesk(desk.browser, desk.contract, practice_world.accounts["rniam"], pages_only=True)
    assert await person(pages, nir=Nir.parse(row.nir)) == found
    await pages.discard()
    nobody = await person(desk, nir=Nir.parse(NOBODY))
    assert asked(practice_world)[before:] == [(row.nir, True), (row.nir, True), (NOBODY, False)]
    assert (nobody.found, nobody.nir, nobody.deceased) == (0, None, False)
    assert (found.found, found.deceased, found.screen_date, found.degraded) == (1, False, DAY, False)
    assert row.nir not in repr(found)
    contract = load_application(PROJECT / "keywords" / "progres" / "screens.yaml")
    assert isinstance(contract, TerminalContract)
    green = TerminalDesk(contract, practice_world.accounts["progres"], desk.browser)
    seen = await attachment(green, nir=Nir.parse(row.nir))
    await green.discard()
    assert (found.organism, found.organism_since, found.certified) == (seen.organism, seen.since, seen.certified)


async def test_the_walk_finds_the_release_that_is_described(desk: WebDesk) -> None:
    walked = await walk(desk, Witness(values=sheet()["rniam"]))
    assert walked.differences == ()


@pytest.fixture
async def world(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path
) -> AsyncIterator[RobotWorld]:
    practice_world.fault()
    async with robot_world(practice_world, runner_url, vault, tmp_path) as opened:
        yield opened


async def test_a20_dead_in_rniam_alone_nothing_is_entered_and_only_who_was_about_to_be_paid_is_looked_up(
    world: RobotWorld,
) -> None:
    practice = world.world
    (nir,) = (person.nir for person in load(practice.practice.folder).people if person.registry_told == THURSDAY)
    dead = next(row for row in practice.rows if row.nir == nir)
    told_today, nothing = practice.take("entered"), practice.take("nothing_to_pay")
    tell_today(practice, told_today.nir)
    rows = [dead, told_today, practice.refused("C-08"), nothing]
    assert (dead.outcome, dead.codes, dead.amount_c) == ("exception", ("C-05",), 69_739)
    before = len(asked(practice))
    loaded = await world.deliver(*rows)
    await world.work()
    found = await world.results(loaded.run)
    assert [(row.outcome.value, row.codes) for row in found] == [(row.outcome, row.codes) for row in rows]
    assert [row.amount_c for row in found[:2]] == [dead.amount_c, told_today.amount_c]
    assert sorted(asked(practice)[before:]) == sorted([(dead.nir, True), (told_today.nir, True)])
    assert practice.lines_of(dead.stop) == []


def tell_today(practice: PracticeWorld, nir: str) -> None:
    """Let RNIAM be told of a death on the day that it shows: it says so from the next working day."""
    with closing(sqlite3.connect(practice.practice.folder / "rniam.db", timeout=20)) as store, store:
        store.execute(
            "UPDATE personne SET deces = '11/03/2026', deces_signale_le = ? WHERE nir = ?", (DAY.isoformat(), nir)
        )
