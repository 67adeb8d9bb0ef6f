"""The case that a session holds; known without the desks where it is worked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from orchestrator.engine.lease import Lease


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A case in hand."""

    id: UUID
    reference: str
    run: UUID
    attempt: int
    lease: Lease
    data_key: bytes
    fields: Mapping[str, object]
    run_date: date
    #: What a person asked of the robot, if anything.
    instruction: Mapping[str, Any] = field(default_factory=dict)
    #: For what it has waited already: the date by waiting step.
    waited: Mapping[str, date] = field(default_factory=dict)
    #: How often its scenario has put it off already, by a control that may pass on another day.
    tries: int = 0
    #: What its last attempt left, sealed; None before the first.
    findings: bytes | None = None
