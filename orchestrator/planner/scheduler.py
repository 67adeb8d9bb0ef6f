"""Starts scenarios when they are due, each occurrence once, whatever the number of planners.

APScheduler carries the timer alone: a single date job, armed again after each tick. The due instants are ours
(:mod:`orchestrator.planner.occurrences`), and a start belongs to whoever first writes its occurrence.

After a downtime (or a suspended machine) the starts since the last known occurrence of a scenario happen once each,
in order, at most ``LOOK_BACK`` back; a scenario that never started has no past.

A start is held by who writes it until it is launched, lists read included. A planner that dies or freezes in between gives no
sign of life: after ``HELD`` any other launches it, or the same one after its restart. One that thaws meanwhile launches it
too, and loads nothing twice: a delivery is known by its digest, a case by its key.
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
#: How long a start stays with a planner without a sign of life; how often one is given, and those of others looked at.
HELD, BEAT = timedelta(seconds=3), timedelta(seconds=1)
_SHORTEST_SLEEP = timedelta(milliseconds=10)
_AFTER_FAILURE = timedelta(seconds=5)
_log = logging.getLogger(__name__)

#: Starts a scenario for one occurrence; returns what of it still goes on, if anything.
Launch = Callable[[str, Due], Awaitable[asyncio.Task[None] | None]]
#: Gives the schedules in force by scenario; asked at each look, since a version may have been published.
Schedules = Callable[[], Awaitable[Mapping[str, Sequence[ScheduleEntry]]]]


class Occurrences(Protocol):
    """The memory of starts, shared by all planners."""

    async def claim(self, scenario: str, due: Due) -> bool:
        """Write the occurrence under ``UNIQUE (scenario, local occurrence)``; False when somebody was first."""

    async def latest(self, scenario: str) -> datetime | None:
        """Return the due instant of the scenario's last occurrence, UTC; None when it never started."""

    async def hold(self, scenario: str, due: Due) -> None:
        """Give a sign of life for an occurrence that is being launched here."""

    async def launched(self, scenario: str, due: Due) -> None:
        """Write that an occurrence is launched."""

    async def adopt(self, scenarios: Sequence[str], since: datetime) -> Sequence[tuple[str, Due]]:
        """Take over the occurrences after ``since`` whose planner gives no sign of life, in their order."""


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
        self._next_look = clock.now()
        self._going_on: set[asyncio.Task[None]] = set()
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
        for following in list(self._going_on):
            following.cancel()
        await asyncio.gather(*self._going_on, return_exceptions=True)

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

    async def take_over(self) -> None:
        """Launch what another planner wrote down, and did not live to launch."""
        for scenario, due in await self._occurrences.adopt(list(self._schedules), self._clock.now() - LOOK_BACK):
            await self._hold_and_launch(scenario, due)

    def _is_time_to_look(self) -> bool:
        """Whether the next look is due, or the clock was set back since it was planned."""
        return not timedelta(0) < self._next_look - self._clock.now() <= _LONGEST_SLEEP

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
        if await self._occurrences.claim(scenario, due):
            await self._hold_and_launch(scenario, due)

    async def _hold_and_launch(self, scenario: str, due: Due) -> None:
        """Launch an occurrence that is ours; what goes on of it is followed, and holds nothing up."""
        beating = asyncio.create_task(self._beat(scenario, due))
        rest: asyncio.Task[None] | None = None
        try:
            rest = await self._launch(scenario, due)
        except Exception as error:  # noqa: BLE001 - a border: the other scenarios go on
            _log.error("scénario « %s » : le démarrage de %s a échoué : %s", scenario, due.local, _told(error))
        if rest is None:
            beating.cancel()
            await self._end(scenario, due)
            return
        following = asyncio.create_task(self._follow(rest, beating, scenario, due))
        self._going_on.add(following)
        following.add_done_callback(self._going_on.discard)

    async def _follow(self, rest: asyncio.Task[None], beating: asyncio.Task[None], scenario: str, due: Due) -> None:
        """Wait for the rest of a launch; stopped before it is done, it is left to another."""
        try:
            await asyncio.wait({rest})
            if not rest.cancelled():
                await self._end(scenario, due)
        finally:
            beating.cancel()

    async def _end(self, scenario: str, due: Due) -> None:
        try:
            await self._occurrences.launched(scenario, due)
        except GlrError as error:  # the database is away: it is launched once more, and loads nothing twice
            _log.warning("scénario « %s » : le démarrage de %s sera revu : %s", scenario, due.local, error)

    async def _beat(self, scenario: str, due: Due) -> None:
        while True:
            await asyncio.sleep(BEAT.total_seconds())
            try:
                await self._occurrences.hold(scenario, due)
            except GlrError:
                continue

    async def _tick(self) -> None:
        async with self._ticking:
            try:
                if self._is_time_to_look():
                    await self.fire_due()
                    self._next_look = self._clock.now() + self.sleep()
                await self.take_over()
                sleep = min(BEAT, max(_SHORTEST_SLEEP, self._next_look - self._clock.now()))
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
