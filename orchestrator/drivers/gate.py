"""The request gate: the act's request leaves the process only while its permit holds, and only once (ENTER, 3c).

The request is sent by Playwright's own client, not by the browser's network stack: Chromium silently sends a request
again when a kept-alive connection breaks before the answer, a POST included (reproduced by
``tests/integration/engine/test_gate_and_fence.py``), and that would be a second entry nobody decided.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, Error, Route

from orchestrator.drivers.act_count import ActCount
from orchestrator.drivers.contracts import RequestContract


class Permit(Protocol):
    """The engine's word that this case is still ours, until a deadline."""

    async def holds(self) -> bool:
        """Ask the database whether the lease is still ours."""

    def in_time(self) -> bool:
        """True while no clock says that the deadline has passed."""

    def under_way(self) -> Permit:
        """Return the permit of what follows a request that has left: what was begun is ended, though robots are stopped."""

    @property
    def until(self) -> float:
        """The deadline by the wall clock, seconds since the epoch: the page itself asks it too."""


@dataclass
class Passage:
    """What the gate saw during one act."""

    permit: Permit
    #: The one request that may pass.
    request: RequestContract
    #: The bytes of each file that it must carry whole.
    carries: tuple[bytes, ...] = ()
    #: Requests seen.
    seen: int = 0
    #: Requests let out.
    sent: int = 0
    #: HTTP status of the answer; None when none came.
    status: int | None = None
    #: Set when our own fence stops the act: nothing more is to be waited for.
    stopped: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class Gate:
    """Closed but for the moment of one click of an act; whatever comes while it is closed is aborted."""

    #: Those of the act's clicks; two of them may have one address.
    requests: tuple[RequestContract, ...]
    #: Is told what was stopped.
    count: ActCount
    passage: Passage | None = field(default=None)
    _patterns: dict[RequestContract, re.Pattern[str]] = field(default_factory=dict)

    async def install(self, context: BrowserContext, address: str) -> None:
        """Intercept exactly the act's URLs in every page of a context."""
        prefix = urlsplit(address).path.rstrip("/")
        base = address.rstrip("/").removesuffix(prefix) + prefix
        self._patterns = {each: re.compile(re.escape(base + each.path) + r"(\?.*)?$") for each in self.requests}
        for pattern in set(self._patterns.values()):
            await context.route(pattern, self._handle)

    async def _handle(self, route: Route) -> None:
        asked = [each for each in self.requests if self._is(route, each)]
        if not asked:
            await route.continue_()
            return
        if await self._may_pass(asked, route):
            await self._send(route)
        else:
            await route.abort("blockedbyclient")
            self.count.stopped()
            if self.passage is not None:
                self.passage.stopped.set()

    def _is(self, route: Route, request: RequestContract) -> bool:
        return route.request.method == request.method and bool(self._patterns[request].match(route.request.url))

    async def _may_pass(self, asked: list[RequestContract], route: Route) -> bool:
        passage = self.passage
        if passage is None:
            return False
        passage.seen += 1
        expected = passage.seen == 1 and passage.request in asked and _carries(route, passage.carries)
        return expected and await passage.permit.holds() and passage.permit.in_time()

    async def _send(self, route: Route) -> None:
        passage = self.passage
        if passage is None:
            return
        passage.sent += 1
        try:
            answer = await route.fetch(max_redirects=0, max_retries=0)
        except Error:
            await route.abort("connectionclosed")
            return
        passage.status = answer.status
        await route.fulfill(response=answer)


def _carries(route: Route, files: tuple[bytes, ...]) -> bool:
    """True when the request holds each file whole: it is sent again by us, from what the browser lets us see of it."""
    body = (route.request.post_data_buffer or b"") if files else b""
    return all(file in body for file in files)
