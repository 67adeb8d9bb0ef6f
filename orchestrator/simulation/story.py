"""What is told of a history, line by line: the same seed tells the same, word for word."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.simulation.virtual_time import BEGINNING, VirtualLoop

#: Details of an event that say nothing in a history.
_DULL = frozenset({"scenario", "run", "sha256", "robot"})


@dataclass(frozen=True)
class Story:
    """Lines with their instants, in seconds."""

    loop: VirtualLoop
    lines: list[tuple[float, str]] = field(default_factory=list)

    def tell(self, text: str) -> None:
        """Add what happens now."""
        self.lines.append((self.loop.time(), text))

    def with_events(self, events: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
        """Return everything in its order, events of the audit log included."""
        logged = [((event["at"] - BEGINNING).total_seconds(), _said(event)) for event in events]
        return tuple(f"{at:9.3f}  {text}" for at, text in sorted([*self.lines, *logged], key=_order))


def _order(line: tuple[float, str]) -> tuple[float, str]:
    """What one statement makes ready has no order of its own."""
    at, text = line
    return at, text if "case.ready" in text else ""


def _said(event: Mapping[str, Any]) -> str:
    details = {name: value for name, value in event["details"].items() if name not in _DULL}
    return f"{event['actor']} · {event['verb']} {event['object']} {json.dumps(details, sort_keys=True)}"
