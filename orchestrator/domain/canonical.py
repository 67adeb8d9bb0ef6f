"""The one text that identifies a value, whatever way it was written: what keys and stored cases are made of."""

from __future__ import annotations

import json
from datetime import date

from orchestrator.domain.civil import Period
from orchestrator.domain.money import Euros
from orchestrator.domain.personal import Masked


def canonical(value: object) -> str:
    """Write a value canonically: NIR compact, ISO date, ``697,39``, ``true``, a list as JSON; clear, never to be logged."""
    match value:
        case Masked():
            return value.reveal()
        case bool():
            return "true" if value else "false"
        case Euros():
            return value.typed
        case date():
            return value.isoformat()
        case Period():
            return f"{value.start.isoformat()}/{value.end.isoformat()}"
        case tuple():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)
