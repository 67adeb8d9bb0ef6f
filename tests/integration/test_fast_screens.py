"""Every screen marked ``http: proven``: a plain request and a page give the same values, errors and evidence."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from front import both as carry
from front import listening
from kept_desk import KeptDesk
from one_browser import a_browser
from playwright.async_api import Browser
from robot_world import APPLICATIONS, DAY, PROJECT, PracticeWorld

from orchestrator.domain.errors import ActRefused, SessionExpired, SettingsError
from orchestrator.domain.money import Euros
from orchestrator.domain.personal import Nir
from orchestrator.drivers.act import Sent
from orchestrator.drivers.capture import capture
from orchestrator.drivers.contracts import ApplicationContract, load_contract
from orchestrator.drivers.desk import PageFailed, WebDesk
from orchestrator.drivers.document import UnknownEncoding, parse, xpath_of
from orchestrator.drivers.screens import WebScreen
from sandbox.witness import sheet

CONTRACTS = {name: load_contract(PROJECT / "keywords" / name / "screens.yaml") for name in APPLICATIONS}
PROVEN = {(name, screen) for name, c in CONTRACTS.items() for screen, seen in c.screens.items() if seen.http}
WITNESS = sheet()["compta"]
#: A valid NIR that nobody of the population has.
NOBODY = "199019900000107"


@dataclass
class Both:
    """The same robot at the same applications, twice: through plain requests and through pages."""

    plain: dict[str, WebDesk]
    pages: dict[str, WebDesk]
    nirs: list[str]
    browser: Browser

    async def read(self, application: str, screen: str) -> list[tuple[WebScreen, WebScreen]]:
        """Read a screen both ways, for several people."""
        return [
            (await _reading(self.plain[application], screen, nir), await _reading(self.pages[application], screen, nir))
            for nir in self._people(screen)
        ]

    def _people(self, screen: str) -> list[str]:
        return {"results": [NOBODY], "advance": [WITNESS["nir"]]}.get(screen, self.nirs)


async def _reading(desk: WebDesk, screen: str, nir: str) -> WebScreen:
    if screen in {"login", "home", "search", "by_author"}:
        return await desk.open(screen)
    if screen == "made_by_author":
        return await desk.open(screen, author=WITNESS["author"], start=WITNESS["day"], end=WITNESS["day"], page="1")
    found = await desk.submit("search", nir=Nir.parse(nir))
    if screen in {"results", "file", "summary", "advances", "person"}:
        return found
    if screen == "advance":
        return await desk.open(screen, number=found.table("advances")[0]["number"])
    return await desk.open(screen, file=found["file"])


def told(screen: WebScreen) -> tuple[str, Any, Any]:
    return screen.name, screen._fields, screen._tables


@pytest.fixture
async def both(practice_world: PracticeWorld) -> AsyncIterator[Both]:
    practice_world.fault()
    rows = [row for row in practice_world.unused if "C-02" not in row.codes]
    chosen = [*[r for r in rows if "C-09" in r.codes][:1], *[r for r in rows if r.outcome == "entered"][:2]]
    async with a_browser() as browser:

        def desks(*, pages_only: bool) -> dict[str, WebDesk]:
            return {
                name: KeptDesk(browser, CONTRACTS[name], practice_world.accounts[name], pages_only=pages_only)
                for name in APPLICATIONS
            }

        people = [row.nir for row in chosen]
        ready = Both(plain=desks(pages_only=False), pages=desks(pages_only=True), nirs=people, browser=browser)
        yield ready
        for desk in (*ready.plain.values(), *ready.pages.values()):
            await desk.discard()


@pytest.mark.parametrize(("application", "screen"), sorted(PROVEN))
async def test_a_proven_screen_reads_the_same_through_a_request_and_through_a_page(
    both: Both, application: str, screen: str
) -> None:
    pairs = await both.read(application, screen)
    assert pairs
    for plain, page in pairs:
        assert plain.name == screen
        assert told(plain) == told(page)
    reader = both.plain[application]._plain
    assert reader is not None
    assert reader.shown is not None  # it was a plain request, not its fall-back
    assert both.pages[application]._plain is None


def by_hand(contract: ApplicationContract) -> ApplicationContract:
    """Return the contract without its marks: each field by an ordinary action."""
    screens = {name: screen.model_copy(update={"form": None}) for name, screen in contract.screens.items()}
    return contract.model_copy(update={"screens": screens})


@pytest.mark.parametrize("application", APPLICATIONS)
async def test_a_search_in_one_call_finds_the_same(both: Both, application: str) -> None:
    desk = both.pages[application]
    assert desk.contract.screens["search"].form
    for nir in (both.nirs[0], NOBODY):
        desk.contract = CONTRACTS[application]
        at_once = await desk.submit("search", nir=Nir.parse(nir))
        desk.contract = by_hand(desk.contract)
        assert told(at_once) == told(await desk.submit("search", nir=Nir.parse(nir)))


class Yes:
    """A permit that holds."""

    until = property(lambda _: time.time() + 25)

    async def holds(self) -> bool:
        return True

    def in_time(self) -> bool:
        return True

    def under_way(self) -> Yes:
        return self


async def test_a_proposal_filled_in_one_call_leaves_the_same_record_and_gets_the_same_errors(
    both: Both, practice_world: PracticeWorld
) -> None:
    assert CONTRACTS["compta"].screens["proposal"].form
    row, seen = practice_world.take("entered"), []
    for number, contract in enumerate((CONTRACTS["compta"], by_hand(CONTRACTS["compta"]))):
        desk = both.pages["compta"] = WebDesk(
            both.browser, contract, practice_world.accounts["compta"], pages_only=True
        )
        answers: list[Sent] = []
        errors: list[str] = []
        for amount in (Euros(0), Euros(12345)):
            act = await desk.prepare(
                "propose_advance", nir=Nir.parse(row.nir), stop_id=f"AT2699999{number}", start=DAY, end=DAY,
                amount=amount, reason="été € œ", token="GLR-ESSAI",
            )  # fmt: skip
            answers.append(await act.perform(Yes()))
            if answers[-1] is Sent.REFUSED_BY_APPLICATION:
                errors += await act.page.locator("#erreurs li").all_inner_texts()
        (line,) = practice_world.lines_of(f"AT2699999{number}")
        own = {"stop", "number", "seq", "at", "time", "clock", "prev", "hash"}
        seen.append((answers, errors, {name: value for name, value in line.items() if name not in own}))
        await desk.discard()
    assert seen[0] == seen[1]
    assert seen[0][0] == [Sent.REFUSED_BY_APPLICATION, Sent.ANSWERED]
    assert len(seen[0][1]) == 1


async def test_an_expired_session_is_told_as_through_a_page(both: Both, practice_world: PracticeWorld) -> None:
    desk = both.plain["compta"]
    await desk.open("search")
    practice_world.fault({"on": "GET /avances", "fault": "expiry", "times": 1})
    with pytest.raises(SessionExpired):
        await desk.submit("search", nir=Nir.parse(both.nirs[0]))
    await desk.log_in_again()
    assert (await desk.submit("search", nir=Nir.parse(both.nirs[0]))).name == "advances"


async def test_a_connection_that_the_application_closed_while_nobody_asked_is_no_incident(
    practice_world: PracticeWorld,
) -> None:
    practice_world.fault()
    account, lines = practice_world.accounts["bdo"], list[tuple[asyncio.AbstractEventLoop, asyncio.StreamWriter]]()

    async def carried(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.append((asyncio.get_running_loop(), writer))
        await carry(reader, writer, *await asyncio.open_connection("127.0.0.1", urlsplit(account.address).port))

    with listening(carried) as port:
        async with a_browser() as browser:
            desk = WebDesk(browser, CONTRACTS["bdo"], replace(account, address=f"http://127.0.0.1:{port}"))
            await desk.open("search")
            for _ in range(2):
                for loop, line in lines:  # as Apache does after 5 s, IIS after 120
                    loop.call_soon_threadsafe(line.close)
                await asyncio.sleep(0.2)
                assert (await desk.open("search")).name == "search"
            await desk.discard()


async def test_an_error_of_the_application_is_told_and_captured(
    both: Both, practice_world: PracticeWorld, tmp_path: Path
) -> None:
    desk = both.plain["compta"]
    practice_world.fault({"on": "GET /avances", "fault": "error", "times": 1})
    with pytest.raises(PageFailed, match="erreur 500"):
        await desk.submit("search", nir=Nir.parse(both.nirs[0]))
    assert await capture(desk, tmp_path) is not None


async def test_the_capture_shows_the_very_document_that_was_read_with_its_frames(both: Both, tmp_path: Path) -> None:
    desk = both.plain["arpege"]
    await desk.submit("search", nir=Nir.parse(both.nirs[0]))
    page = await desk.shown()
    assert page is not None
    assert await page.title() == "ARPEGE - Synthèse"
    assert await page.frames[1].locator("table#arrets tbody tr").count() > 0
    assert (await capture(desk, tmp_path)) is not None
    assert both.nirs[0] not in (await page.content()).replace(" ", "")


async def test_the_request_of_an_act_never_leaves_as_a_plain_one(both: Both, practice_world: PracticeWorld) -> None:
    desk = both.plain["compta"]
    await desk.open("search")
    context, plain = desk._context, desk._plain
    assert context is not None
    assert plain is not None
    before = len(practice_world.practice.proposals())
    with pytest.raises(ActRefused):
        await plain._fetch(context, "POST", desk.account.address + "/avances", "")
    assert len(practice_world.practice.proposals()) == before


def test_the_screen_of_an_act_cannot_be_marked(tmp_path: Path) -> None:
    text = (PROJECT / "keywords" / "compta" / "screens.yaml").read_text(encoding="utf-8")
    path = tmp_path / "screens.yaml"
    path.write_text(
        text.replace("title: COMPTA - Nouvelle avance", "title: COMPTA - Nouvelle avance\n    http: proven")
    )
    with pytest.raises(SettingsError, match="passe toujours par la page"):
        load_contract(path)


def test_latin_1_is_what_browsers_make_of_it_and_an_unknown_encoding_is_not_guessed() -> None:
    page = b"<html><head><title>\xc9tat</title></head><body><p id=a>12 \x80</p></body></html>"
    found = parse("http://x/", "text/html; charset=iso-8859-1", page)
    assert found.title == "État"
    assert found.root.findtext(".//p") == "12 €"
    for said in ("text/html", "text/html; charset=utf-7", "application/json; charset=utf-8"):
        with pytest.raises(UnknownEncoding):
            parse("http://x/", said, page)


def test_selectors_that_only_a_page_understands_are_refused() -> None:
    assert xpath_of("table#a tbody tr.b").startswith("descendant::table[@id='a']/descendant::tbody/")
    with pytest.raises(ValueError, match="dans la page seulement"):
        xpath_of("#a > b")


async def test_nothing_is_read_in_a_page_that_has_acted(both: Both) -> None:
    """After an act a reading in a page opens another one; a plain request needs none (ENTER, 4)."""
    pages, plain = both.pages["compta"], both.plain["compta"]
    for desk in (pages, plain):
        await desk.prepare(
            "propose_advance", nir=Nir.parse(both.nirs[0]), stop_id="AT26999990", start=DAY, end=DAY,
            amount=Euros(100), reason="essai", token="GLR-ESSAI",
        )  # fmt: skip
    acted, kept = pages.page, plain.page
    assert acted is not None
    pages.wear_page()
    plain.wear_page()
    for desk in (pages, plain):
        await desk.submit("search", nir=Nir.parse(both.nirs[0]))
    assert acted.is_closed()
    assert pages.page is not acted
    assert plain.page is kept
