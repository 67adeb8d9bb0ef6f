"""Where a robot reads outside of a case: its desks, opened at the first need and never able to act, and its workshop."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from orchestrator.bootstrap.robot_library import EntryOutsideProtocol
from orchestrator.bootstrap.workshops import workshop_of
from orchestrator.bootstrap.world import World
from orchestrator.domain.errors import GlrError, SessionExpired, TooSlow
from orchestrator.domain.keywords import Keyword, Kind
from orchestrator.drivers.browser import open_browser
from orchestrator.drivers.desks import AnyDesk, desk_at
from orchestrator.drivers.reading import ReadingOnly
from orchestrator.engine.work import STEP_LIMIT
from orchestrator.language.robots import Robot, may


class NoRight(GlrError):
    """Le robot n'a pas ce droit."""

    def __init__(self, robot: str, keyword: Keyword) -> None:
        super().__init__(
            f"« {keyword.name} » demande le droit « {keyword.kind} » dans « {keyword.application} », que le robot "
            f"« {robot} » n'a pas. L'ajouter dans robots/{robot}/robot.yaml."
        )


class RobotDesks:
    """Calls keywords under a robot's declared rights."""

    def __init__(self, world: World, robot: Robot, version: str, home: Path | None = None) -> None:
        """:param home: its folder as its version has it; None: the project's."""
        self.workshop = workshop_of(world, robot, version, home)
        self._world = world
        self._robot = robot
        self._stack = AsyncExitStack()
        self._desks: dict[str, AnyDesk] = {}

    async def call(self, keyword: Keyword, arguments: Mapping[str, object]) -> Any:  # noqa: ANN401 - typed by the keyword
        """Call a keyword; raises :class:`NoRight`, ``EntryOutsideProtocol``, or what it raises."""
        if keyword.kind is Kind.COMPUTE:
            return keyword.function(**arguments)
        if keyword.kind is Kind.ENTER:
            raise EntryOutsideProtocol(keyword.name)
        if not may(self._robot, keyword):
            raise NoRight(self._robot.robot, keyword)
        if keyword.at_workshop:
            return await keyword.function(self.workshop, **arguments)
        desk = await self._desk(keyword.application)
        try:
            async with asyncio.timeout(STEP_LIMIT):
                return await self._at(desk, keyword, arguments)
        except TimeoutError:
            await desk.discard()
            raise TooSlow from None
        except asyncio.CancelledError:  # a page in an unknown state is not used again
            await desk.discard()
            raise

    async def close(self) -> None:
        """Log out of nothing: throw every session away, with the browser and the helper process."""
        await self._stack.aclose()
        await self.workshop.close()

    async def _at(self, desk: AnyDesk, keyword: Keyword, arguments: Mapping[str, object]) -> Any:  # noqa: ANN401
        try:
            return await keyword.function(ReadingOnly(desk), **arguments)
        except SessionExpired:
            await desk.log_in_again()
            return await keyword.function(ReadingOnly(desk), **arguments)

    async def _desk(self, application: str) -> AnyDesk:
        if not self._desks:
            accounts = self._world.accounts(self._robot)
            browser = await self._stack.enter_async_context(open_browser(self._world.settings.network))
            pages = self._world.settings.pages_only
            self._desks = {
                name: desk_at(browser, self._world.contract(name), accounts[name], pages_only=pages)
                for name in self._robot.applications
            }
        return self._desks[application]
