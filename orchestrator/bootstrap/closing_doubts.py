"""A person's word on a hand-over in doubt, after looking at the recipient's (ADR 18)."""

from __future__ import annotations

from uuid import UUID

from orchestrator.bootstrap.world import World
from orchestrator.domain.errors import SettingsError
from orchestrator.engine.hand_over import SETTLED, HandOverState
from orchestrator.store.accounts import person
from orchestrator.store.database import Database


async def settle(world: World, run: UUID, key: str, *, login: str, password: str, made: bool, reason: str) -> None:
    """Write down whether a hand-over in doubt was made; its run is closed again at once.

    Raises ``SettingsError`` when none of that key is in doubt, or for a wrong password.
    """
    state, result = (HandOverState.MADE, SETTLED) if made else (HandOverState.NOT_MADE, None)
    about = {"run": run, "effect_key": key, "login": login, "reason": reason}
    async with Database(world.urls["owner"], size=1) as database, database.transaction(f"agent:{login}") as tx:
        await person(tx, world.settings.caisse, login, password)
        if not await tx.run("hand_overs.settle", state=state, result=result, **about):
            raise SettingsError(f"Aucune remise « {key} » n'est en doute dans l'exécution {run}.")
        await tx.run("closings.at_once", run=run)
