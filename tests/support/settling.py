"""What ``cases.settle`` is given when a test settles a case by hand."""

from __future__ import annotations

from typing import Any


def settled(state: str, ended_as: str | None = None, *, actor: str = "test", **other: Any) -> dict[str, Any]:
    """Return its values but the lease: nothing read, no acts counted, no event of an attempt; ``other`` says otherwise."""
    plain = dict.fromkeys(
        ("wait_until", "delay", "findings", "code", "incident", "left", "refused", "failed", "touched", "said")
    )
    known = {"state": state, "ended_as": ended_as, "outcome": "x", "forgive": False, "proven": False}
    return {"actor": actor, **plain, **known, **other}
