"""What the console lives on, built once by the bootstrap."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from uuid import UUID

from fastapi import Request

from orchestrator.domain.civil import Clock
from orchestrator.engine.load import Loaded
from orchestrator.language.model import Scenario
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault

#: Decision that an entry is due once more, actor.
GiveAgain = Callable[[UUID, str], Awaitable[None]]
#: Scenario, rows of French texts by field, actor.
Deliver = Callable[[str, Sequence[Mapping[str, str]], str], Awaitable[Loaded]]


@dataclass(frozen=True, kw_only=True)
class ConsoleWorld:
    """Everything outside the console that it uses."""

    #: The pool of the role ``glr_console``.
    database: Database
    #: The keys: payloads are opened for the claimer, blind indexes are searched.
    vault: Vault
    #: The caisse served; every query names it.
    caisse: str
    #: Loaded scenarios by name; a case of another scenario is shown without its titles.
    scenarios: Mapping[str, Scenario]
    #: Where captures lie: ``<first two hex>/<digest>.png``.
    evidence_root: Path
    #: Where the bordereaux of closed runs lie, by their file name.
    bordereaux: Path
    #: The machine's clock, for "il y a 2 min"; what must hold is compared by the database's clock.
    clock: Clock
    #: True behind TLS: cookies are then ``__Host-`` and ``Secure``.
    secure_cookies: bool
    #: Shown as a ribbon: ``démonstration``, ``recette``, ``production``.
    environment: str
    #: Loads rows that a machine sent, under its name, and starts their run; None where nothing is loaded.
    deliver: Deliver | None = None
    #: Gives robots a closed case whose entry is due once more; None where nothing is loaded.
    give_again: GiveAgain | None = None

    @property
    def followed(self) -> list[str]:
        """The scenarios that follow money that is open in an application: all their lists are of such amounts."""
        return sorted(name for name, each in self.scenarios.items() if each.follows_open_amounts)


def world_of(request: Request) -> ConsoleWorld:
    """Return the world of the application that serves this request."""
    return cast("ConsoleWorld", request.app.state.world)
