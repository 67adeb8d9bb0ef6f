"""What ``cases.insert`` is given when a test inserts one case by hand."""

from __future__ import annotations

from typing import Any


def one_row(*, caisse: Any, run: Any, scenario: Any, **columns: Any) -> dict[str, Any]:
    """Return its values: each column holds one; urgency and lines of a group are none."""
    known = {"lines": None, "urgency_on": None, "due": None, "priority": 0, "payload": b"x", **columns}
    return {"caisse": caisse, "run": run, "scenario": scenario, **{name: [value] for name, value in known.items()}}
