"""Who may type a password at an application: asked by a desk before each login, since accounts lock after a few tries."""

from __future__ import annotations

from typing import Protocol


class Entrance(Protocol):
    """The word of who counts logins."""

    async def ask(self) -> None:
        """Wait for the turn of this account; raises ``RobotsStopped`` when robots are stopped in the application."""

    async def passed(self) -> None:
        """Say that the application let it in."""


class OpenDoor:
    """Nobody counts: a person's own command, one login at a time."""

    async def ask(self) -> None:
        """Never wait."""

    async def passed(self) -> None:
        """Tell nobody."""
