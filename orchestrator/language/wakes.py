"""What a scenario wakes: cases of others that wait for what its own have entered."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.language.templates import Template


@dataclass(frozen=True, kw_only=True)
class Wakes:
    """Which waiting cases go on once a case has entered what they wait for (ADR 46)."""

    #: Scenarios and the key that their case has, rendered from fields of this one's.
    cases: tuple[tuple[str, Template], ...]
    #: How a case ends that has woken another.
    woken: str
    #: How it ends when nothing waited.
    otherwise: str
