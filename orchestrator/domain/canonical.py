"""The one text that identifies a value, whatever way it was written: what keys and stored cases are made of."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

from orchestrator.domain.civil import PartialDate, Period, french_date
from orchestrator.domain.money import Euros
from orchestrator.domain.personal import Masked


def canonical(value: object) -> str:
    """Write a value canonically: NIR compact, ISO date, ``697,39``, ``true``, a list as JSON; clear, never to be logged."""
    if type(value) is str:
        return value
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


def in_french(value: object, separator: str = "") -> str:
    """Write a value as a French delivery would, nothing for None; clear, never to be logged."""
    match value:
        case None:
            return ""
        case bool():
            return "oui" if value else "non"
        case PartialDate():
            return value.french
        case date():
            return french_date(value)
        case Period():
            return str(value)
        case Decimal():
            return f"{value:f}".replace(".", ",")
        case tuple():
            return separator.join(str(item) for item in value)
        case _:
            return canonical(value)
