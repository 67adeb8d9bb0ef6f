"""Logging in to an application: one session tries an account until one was let in, since accounts lock after a few tries."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from uuid import UUID

from orchestrator.domain.errors import RobotsStopped
from orchestrator.store.database import Database

#: Seconds between two looks at whether another session was let in.
LOOK = 0.5


@dataclass(frozen=True, kw_only=True)
class LoginTurn:
    """A session's logins at one application: what a desk asks before it types a password."""

    database: Database
    session: UUID
    application: str

    async def ask(self) -> None:
        """Wait while another session tries the same account; raises :class:`RobotsStopped` once that was refused."""
        while (answer := await self._answer()) != "yes":
            if answer == "no":
                raise RobotsStopped
            await asyncio.sleep(LOOK)

    async def passed(self) -> None:
        """Say that the application let it in: the others log in too."""
        async with self.database.transaction(f"session:{self.session}") as tx:
            await tx.first("applications.logged_in", session=self.session, application=self.application)

    async def _answer(self) -> str:
        async with self.database.transaction(f"session:{self.session}") as tx:
            found = await tx.first("applications.may_log_in", session=self.session, application=self.application)
        return str(found["answer"]) if found else "no"
