"""Suites that bring what acts by itself: they read only, and whoever looks at the run or the case sees that it was so."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl  # it ships no types
import psutil
import psycopg
import pytest
from console_world import CAISSE, PASSWORD, Person, console_client
from demo_house import wait_for
from robot_world import PROJECT, PracticeWorld, RobotWorld
from suite_world import loaded, told, written

from orchestrator.drivers.bordereau import BordereauRun, write_bordereau
from orchestrator.engine.results import RowResult, results_of
from orchestrator.engine.suite_steps import OutsideNotTried, SuiteRunner
from orchestrator.store.accounts import create_account
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault

BROWSER = """
from playwright.sync_api import sync_playwright

from orchestrator.drivers.browser_finder import find_browser


def page_title(address):
    found = find_browser()
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(found.path), args=['--no-sandbox'])
        page = browser.new_page()
        page.goto(address)
        title = page.title()
        browser.close()
    return title
"""
SELENIUM = """
    ${options}=    Evaluate    selenium.webdriver.ChromeOptions()    modules=selenium.webdriver
    FOR    ${argument}    IN    --headless    --no-sandbox    --disable-dev-shm-usage
        Call Method    ${options}    add_argument    ${argument}
    END
    ${finder}=    Evaluate    importlib.import_module("orchestrator.drivers.browser_finder")    modules=importlib
    Evaluate    setattr($options, "binary_location", str($finder.find_browser().path))
    ${driver}=    Evaluate    shutil.which("chromedriver")    modules=shutil
    ${service}=    Evaluate    selenium.webdriver.ChromeService($driver)    modules=selenium.webdriver
    Create Webdriver    Chrome    options=${options}    service=${service}
    Go To    ${address}
    ${seen}=    Get Title
    [Teardown]    Close All Browsers
"""
STEP = """  - id: seen
    robot: suite.robot#Regarder
    outside_guarantee: true
    with: {place: /tmp, address: "ADDRESS"}
    result: {title: text}
    ends:
      seen_it: seen.title != ""
"""
WITHOUT = pytest.mark.skipif(shutil.which("chromedriver") is None, reason="chromedriver comes with the distribution")
BROUGHT = [
    pytest.param("RPA.FileSystem", "    ${seen}=    Does Directory Exist    ${place}\n", "RPA.FileSystem", id="RPA"),
    pytest.param(
        "${CURDIR}/navigateur.py", "    ${seen}=    Page Title    ${address}\n", "navigateur", id="Playwright"
    ),
    pytest.param("RPA.Browser.Selenium", SELENIUM[1:], "RPA.Browser.Selenium", id="Selenium", marks=WITHOUT),
]


def bringing(folder: Path, practice: PracticeWorld, library: str, body: str) -> Path:
    """Write a project whose suite reads by a library of its own."""
    words = body.partition("    [Teardown]")
    ends = "    Log    ${address} ${place}    level=TRACE\n    Set Result    title=${{str($seen)}}\n"
    suite = f"Regarder\n{words[0]}{ends}{words[1]}{words[2]}\n*** Settings ***\nLibrary    {library}\n"
    path = written(folder, suite, STEP.replace("ADDRESS", practice.accounts["bdo"].address + "/"))
    (folder / "robots" / "acompte-ij" / "navigateur.py").write_text(BROWSER, encoding="utf-8")
    return path


@pytest.mark.parametrize(("library", "body", "told_as"), BROUGHT)
def test_what_a_suite_brings_itself_is_shown_to_whoever_looks(
    worked: Any,
    practice_world: PracticeWorld,
    tmp_path: Path,
    owner_url: str,
    console_url: str,
    vault: Vault,
    library: str,
    body: str,
    told_as: str,
) -> None:
    scenario = loaded(bringing(tmp_path, practice_world, library, body))
    assert scenario.outside == (told_as,)
    row = practice_world.take("entered")

    async def what(world: RobotWorld) -> tuple[RowResult, BordereauRun, list[RowResult]]:
        run = (await world.deliver(row)).run
        await world.work()
        async with world.loader.database.transaction("test") as tx:
            about = await tx.first("runs.about", run=run)
        assert about is not None
        known = {name: value for name, value in about.items() if name != "mode"}
        return await world.only(run), BordereauRun(**known), await results_of(world.loader.database, run)

    found, about, rows = worked(scenario, what)

    assert found.outcome == "other_end"
    wait_for(lambda: not driven(), "the end of every browser that the suite closed", 20)
    in_the_audit(owner_url, told_as)
    asyncio.run(at_the_console(console_url, owner_url, vault, about, str(found.reference), told_as))
    suite = PROJECT / "robots" / "acompte-ij" / "bordereau.robot"
    book = openpyxl.load_workbook(asyncio.run(write_bordereau(suite, about, rows, tmp_path / "bordereaux")))
    assert ("HORS GARANTIE", told_as) in [
        (line[0].value, line[1].value) for line in book["Totaux"].iter_rows(max_col=2)
    ]


def driven() -> list[psutil.Process]:
    """Return the browsers that chromedriver started."""
    return [
        each for each in psutil.process_iter(["cmdline"]) if "--test-type=webdriver" in (each.info["cmdline"] or ())
    ]


def in_the_audit(owner_url: str, told_as: str) -> None:
    """Check that each of its keywords was told, without an argument."""
    events = told(owner_url)
    assert events[0]["outside_guarantee"] == [told_as]
    keywords = [each for each in events if each["verb"].startswith("keyword.")]
    assert {each["kind"] for each in keywords} == {"outside"}
    assert {each["status"] for each in keywords if each["verb"] == "keyword.ended"} == {"passed"}
    with psycopg.connect(owner_url) as connection:
        kept = str(connection.execute("select details from glr.audit_outbox where verb like 'keyword.%'").fetchall())
    assert "/tmp" not in kept
    assert "http" not in kept


async def at_the_console(
    console_url: str, owner_url: str, vault: Vault, about: BordereauRun, reference: str, told_as: str
) -> None:
    """Check that the list of runs, the run and the case say it."""
    async with Database(owner_url) as owner, owner.transaction("owner") as tx:
        await create_account(tx, "a.martin", CAISSE, "Alice Martin", "agent", PASSWORD)
    async with Database(console_url) as database, console_client(database, vault) as client:
        person = Person(client=client)
        await person.log_in("a.martin")
        assert '<span class="tag warn">hors garantie</span>' in (await person.get("/executions")).text
        for page in (f"/executions/{about.id}", f"/dossiers/{reference}"):
            assert f"<strong>Hors garantie : {told_as}.</strong>" in (await person.get(page)).text


def test_what_acts_by_itself_is_neither_tried_nor_replayed(
    worked: Any, practice_world: PracticeWorld, tmp_path: Path, owner_url: str
) -> None:
    trace = tmp_path / "trace"
    acts = f"    ${{seen}}=    Set Variable    x\n    Create File    {trace}    content=x    overwrite=True\n"
    scenario = loaded(bringing(tmp_path, practice_world, "RPA.FileSystem", acts))
    row = practice_world.take("entered")

    async def what(world: RobotWorld) -> RowResult:
        runner = world.bench.suites
        assert isinstance(runner, SuiteRunner)
        world.bench.suites = replace(runner, trial=True)  # as a dry run and a replay have it
        run = (await world.deliver(row)).run
        await world.work()
        assert not trace.exists()
        world.bench.suites = runner
        return await world.only(run)

    found = worked(scenario, what)
    assert (found.outcome, found.codes) == ("exception", (OutsideNotTried.__name__,))
    assert told(owner_url) == []
