"""The line of a closing suite: it has no account, mailbox or database, it asks; this process makes the calls (ADR 18)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.bootstrap.robot_desks import RobotDesks
from orchestrator.domain.keywords import EFFECT_KEY, Keyword, Kind
from orchestrator.domain.wire import arguments_again, clear, told
from orchestrator.engine.hand_over import HandOvers


@dataclass(frozen=True, kw_only=True)
class ClosingLine:
    """Answers the calls of a closing suite, under the robot's declared rights."""

    keywords: Mapping[str, Keyword]
    desks: RobotDesks
    ledger: HandOvers

    async def answer(self, line: bytes) -> bytes:
        """Make one call; what it raises is told, so that the suite fails with it."""
        try:
            call = json.loads(line)
            said = {"result": await self._call(self.keywords[call["keyword"]], call["given"])}
        except Exception as error:  # noqa: BLE001 - the border of a process
            said = told(error)
        return json.dumps(said).encode()

    async def _call(self, keyword: Keyword, given: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
        if keyword.kind is not Kind.HAND_OVER:
            return clear(await self.desks.call(keyword, arguments_again(keyword, given)))
        key = str(given.pop(EFFECT_KEY.name))
        arguments = arguments_again(keyword, given)
        return await self.ledger.once(key, keyword, lambda: self.desks.call(keyword, arguments))
