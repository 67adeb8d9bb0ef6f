"""A robot's session for a suite: its desks and its workshop in the loop thread, computations in the main one."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.bootstrap.robot_desks import RobotDesks
from orchestrator.bootstrap.world import World
from orchestrator.domain.keywords import Keyword, Kind
from orchestrator.language.robots import Robot
from orchestrator.suites.loop import LoopThread
from orchestrator.suites.redaction import Redactor

#: What documents say of a suite that is tried: it belongs to no version of a scenario.
_TRIED = "essai"


class DeskSession:
    """What keyword libraries call from the main thread; the work is done in the loop thread."""

    def __init__(self, world: World, robot: Robot, loop: LoopThread, redactor: Redactor) -> None:
        self._desks = RobotDesks(world, robot, _TRIED)
        self._loop = loop
        self._redactor = redactor

    def call(self, keyword: Keyword, arguments: Mapping[str, object]) -> object:
        """Call a keyword that reads or computes; whatever personal it returns is known to the redactor from then on."""
        self._redactor.learn(arguments)
        if keyword.kind is Kind.COMPUTE:
            result = keyword.function(**arguments)
        else:
            result = self._loop.call(self._desks.call(keyword, arguments))
        self._redactor.learn(result)
        return result

    def close(self) -> None:
        """Throw every session away."""
        self._loop.call(self._desks.close())
