"""RNIAM on the web: a person as PROGRES has them, nobody, and a ledger line for each look-up."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
from one_browser import a_browser
from robot_world import DAY, PROJECT, PracticeWorld

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
from sandbox.witness import sheet

NOBODY = "199019900000107"


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
