"""Performing an act inside the fence: armed element, dialog, request gate (ENTER, 3 a-c)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from time import time
from typing import TYPE_CHECKING

from playwright.async_api import Dialog, ElementHandle, Error, Page

from orchestrator.domain.errors import GlrError
from orchestrator.drivers.contracts import ActContract
from orchestrator.drivers.gate import Passage, Permit
from orchestrator.drivers.screens import PageSource, read_screen

if TYPE_CHECKING:
    from orchestrator.drivers.desk import WebDesk

#: Longest time for an application to answer an act, milliseconds.
ANSWER_MS = 20_000


class Sent(StrEnum):
    """What is known after an act; nothing here confirms it."""

    #: One request left and the application showed the screen that follows.
    ANSWERED = "answered"
    #: One request left and the application refused the values on its own form.
    REFUSED_BY_APPLICATION = "refused_by_application"
    #: Our own fence stopped it; no request left.
    NOT_SENT = "not_sent"
    #: Anything else: it may have happened.
    UNKNOWN = "unknown"


@dataclass
class WebAct:
    """A filled form on a page of its own application, waiting for its permit."""

    desk: WebDesk
    page: Page
    contract: ActContract
    element: ElementHandle

    @property
    def screen(self) -> str:
        """The screen the form is on."""
        return self.contract.screen

    async def perform(self, permit: Permit) -> Sent:
        """Arm the element, click it, answer the dialog; the page is closed at once when anything is unclear."""
        passage = Passage(permit)
        dialog = _DialogAnswer(passage, self.contract.dialog == "confirm")
        gate = self.desk.gate(self.contract)
        gate.passage, self.desk.dialogs = passage, dialog.answer
        try:
            await self._click_until_stopped(passage, min(permit.until, time() + ANSWER_MS / 1000))
            sent = await self._what_is_known(passage, dialog)
        except (Error, GlrError):
            sent = Sent.NOT_SENT if _stopped_by_us(passage) else Sent.UNKNOWN
        finally:
            gate.passage, self.desk.dialogs = None, None
        if sent in {Sent.UNKNOWN, Sent.NOT_SENT}:
            await self.desk.discard()
        return sent

    async def _click_until_stopped(self, passage: Passage, deadline: float) -> None:
        click, stopped = asyncio.create_task(self._click(deadline)), asyncio.create_task(passage.stopped.wait())
        try:
            await asyncio.wait({click, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if click.done():
                click.result()
        finally:
            click.cancel()
            stopped.cancel()
            await asyncio.gather(click, stopped, return_exceptions=True)

    async def _click(self, deadline: float) -> None:
        await self.element.evaluate("(node, until) => window.__glrFence.arm(until)", deadline * 1000)
        async with self.page.expect_navigation(wait_until="load", timeout=ANSWER_MS):
            await self.element.click(timeout=ANSWER_MS)

    async def _what_is_known(self, passage: Passage, dialog: _DialogAnswer) -> Sent:
        if _stopped_by_us(passage):
            return Sent.NOT_SENT
        if passage.sent != 1 or passage.seen != 1 or dialog.asked != dialog.expected:
            return Sent.UNKNOWN
        if passage.status is None or passage.status >= 400:
            return Sent.UNKNOWN
        landed = await read_screen(
            PageSource(self.page), self.desk.contract, (*self.contract.leads_to, self.contract.screen)
        )
        if landed.name in self.contract.leads_to:
            return Sent.ANSWERED
        refused = await self.page.locator(self.contract.errors).count()
        return Sent.REFUSED_BY_APPLICATION if refused else Sent.UNKNOWN


def _stopped_by_us(passage: Passage) -> bool:
    """True when our own fence stopped the act and no request left: the gate stays closed for whatever comes later."""
    return passage.sent == 0 and passage.stopped.is_set()


@dataclass
class _DialogAnswer:
    """Answers the one expected ``confirm()`` after a fresh look at the lease; dismisses everything else."""

    passage: Passage
    wanted: bool
    asked: int = 0

    @property
    def expected(self) -> int:
        return 1 if self.wanted else 0

    async def answer(self, dialog: Dialog) -> None:
        self.asked += 1
        if self.asked == self.expected and dialog.type == "confirm" and await self._may_go():
            await dialog.accept()
        else:
            self.passage.stopped.set()
            await dialog.dismiss()

    async def _may_go(self) -> bool:
        return await self.passage.permit.holds() and self.passage.permit.in_time()
