"""One browser for all tests of a process: starting one costs as much as a test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import pytest
from playwright.async_api import Browser

from orchestrator.drivers.browser import open_browser


@dataclass
class _Kept:
    browser: Browser | None = None
    loop: asyncio.AbstractEventLoop | None = None
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)


_KEPT = _Kept()


@asynccontextmanager
async def a_browser() -> AsyncIterator[Browser]:
    """Give a browser without any context, and close those that were opened; its own in another loop than that of the tests."""
    if asyncio.get_running_loop() is not _KEPT.loop:
        async with open_browser() as own:
            yield own
        return
    if _KEPT.browser is None or not _KEPT.browser.is_connected():
        _KEPT.browser = await _KEPT.stack.enter_async_context(open_browser())
    try:
        yield _KEPT.browser
    finally:
        for context in _KEPT.browser.contexts:
            await context.close()


@pytest.fixture(scope="session", autouse=True)
async def kept_browser() -> AsyncIterator[None]:
    """Let the tests share a browser, opened at the first need, until the last of them."""
    _KEPT.loop = asyncio.get_running_loop()
    yield
    await _KEPT.stack.aclose()
