"""What a session holds beside the case that it works: short cases, claimed together and ended together.

A session begins with one case at a time. As long as its cases take a moment only, it claims as many as it works within
:data:`PACE`, so that a trip and a commit serve several. When they take longer than was foreseen, the ends of what was worked
are written and what is not begun goes back: what is slow is held alone, and nobody waits for it. What touched an application
is ended by itself, at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.engine.settle import PlainEnd

#: Seconds in which a session works what it claims together.
PACE = 0.25
#: Cases in one claim at most.
MOST = 16
#: Seconds after which it holds the case that it works alone, however that was foreseen.
LONGEST = 2 * PACE


@dataclass(kw_only=True)
class Hand:
    """The cases of one session."""

    #: Claimed and not begun, the most urgent first, each with the instants at which it was asked for.
    waiting: deque[tuple[Mapping[str, Any], tuple[float, float]]] = field(default_factory=deque)
    #: Worked, their ends not written yet.
    ended: list[PlainEnd] = field(default_factory=list)
    #: True while several were claimed together.
    together: bool = False
    #: How many to claim next.
    most: int = 1
    _slowest: float = 0.0

    def take(self, rows: Iterable[Mapping[str, Any]], asked: tuple[float, float]) -> None:
        """Take what was claimed in one statement."""
        self.waiting.extend((row, asked) for row in rows)
        self.together = len(self.waiting) > 1
        self._slowest = 0.0

    def worked(self, seconds: float) -> None:
        """Remember how long a case took: that many more are claimed together as would be worked within the pace."""
        self._slowest = max(self._slowest, seconds)
        self.most = MOST if self._slowest * MOST < PACE else max(1, int(PACE / self._slowest))

    def drop(self) -> list[Mapping[str, Any]]:
        """Give what is claimed and not begun out of the hand."""
        rows = [row for row, _ in self.waiting]
        self.waiting.clear()
        return rows

    def drop_ends(self) -> list[PlainEnd]:
        """Give the ends that are not written out of the hand."""
        ended, self.ended = self.ended, []
        return ended
