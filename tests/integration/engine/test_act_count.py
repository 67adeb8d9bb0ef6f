"""What a desk counts of acts, against COMPTA's own ledger: none leaves unseen, also when a fence is taken out."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from grouped_world import grouped_world, household
from one_browser import a_browser
from rich.console import Console
from robot_world import APPLICATIONS, PROJECT, PracticeWorld, RobotWorld, Row, desks, robot_world

from orchestrator.cli.acts import show_acts, told
from orchestrator.domain.civil import date_of
from orchestrator.domain.entries import EntrySeen
from orchestrator.domain.money import Euros
from orchestrator.domain.personal import Nir
from orchestrator.domain.ports import ReadingDesk
from orchestrator.drivers.act_count import ActsSeen
from orchestrator.drivers.contracts import ActionContract, load_contract
from orchestrator.drivers.desk import WebDesk
from orchestrator.drivers.gate import Gate
from orchestrator.drivers.plain import PlainReader
from orchestrator.engine.acts import ActsOfRun, acts_of
from orchestrator.engine.results import RowOutcome
from orchestrator.engine.shadow import Agreement, compare
from orchestrator.language.model import Mode
from orchestrator.store.vault import Vault


def form(row: Row) -> dict[str, Any]:
    """What a proposal says."""
    days = {"start": date_of("2026-03-05"), "end": date_of("2026-03-20")}
    return {
        "nir": Nir.parse(row.nir),
        "stop_id": row.stop,
        "amount": Euros(100),
        "reason": "essai",
        "token": "T",
        **days,
    }


async def _nothing(*_: object) -> None:
    """Stand where a fence was taken out."""


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    for _ in range(600):
        if condition():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("after 30 s, still not")


@pytest.mark.parametrize(("gate", "seen"), [("closed", ActsSeen(refused=1)), ("taken out", ActsSeen(left=1))])
async def test_what_a_page_sends_by_itself_is_counted_whether_the_gate_stops_it_or_is_gone(
    practice_world: PracticeWorld, monkeypatch: pytest.MonkeyPatch, gate: str, seen: ActsSeen
) -> None:
    practice_world.fault()
    row = practice_world.take("entered")
    if gate == "taken out":
        monkeypatch.setattr(Gate, "install", _nothing)
    async with a_browser() as browser:
        desk = desks(browser, practice_world)["compta"]
        await desk.prepare("propose_advance", **form(row))
        assert desk.acts.now == ActsSeen()
        assert desk.page is not None
        await desk.page.evaluate("document.querySelector('#form-avance').submit()")
        await eventually(lambda: desk.acts.now == seen and len(practice_world.lines_of(row.stop)) == seen.left)


async def test_a_click_that_the_page_itself_refuses_is_counted_once(practice_world: PracticeWorld) -> None:
    practice_world.fault()
    row = practice_world.take("entered")
    async with a_browser() as browser:
        desk = desks(browser, practice_world)["compta"]
        await desk.prepare("propose_advance", **form(row))
        assert desk.page is not None
        await desk.page.evaluate("document.querySelector('#btn-enregistrer').click()")
        await eventually(lambda: desk.acts.now == ActsSeen(refused=1))
    assert practice_world.lines_of(row.stop) == []


@pytest.mark.parametrize("mode", [Mode.SHADOW, Mode.LIVE])
async def test_a_case_of_several_entries_sends_none_in_shadow_and_each_once_otherwise(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path, mode: Mode
) -> None:
    rows = household(practice_world, 3)
    async with grouped_world(practice_world, runner_url, vault, tmp_path) as world:
        loaded = await deliver(world, mode, *rows)
        await world.work()
        found = await acts_of(world.loader.database, loaded)
        ledger = [line for row in rows for line in practice_world.lines_of(row.stop)]
        assert (len(ledger), found.mode) == (0 if mode is Mode.SHADOW else 3, mode)
        assert (found.total("left"), found.total("refused"), found.total("uncounted")) == (len(ledger), 0, 0)
        if mode is Mode.SHADOW:  # it went on over all of them
            seen = await compare(world.bench, loaded, {row.stop: [Euros(10_000)] for row in rows})
            assert [(one.result, one.robot) for one in seen] == [(Agreement.AGREE, Euros(10_000))] * 3
    assert "Actes partis : 0" in said(found) if mode is Mode.SHADOW else "[red]" not in said(found)


@pytest.mark.parametrize("gate", ["closed", "taken out"])
async def test_a_reading_keyword_declared_wrongly_is_refused_and_counted_and_shows_when_its_act_left(
    practice_world: PracticeWorld,
    runner_url: str,
    vault: Vault,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    gate: str,
) -> None:
    practice_world.fault()
    row, fenced = practice_world.take("entered"), gate == "closed"
    if not fenced:
        monkeypatch.setattr(PlainReader, "_check", lambda *_: None)
    async with robot_world(practice_world, runner_url, vault, tmp_path) as world:
        declare_wrongly(world, row)
        loaded = await deliver(world, Mode.SHADOW, row)
        await world.work()
        found = await acts_of(world.loader.database, loaded)
        result = await world.only(loaded)
    left = len(practice_world.lines_of(row.stop))
    assert (found.total("left"), found.total("refused") > 0, found.nothing_left) == (left, fenced, fenced)
    assert left == (0 if fenced else 1)
    assert told(found)["cases"][0]["left"] == left
    assert str(result.reference) in said(found)
    assert ("rien ne doit partir" in said(found)) is not fenced
    if fenced:
        assert (result.outcome, result.codes) == (RowOutcome.EXCEPTION, ("ActRefused",))


async def deliver(world: RobotWorld, mode: Mode, *rows: Row) -> Any:
    """Start a run in a mode; return its id."""
    world.bench.scenario = replace(world.bench.scenario, mode=mode)
    return (await world.deliver(*rows)).run


def declare_wrongly(world: RobotWorld, row: Row) -> None:
    """Declare COMPTA's proposal as a search that a look-up sends, as nobody should."""
    contract = load_contract(PROJECT / "keywords" / "compta" / "screens.yaml")
    act = contract.acts["propose_advance"]
    sly = ActionContract(screen=act.screen, fields=act.fields, submit=act.element, leads_to=act.leads_to)
    screens = {name: each.model_copy(update={"http": "proven"}) for name, each in contract.screens.items()}
    wrong = contract.model_copy(update={"actions": {**contract.actions, "sly": sly}, "screens": screens})
    right = world.bench.desks
    desk = WebDesk(right["compta"].browser, wrong, right["compta"].account)
    world.bench.desks = {name: desk if name == "compta" else right[name] for name in APPLICATIONS}
    keyword = world.bench.keywords["compta.advances_seen"]

    async def seen(desk: ReadingDesk, *, nir: Nir) -> list[EntrySeen]:
        await desk.submit("sly", **form(row))
        found: list[EntrySeen] = await keyword.function(desk, nir=nir)
        return found

    world.bench.keywords = {**world.bench.keywords, keyword.name: replace(keyword, function=seen)}


def said(acts: ActsOfRun) -> str:
    """What ``glr shadow`` writes of it."""
    console = Console(file=io.StringIO(), width=200)
    show_acts(acts, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()
