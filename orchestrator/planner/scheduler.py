"""Starts scenarios when they are due, each occurrence once, whatever the number of planners.

APScheduler carries the timer alone: a single date job, armed again after each tick. The due instants are ours
(:mod:`orchestrator.planner.occurrences`), and a start belongs to whoever first writes its occurrence.

After a downtime (or a suspended machine) the starts since the last known occurrence of a scenario happen once each,
in order, at most ``LOOK_BACK`` back; a scenario that never started has no past. A planner killed between writing an
occurrence and launching it does not launch it again: deliveries stay in the inbox for the next start.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Protocol, Self

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from orchestrator.domain.civil import Clock
from orchestrator.domain.errors import GlrError
from orchestrator.language.model import ScheduleEntry
from orchestrator.planner.occurrences import Due, all_due_between, next_due

#: How far back a downtime is made up for.
LOOK_BACK = timedelta(hours=24)
#: The timer never sleeps longer: its clock stands still while a machine is suspended, and ours may be set.
_LONGEST_SLEEP = timedelta(seconds=60)
_SHORTEST_SLEEP = timedelta(milliseconds=10)
_AFTER_FAILURE = timedelta(seconds=5)
_log = logging.getLogger(__name__)

#: Starts a scenario for one occurrence.
Launch = Callable[[str, Due], Awaitable[None]]
#: Gives the schedules in force by scenario; asked at each look, since a version may have been published.
Schedules = Callable[[], Awaitable[Mapping[str, Sequence[ScheduleEntry]]]]


class Occurrences(Protocol):
    """The memory of starts, shared by all planners."""

    async def claim(self, scenario: str, due: Due) -> bool:
        """Write the occurrence under ``UNIQUE (scenario, local occurrence)``; False when somebody was first."""

    async def latest(self, scenario: str) -> datetime | None:
        """Return the due instant of the scenario's last occurrence, UTC; None when it never started."""


class Planner:
    """One planner; open it as an asynchronous context, in the loop that is to run the launches."""

    def __init__(
        self,
        *,
        schedules: Schedules,
        occurrences: Occurrences,
        launch: Launch,
        clock: Clock,
    ) -> None:
        self._read = schedules
        self._schedules: Mapping[str, Sequence[ScheduleEntry]] = {}
        self._occurrences = occurrences
        self._launch = launch
        self._clock = clock
        self._done_until: dict[str, datetime] = {}
        self._ticking = asyncio.Lock()
        self._scheduler = AsyncIOScheduler(timezone=UTC)

    async def __aenter__(self) -> Self:
        self._scheduler.start()
        self._arm(timedelta(0))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        async with self._ticking:  # APScheduler would cancel a launch under way
            self._scheduler.shutdown(wait=False)

    async def fire_due(self) -> None:
        """Launch, in order, what is due and not yet known; an occurrence that fails to be written is kept for later."""
        self._schedules = {name: tuple(entries) for name, entries in (await self._read()).items() if entries}
        for scenario, entries in self._schedules.items():
            now = self._clock.now()
            since = await self._since(scenario, now)
            for due in all_due_between(entries, since, now):
                await self._fire(scenario, due)
                self._done_until[scenario] = due.instant
            self._done_until[scenario] = max(since, now)

    def sleep(self) -> timedelta:
        """How long until something is to be done, bounded."""
        now = self._clock.now()
        dues = (
            next_due(entry, self._done_until.get(scenario, now))
            for scenario, entries in self._schedules.items()
            for entry in entries
        )
        return max(_SHORTEST_SLEEP, min((_LONGEST_SLEEP, *(due.instant - now for due in dues))))

    async def _since(self, scenario: str, now: datetime) -> datetime:
        done = self._done_until.get(scenario) or await self._occurrences.latest(scenario)
        return now if done is None else max(done, now - LOOK_BACK)

    async def _fire(self, scenario: str, due: Due) -> None:
        if not await self._occurrences.claim(scenario, due):
            return
        try:
            await self._launch(scenario, due)
        except Exception as error:  # noqa: BLE001 - a border: the other scenarios go on
            _log.error("scénario « %s » : le démarrage de %s a échoué : %s", scenario, due.local, _told(error))

    async def _tick(self) -> None:
        async with self._ticking:
            try:
                await self.fire_due()
                sleep = self.sleep()
            except Exception as error:  # noqa: BLE001 - a border: the database may be away for a while
                _log.error("planificateur : nouvel essai dans %s : %s", _AFTER_FAILURE, _told(error))
                sleep = _AFTER_FAILURE
            if self._scheduler.running:
                self._arm(sleep)

    def _arm(self, sleep: timedelta) -> None:
        """Set the timer. No job identity: APScheduler would drop a job whose predecessor is not quite finished."""
        self._scheduler.add_job(self._tick, trigger="date", run_date=datetime.now(UTC) + sleep, misfire_grace_time=None)


def _told(error: Exception) -> str:
    """Return our own sentences; of others the name alone, because a driver's message may quote personal values."""
    return str(error) if isinstance(error, GlrError) else type(error).__name__
