"""Runs close themselves: what ``glr serve`` does with those that robots have done with (ADR 23).

Each is closed by a process of its own, one after the other: a suite or a browser that hangs or leaks ends with it (ADR 3).
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from orchestrator.bootstrap.versions import restored
from orchestrator.bootstrap.world import World
from orchestrator.domain.civil import Clock, SystemClock
from orchestrator.domain.errors import GlrError
from orchestrator.engine.closings import ACTOR
from orchestrator.language.model import ClosingMoment, ClosingRule
from orchestrator.planner.occurrences import next_due
from orchestrator.store.database import Database, StoreError, StoreUnavailable

#: Seconds between two looks; seconds for one closing; seconds to let one end when we stop.
EVERY, LIMIT, GRACE = 2.0, 600.0, 15.0
_log = logging.getLogger(__name__)


def is_time(rule: ClosingRule, *, over_since: datetime, with_people: int, now: datetime) -> bool:
    """Say whether a run that robots have done with since an instant is closed now."""
    if rule.when is ClosingMoment.BY_HAND or (rule.when is ClosingMoment.ALL_SETTLED and with_people):
        return False
    return rule.at is None or next_due(rule.at, over_since).instant <= now


async def close_runs(world: World, stopping: asyncio.Event, clock: Clock | None = None) -> None:
    """Close runs when their time has come, until asked to stop; several processes may do so at once."""
    async with Database(world.urls["glr_orchestrator"], size=1) as database:
        closer = Closer(world=world, database=database, clock=clock or SystemClock())
        while not stopping.is_set():
            try:
                await closer.look(stopping)
            except (StoreUnavailable, StoreError) as error:
                _log.warning("clôtures : nouvel essai dans %.0f s : %s", EVERY, error)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), EVERY)


@dataclass(frozen=True, kw_only=True)
class Closer:
    """Closes the runs of a caisse."""

    world: World
    database: Database
    clock: Clock
    #: The rule of each version that was asked for.
    _rules: dict[str, ClosingRule] = field(default_factory=dict)

    async def look(self, stopping: asyncio.Event) -> None:
        """Close every run whose time has come."""
        async with self.database.transaction(ACTOR) as tx:
            due = await tx.all("closings.due", caisse=self.world.settings.caisse)
        for row in due:
            if not stopping.is_set() and await self._is_time(row):
                await self._close(str(row["run"]), stopping)

    async def _is_time(self, row: Mapping[str, Any]) -> bool:
        rule, people = await self._rule(row), row["with_people"]
        return is_time(rule, over_since=row["over_since"], with_people=people, now=self.clock.now())

    async def _rule(self, row: Mapping[str, Any]) -> ClosingRule:
        """Return what the version of a run says; a person closes under one that cannot be read any more."""
        version = row["version"]
        if version not in self._rules:
            try:
                found = await restored(self.database, self.world, row["scenario"], version, ACTOR)
                self._rules[version] = found.scenario.closing
            except StoreUnavailable:
                raise
            except GlrError as error:
                _log.warning("exécution %s : à clore à la main (glr close) : %s", row["run"], error)
                self._rules[version] = ClosingRule(when=ClosingMoment.BY_HAND)
        return self._rules[version]

    async def _close(self, run: str, stopping: asyncio.Event) -> None:
        """Have a run closed; what it said of itself is in the database, whatever becomes of its process."""
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "orchestrator.cli", "closing", run),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            env={**os.environ, **self.world.settings.environment, "GLR_PARENT": str(os.getpid())},
        )
        ended, stopped = asyncio.create_task(child.wait()), asyncio.create_task(stopping.wait())
        await asyncio.wait({ended, stopped}, timeout=LIMIT, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not ended.done() and stopping.is_set():
            await asyncio.wait({ended}, timeout=GRACE)
        if not ended.done():
            child.terminate()
            await ended
