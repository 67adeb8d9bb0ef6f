"""A restored house does not know what robots entered since its backup: it never says that they did not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from orchestrator.console.pages import moment
from orchestrator.console.world import ConsoleWorld
from orchestrator.store.database import Transaction


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """The restoration that may have forgotten an entry of a case (ENTER, 8)."""

    #: The last instant of before that the house remembers.
    backup_at: datetime
    #: Until when robots may have entered what it does not know.
    restored_at: datetime
    #: Where the case is entered, for people.
    applications: str

    @classmethod
    async def of(cls, tx: Transaction, world: ConsoleWorld, case: UUID, scenario: str) -> Self | None:
        """Return what may have forgotten an entry of a case; None in a house that was not restored since it was due."""
        known = world.scenarios.get(scenario)
        if known is not None and not known.entries:
            return None
        row = await tx.first("console.forgotten", case_id=case, caisse=world.caisse)
        if row is None:
            return None
        names = dict.fromkeys(entry.keyword.application.upper() for entry in known.entries) if known else {}
        return cls(**row, applications=" et ".join(names) or "son application")

    def hides(self, entry: Mapping[str, Any]) -> bool:
        """Say whether it may have been made meanwhile: no robot has begun it since, as it does where it finds nothing."""
        return entry["intent_at"] is None or entry["intent_at"] <= self.restored_at

    def proof(self, entries: Sequence[Mapping[str, Any]]) -> str:
        """Say why it is unknown, and what to look for."""
        token = f" (jeton {entries[0]['token']})" if len(entries) == 1 else ""
        return (
            f"Base restaurée de la sauvegarde du {moment(self.backup_at)} : ce qu’un robot a saisi de là au "
            f"{moment(self.restored_at)} n’y est pas. Avant de saisir à la main, cherchez l’objet du dossier dans "
            f"{self.applications}{token} ; un robot cherche toujours d’abord."
        )
