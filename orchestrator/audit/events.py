"""One event as one line of canonical JSON: sorted keys, no floats, UTC microseconds, a format number."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

#: The format of a line; a reader that does not know it stops.
VERSION = 1
_CANONICAL = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


def line_of(event: Mapping[str, Any]) -> bytes:
    """Write an event of the outbox as one line, newline included; the same event always gives the same bytes.

    :param event: ``id at caisse actor verb object details``, as read from the outbox; ``at`` knows its time zone.
    """
    content = {**event, "at": instant(event["at"]), "details": without_floats(event["details"]), "v": VERSION}
    return _CANONICAL.encode(content).encode() + b"\n"


def day_of(event: Mapping[str, Any]) -> date:
    """Return the UTC day of an event, which names its file."""
    return _utc(event["at"]).date()


def instant(at: datetime) -> str:
    """Write an instant as ``2026-03-27T06:31:02.000007Z``; raises ``ValueError`` when it knows no time zone."""
    return f"{_utc(at).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def without_floats(value: object) -> object:
    """Replace binary floats by their shortest text: two readers never disagree on a text."""
    match value:
        case str() | int() | None:  # nearly all; what is asked last of a Mapping is dear
            return value
        case float():
            return repr(value)
        case Mapping():
            return {key: without_floats(item) for key, item in value.items()}
        case list():
            return [without_floats(item) for item in value]
        case _:
            return value


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("instant sans fuseau horaire")
    return at.astimezone(UTC)
