"""Performing an act inside the fence: armed element, dialog, request gate (ENTER, 3 a-c)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from time import time
from typing import TYPE_CHECKING, Any

from playwright.async_api import Dialog, ElementHandle, Error, Page

from orchestrator.domain.canonical import canonical
from orchestrator.domain.errors import GlrError, ReleaseChanged
from orchestrator.domain.uploads import Upload
from orchestrator.drivers.confirmation import Confirmation, names_sent
from orchestrator.drivers.contracts import ActContract, ClickContract, ConfirmationContract
from orchestrator.drivers.gate import Passage, Permit
from orchestrator.drivers.screens import PageSource, WebScreen, read_screen

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
    #: What was typed or attached, by name.
    values: Mapping[str, Any]
    #: Why the page that asks to confirm was not confirmed, when it is not the one we know.
    changed: ReleaseChanged | None = None

    @property
    def screen(self) -> str:
        """The screen the form is on."""
        return self.contract.screen

    async def perform(self, permit: Permit) -> Sent:
        """Click the act through its fences, and once more where a page asks to confirm (ADR 20).

        The page is closed at once when anything is unclear.
        """
        try:
            names = await names_sent(self.page, self.contract) if self.contract.confirmation else {}
        except Error:
            names = {}
        sent = await self._pass(permit, self.element, self.contract)
        if sent is None:
            try:
                sent = await self._answer(permit, names)
            except ReleaseChanged as changed:
                self.changed, sent = changed, Sent.UNKNOWN
            except (Error, GlrError):
                sent = Sent.UNKNOWN
        if sent in {Sent.UNKNOWN, Sent.NOT_SENT}:
            await self.desk.discard()
        return sent

    async def _pass(self, permit: Permit, element: ElementHandle, click: ClickContract) -> Sent | None:
        """Arm an element, click it, answer the dialog; None when exactly one request left and was answered."""
        sends_form = click is self.contract
        files = tuple(each.content for each in self.values.values() if isinstance(each, Upload)) if sends_form else ()
        passage = Passage(permit, click.request, files)
        dialog = _DialogAnswer(passage, click.dialog == "confirm")
        gate = self.desk.gate(self.contract)
        gate.passage, self.desk.dialogs = passage, dialog.answer
        try:
            await self._click_until_stopped(element, passage, min(permit.until, time() + ANSWER_MS / 1000))
        except (Error, GlrError):
            return Sent.NOT_SENT if _stopped_by_us(passage) else Sent.UNKNOWN
        finally:
            gate.passage, self.desk.dialogs = None, None
        if _stopped_by_us(passage):
            return Sent.NOT_SENT
        answered = passage.status is not None and passage.status < 400
        once = passage.sent == 1 and passage.seen == 1 and dialog.asked == dialog.expected
        return None if answered and once else Sent.UNKNOWN

    async def _click_until_stopped(self, element: ElementHandle, passage: Passage, deadline: float) -> None:
        click = asyncio.create_task(self._click(element, deadline))
        stopped = asyncio.create_task(passage.stopped.wait())
        try:
            await asyncio.wait({click, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if click.done():
                click.result()
        finally:
            click.cancel()
            stopped.cancel()
            await asyncio.gather(click, stopped, return_exceptions=True)

    async def _click(self, element: ElementHandle, deadline: float) -> None:
        await element.evaluate("(node, until) => window.__glrFence.arm(until)", deadline * 1000)
        async with self.page.expect_navigation(wait_until="load", timeout=ANSWER_MS):
            await element.click(timeout=ANSWER_MS)

    async def _answer(self, permit: Permit, names: Mapping[str, str]) -> Sent:
        """Say what the application answered; a page that asks to confirm is answered first.

        :param names: the name under which each value that was typed has left.
        """
        asks = self.contract.confirmation
        landed = await self._landed(self.contract.leads_to if asks is None else (asks.screen,))
        if landed.name == self.contract.screen:
            refused = await self.page.locator(self.contract.errors).count()
            return Sent.REFUSED_BY_APPLICATION if refused else Sent.UNKNOWN
        if asks is not None:
            button = await self.page.query_selector(asks.element)
            if button is None or not self._shows_what_was_typed(landed, asks):
                return Sent.UNKNOWN
            await self._confirmation(asks, names).check(self.page, button, self.desk.veil)
            if await self._pass(permit.under_way(), button, asks) is not None:
                return Sent.UNKNOWN  # the form had left: we cannot say that nothing happened
            landed = await self._landed(self.contract.leads_to)
        return Sent.ANSWERED if landed.name in self.contract.leads_to else Sent.UNKNOWN

    def _confirmation(self, asks: ConfirmationContract, names: Mapping[str, str]) -> Confirmation:
        contract, address = self.desk.contract, self.desk.account.address
        return Confirmation(
            contract=contract, act=self.contract, asks=asks, values=self.values, names=names, address=address
        )

    async def _landed(self, expected: Sequence[str]) -> WebScreen:
        """Read what came: one of these screens, or the form again; raises for anything else."""
        return await read_screen(PageSource(self.page), self.desk.contract, (*expected, self.contract.screen))

    def _shows_what_was_typed(self, page: WebScreen, asks: ConfirmationContract) -> bool:
        names = [name for name in self.contract.fields if name in self.values and name not in asks.not_shown]
        return all(canonical(page[name]) == canonical(self.values[name]) for name in names)


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
