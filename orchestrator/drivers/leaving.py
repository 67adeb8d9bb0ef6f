"""Ending a login from outside: the session that opened it may be dead, or frozen with a request that it has not sent yet."""

from __future__ import annotations

import json
from typing import Any

from playwright.async_api import BrowserContext, Error

from orchestrator.domain.errors import ApplicationException, SessionExpired
from orchestrator.drivers.desk import PAGE_MS, WebDesk
from orchestrator.drivers.desks import AnyDesk
from orchestrator.drivers.screens import PageSource, read_screen
from orchestrator.drivers.terminal_desk import TerminalDesk


async def end_login(desk: AnyDesk, cookies: str) -> bool:
    """End the login that these cookies belong to; True once the application asks them to log in again.

    Nobody ends the connection of another's terminal: of a green screen it is never said.

    :param cookies: as :meth:`WebDesk.cookies` gave them at intent.
    """
    if isinstance(desk, TerminalDesk):
        return False
    known = [{**one, "url": desk.account.address} for one in json.loads(cookies or "[]")]
    if desk.contract.login.leave is None or not known:
        return False
    try:
        context = await desk.browser.new_context(service_workers="block", locale="fr-FR", accept_downloads=False)
    except Error:
        return False
    try:
        return await _ended(desk, context, known)
    except (Error, ApplicationException):  # it may stand: tried again at the look
        return False
    finally:
        await context.close()


async def _ended(desk: WebDesk, context: BrowserContext, known: list[Any]) -> bool:
    login, address = desk.contract.login, desk.account.address
    home = desk.contract.screens[login.leads_to].path or "/"
    page = await context.new_page()
    for path in (login.leave, home):
        # leaving may clear them in this browser; what the application makes of them is the question
        await context.add_cookies(known)
        await page.goto(f"{address}{path}", wait_until="load", timeout=PAGE_MS)
    try:
        await read_screen(PageSource(page), desk.contract, (login.leads_to,))
    except SessionExpired:
        return True
    return False
