"""The three fence layers of an act, in the real browser, against a real server that counts what reaches it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date

import pytest
from one_browser import a_browser
from playwright.async_api import Error, Page, Route
from robot_world import PracticeWorld, Row, desks

from orchestrator.campaign.guards import GUARDS
from orchestrator.domain.civil import Period
from orchestrator.domain.money import Euros
from orchestrator.domain.personal import Nir
from orchestrator.drivers import act as act_module
from orchestrator.drivers import desk as desk_module
from orchestrator.drivers.act import Sent, WebAct
from orchestrator.drivers.desk import WebDesk
from orchestrator.drivers.gate import Gate

#: As ``glr campaign --without`` names them, in the order of an act.
LAYERS = ("default-deny", "dialog-check", "request-gate")
MARCH = Period(date(2026, 3, 5), date(2026, 3, 20))


@dataclass
class Word:
    """A permit that says what it is told, and remembers being asked."""

    answers: list[bool] = field(default_factory=list)
    in_time_says: bool = True
    seconds_left: float = 25.0
    asked: int = 0

    async def holds(self) -> bool:
        self.asked += 1
        return self.answers.pop(0) if self.answers else True

    def in_time(self) -> bool:
        return self.in_time_says

    def under_way(self) -> Word:
        return self

    @property
    def until(self) -> float:
        return time.time() + self.seconds_left


@pytest.fixture
async def desk(practice_world: PracticeWorld) -> AsyncIterator[WebDesk]:
    practice_world.fault()
    async with a_browser() as browser:
        yield desks(browser, practice_world)["compta"]


@pytest.fixture
def row(practice_world: PracticeWorld) -> Row:
    return practice_world.take("entered")


async def prepared(desk: WebDesk, row: Row, amount: int = 12345) -> WebAct:
    return await desk.prepare(
        "propose_advance",
        nir=Nir.parse(row.nir),
        stop_id=row.stop,
        start=MARCH.start,
        end=MARCH.end,
        amount=Euros(amount),
        reason="essai",
        token="GLR-ESSAI",
    )


def page_of(desk: WebDesk) -> Page:
    assert desk.page is not None
    return desk.page


async def test_an_armed_act_sends_one_request_and_is_answered(
    desk: WebDesk, row: Row, practice_world: PracticeWorld
) -> None:
    permit = Word()
    assert await (await prepared(desk, row)).perform(permit) is Sent.ANSWERED
    (line,) = practice_world.lines_of(row.stop)
    assert (line["amount_c"], line["free_reference"]) == (12345, "GLR-ESSAI")
    assert permit.asked == 2  # once before the dialog, once at the gate


@pytest.mark.parametrize("way", ["click", "enter key", "script click", "form submit", "request submit", "fetch"])
async def test_nothing_gets_through_without_a_permit(
    desk: WebDesk, row: Row, practice_world: PracticeWorld, way: str
) -> None:
    await prepared(desk, row)
    page = page_of(desk)
    desk.dialogs = _accept  # the worst case: somebody answers yes to every dialog
    if way == "click":
        await page.mouse.click(*await _middle_of_the_button(page))
    elif way == "enter key":
        await page.press("#montant", "Enter")
    elif way == "script click":
        await page.evaluate("document.querySelector('#btn-enregistrer').click()")
    elif way == "form submit":
        await page.evaluate("document.querySelector('#form-avance').submit()")
    elif way == "request submit":
        await page.evaluate("document.querySelector('#form-avance').requestSubmit()")
    else:
        send = "fetch('/avances', {method: 'POST', body: new URLSearchParams(new FormData(document.forms[0]))})"
        await page.evaluate(f"{send}.catch(() => null)")
    await page.wait_for_timeout(300)
    assert practice_world.lines_of(row.stop) == []


async def test_the_page_alone_refuses_a_click_on_an_act_element_that_is_not_armed(desk: WebDesk, row: Row) -> None:
    await prepared(desk, row)
    page = page_of(desk)
    asked = []
    page.on("dialog", lambda dialog: asked.append(dialog.message))
    await page.mouse.click(*await _middle_of_the_button(page))
    await page.press("#montant", "Enter")
    assert asked == []
    assert await page.evaluate("window.__glrFence.refused()") > 0


async def test_a_lease_lost_while_the_dialog_is_open_sends_nothing(
    desk: WebDesk, row: Row, practice_world: PracticeWorld
) -> None:
    assert await (await prepared(desk, row)).perform(Word(answers=[False])) is Sent.NOT_SENT
    assert practice_world.lines_of(row.stop) == []


async def test_a_lease_lost_between_the_dialog_and_the_request_sends_nothing(
    desk: WebDesk, row: Row, practice_world: PracticeWorld
) -> None:
    assert await (await prepared(desk, row)).perform(Word(answers=[True, False])) is Sent.NOT_SENT
    assert practice_world.lines_of(row.stop) == []


async def test_a_deadline_that_passed_sends_nothing_whatever_the_database_says(
    desk: WebDesk, row: Row, practice_world: PracticeWorld
) -> None:
    assert await (await prepared(desk, row)).perform(Word(in_time_says=False)) is Sent.NOT_SENT
    assert practice_world.lines_of(row.stop) == []


async def test_the_page_itself_refuses_once_the_deadline_has_passed_by_its_own_clock(
    desk: WebDesk, row: Row, practice_world: PracticeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.drivers.act.ANSWER_MS", 1500)
    assert await (await prepared(desk, row)).perform(Word(seconds_left=-1.0)) is Sent.UNKNOWN  # no request, no word
    assert practice_world.lines_of(row.stop) == []


@pytest.mark.parametrize(("standing", "lines"), [*((layer, 0) for layer in LAYERS), (None, 1)])
async def test_each_layer_alone_stops_an_act_whose_lease_is_lost_and_without_all_three_it_goes_through(
    desk: WebDesk,
    row: Row,
    practice_world: PracticeWorld,
    monkeypatch: pytest.MonkeyPatch,
    standing: str | None,
    lines: int,
) -> None:
    for owner, name in ((desk_module, "script"), (act_module._DialogAnswer, "_may_go"), (Gate, "_may_pass")):
        monkeypatch.setattr(owner, name, getattr(owner, name))  # put back at the end, whatever is taken out
    monkeypatch.setattr(act_module, "ANSWER_MS", 1500)
    for layer in LAYERS:
        if layer != standing:
            GUARDS[layer].take_out()
    sent = await (await prepared(desk, row)).perform(Word(answers=[False] * 9, in_time_says=False, seconds_left=-1.0))
    assert len(practice_world.lines_of(row.stop)) == lines
    assert (sent is Sent.ANSWERED) == (standing is None)


async def test_a_document_reloaded_before_the_act_is_not_entered_into(
    desk: WebDesk, row: Row, practice_world: PracticeWorld
) -> None:
    act = await prepared(desk, row)
    await page_of(desk).reload()
    assert await act.perform(Word()) is Sent.UNKNOWN
    assert practice_world.lines_of(row.stop) == []


async def test_values_that_the_application_refuses_are_no_doubt(
    desk: WebDesk, row: Row, practice_world: PracticeWorld
) -> None:
    assert await (await prepared(desk, row, amount=0)).perform(Word()) is Sent.REFUSED_BY_APPLICATION
    assert practice_world.lines_of(row.stop) == []


@pytest.mark.parametrize(("fault", "lines"), [("before", 0), ("after", 1), ("drop", 1)])
async def test_a_failing_answer_is_unknown_and_never_a_second_request(
    desk: WebDesk, row: Row, practice_world: PracticeWorld, fault: str, lines: int
) -> None:
    act = await prepared(desk, row)
    practice_world.fault({"on": "POST /avances", "stop": row.stop, "fault": fault, "times": 1})
    assert await act.perform(Word()) is Sent.UNKNOWN
    assert len(practice_world.lines_of(row.stop)) == lines
    assert desk.page is None  # the page is closed at once


async def test_the_browser_itself_would_have_entered_twice(
    desk: WebDesk, row: Row, practice_world: PracticeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Why the gate sends the request itself: Chromium sends a POST again when a kept-alive connection breaks (ADR 0005)."""

    async def let_the_browser_send(gate: Gate, route: Route) -> None:
        if gate.passage is not None:
            gate.passage.sent, gate.passage.status = 1, 200
        await route.continue_()

    monkeypatch.setattr(Gate, "_send", let_the_browser_send)
    act = await prepared(desk, row)
    practice_world.fault({"on": "POST /avances", "stop": row.stop, "fault": "drop", "times": 1})
    await act.perform(Word())
    assert len(practice_world.lines_of(row.stop)) == 2


async def _accept(dialog: object) -> None:
    try:
        await dialog.accept()  # type: ignore[attr-defined]
    except Error:
        return


async def _middle_of_the_button(page: Page) -> tuple[float, float]:
    box = await page.locator("#btn-enregistrer").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
