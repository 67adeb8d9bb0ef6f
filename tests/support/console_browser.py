"""The console served on a free port, and people at a real browser."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn
from axe_playwright_python.async_playwright import Axe
from one_browser import a_browser
from playwright.async_api import Browser, Page

from orchestrator.console import ConsoleWorld, create_console

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PASSWORD = "correct cheval pile agrafe"


@pytest.fixture
async def served(console_world: ConsoleWorld) -> AsyncIterator[str]:
    """Serve the console; give its address."""
    settings = uvicorn.Config(
        create_console(console_world),
        port=0,
        access_log=False,
        log_level="warning",
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(settings)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event to wait for
        await asyncio.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await serving


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Give the machine's browser."""
    async with a_browser() as opened:
        yield opened


@pytest.fixture
def at_browser(served: str, browser: Browser) -> Any:
    """Give a function: ``await at_browser("a.martin")`` is a page of that person's own browser, logged in."""

    async def arrive(login: str = "", **settings: Any) -> Page:
        options = {"viewport": {"width": 1366, "height": 768}, "locale": "fr-FR", **settings}
        context = await browser.new_context(base_url=served, **options)
        page = await context.new_page()
        page.set_default_timeout(10_000)
        await page.goto("/connexion")
        if login:
            await page.get_by_label("Identifiant").fill(login)
            await page.get_by_label("Mot de passe").fill(PASSWORD)
            await page.get_by_role("button", name="Se connecter").click()
            await page.wait_for_url("**/exceptions")
        return page

    return arrive


async def violations(page: Page) -> list[str]:
    """Return what axe finds against WCAG 2.2 AA on the page as it stands."""
    found = await Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}, "resultTypes": ["violations"]})
    return [
        f"{page.url} {problem['id']}: {node['html'][:160]} {node.get('failureSummary', '')}"
        for problem in found.response["violations"]
        for node in problem["nodes"]
    ]


async def looked_at(page: Page, name: str) -> list[str]:
    """Return what axe finds and what overflows; keep pictures when ``GLR_SHOTS`` names a folder."""
    problems = await violations(page)
    if "Erreur de la console" in await page.title():
        problems.append(f"{page.url} ({name}) is the last error page")
    folder = os.environ.get("GLR_SHOTS")
    if folder:
        await page.screenshot(path=f"{folder}/{name}.png")
    size = page.viewport_size or {"width": 1366, "height": 768}
    await page.set_viewport_size({"width": 320, "height": 256})  # 1280 x 1024 at 400 % (WCAG 1.4.10)
    wide = await page.evaluate("document.documentElement.scrollWidth")
    if wide > 320:
        problems.append(f"{page.url} ({name}) needs {wide} CSS pixels at 400 %")
    if folder:
        await page.screenshot(path=f"{folder}/{name}-400.png", full_page=True)
    await page.set_viewport_size(size)
    return problems


@pytest.fixture
def look() -> Any:
    """Give the inspection of a page: axe, reflow at 400 %, pictures on demand."""
    return looked_at
