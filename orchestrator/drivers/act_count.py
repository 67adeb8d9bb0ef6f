"""How many requests of acts left a desk, and how many were refused: counted beside the gate, which it is there to check.

A page's requests are counted by the browser context's own event, plain ones where they are sent; only what the gate says it
aborted is taken off. So a gate that is missing or open shows here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from playwright.async_api import Request

from orchestrator.drivers.contracts import ActContract


@dataclass(frozen=True, kw_only=True)
class ActsSeen:
    """What was counted."""

    #: Requests of acts that left the process.
    left: int = 0
    #: Acts that were asked for and refused: requests that were stopped, and acts asked of a desk that only reads.
    refused: int = 0

    def __add__(self, other: ActsSeen) -> ActsSeen:
        return ActsSeen(left=self.left + other.left, refused=self.refused + other.refused)

    def __sub__(self, other: ActsSeen) -> ActsSeen:
        return ActsSeen(left=self.left - other.left, refused=self.refused - other.refused)


class ActCount:
    """The count of one desk since it was opened."""

    def __init__(self, address: str, acts: Iterable[ActContract]) -> None:
        """Count the acts of the application at an address, whatever host a page sends them to."""
        prefix = urlsplit(address).path.rstrip("/")
        requests = [click.request for act in acts for click in act.clicks]
        self._acts = {(request.method, prefix + request.path) for request in requests}
        self._requests = 0
        self._stopped = 0
        self._denied = 0

    def saw(self, request: Request) -> None:
        """Count a request that a page makes."""
        self.sends(request.method, request.url)

    def sends(self, method: str, url: str) -> None:
        """Count a request that leaves now, unless it is said to be stopped."""
        self._requests += (method, urlsplit(url).path) in self._acts

    def key(self) -> None:
        """Count a key of an act that leaves a terminal."""
        self._requests += 1

    def stopped(self) -> None:
        """Take a request off that was made and aborted: it was refused."""
        self._stopped += 1

    def denied(self) -> None:
        """Count an act that was refused before there was a request."""
        self._denied += 1

    @property
    def now(self) -> ActsSeen:
        """What was counted so far; a request that nobody stopped has left."""
        return ActsSeen(left=self._requests - self._stopped, refused=self._stopped + self._denied)


class ActMeter:
    """What several desks count from one moment on."""

    def __init__(self, counts: Sequence[ActCount]) -> None:
        self._counts = counts
        self._before = self._now

    @property
    def seen(self) -> ActsSeen:
        """What was counted since."""
        return self._now - self._before

    @property
    def _now(self) -> ActsSeen:
        return sum((count.now for count in self._counts), ActsSeen())
