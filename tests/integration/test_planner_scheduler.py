"""Planners on a real PostgreSQL: downtime, two at once, a timer that really goes off."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from orchestrator.domain.civil import PARIS
from orchestrator.language.model import ScheduleEntry
from orchestrator.planner.occurrences import Due
from orchestrator.planner.scheduler import BEAT, Planner

SCHEDULES = {
    "ij-acompte": [ScheduleEntry(at="06:30", days="business", calendar="FR", missing="run after", repeated="first")],
    "ij-veille": [
        ScheduleEntry(at=at, days="all", calendar="FR", missing="run after", repeated="first")
        for at in ("07:00", "12:00", "19:00")
    ],
}


async def schedules() -> Mapping[str, Sequence[ScheduleEntry]]:
    return SCHEDULES


class HandClock:
    """A clock that runs, from an instant of our choice."""

    def __init__(self, text: str) -> None:
        self.set(text)

    def set(self, text: str) -> None:
        self._offset = datetime.fromisoformat(text).replace(tzinfo=UTC) - datetime.now(UTC)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset


class TableOccurrences:
    """The memory of starts, in the table of the schema."""

    def __init__(self, connection: psycopg.AsyncConnection) -> None:
        self._connection = connection

    async def claim(self, scenario: str, due: Due) -> bool:
        cursor = await self._connection.execute(
            "insert into glr.schedule_occurrence (caisse, scenario, occurrence, due, fired_by)"
            " values ('cpam-931', %s, %s, %s, 'test') on conflict do nothing",
            (scenario, due.local, due.instant),
        )
        return cursor.rowcount == 1

    async def latest(self, scenario: str) -> datetime | None:
        cursor = await self._connection.execute(
            "select max(due) from glr.schedule_occurrence where scenario = %s", (scenario,)
        )
        row = await cursor.fetchone()
        return row[0] if row else None

    async def hold(self, scenario: str, due: Due) -> None:
        """Nobody takes over what this memory holds."""

    async def launched(self, scenario: str, due: Due) -> None:
        """It was, as soon as it was claimed."""

    async def adopt(self, scenarios: Sequence[str], since: datetime) -> Sequence[tuple[str, Due]]:
        assert isinstance(scenarios, list)
        assert since.tzinfo is not None
        return []


class Launches(list[str]):
    """What was launched, by whom and for when."""

    async def launch(self, scenario: str, due: Due) -> None:
        await asyncio.sleep(0)
        self.append(f"{scenario} {due.local}")


@pytest.fixture
async def occurrences(owner_url: str) -> AsyncIterator[TableOccurrences]:
    async with await psycopg.AsyncConnection.connect(owner_url, autocommit=True) as connection:
        yield TableOccurrences(connection)


def planner(occurrences: TableOccurrences, launches: Launches, clock: HandClock) -> Planner:
    return Planner(schedules=schedules, occurrences=occurrences, launch=launches.launch, clock=clock)


async def test_a_scenario_that_never_started_has_no_past(occurrences: TableOccurrences) -> None:
    launches = Launches()
    await planner(occurrences, launches, HandClock("2026-03-27T09:00")).fire_due()
    assert launches == []


async def test_what_was_due_during_a_downtime_starts_once_each_in_order(occurrences: TableOccurrences) -> None:
    launches, clock = Launches(), HandClock("2026-03-26T10:59")
    before = planner(occurrences, launches, clock)
    await before.fire_due()
    clock.set("2026-03-26T11:01")
    await before.fire_due()
    assert launches == ["ij-veille 2026-03-26T12:00"]
    clock.set("2026-03-27T12:00")
    for _ in range(2):
        await planner(occurrences, launches, clock).fire_due()
    assert launches[1:] == [
        "ij-veille 2026-03-26T19:00", "ij-veille 2026-03-27T07:00", "ij-veille 2026-03-27T12:00",
    ]  # fmt: skip


async def test_a_downtime_longer_than_a_day_is_made_up_for_the_last_day_only(occurrences: TableOccurrences) -> None:
    launches, clock = Launches(), HandClock("2026-03-26T05:00")
    running = planner(occurrences, launches, clock)
    await running.fire_due()
    clock.set("2026-03-26T05:45")
    await running.fire_due()
    clock.set("2026-03-31T05:45")
    await running.fire_due()
    assert launches == [
        "ij-acompte 2026-03-26T06:30",
        "ij-acompte 2026-03-31T06:30",
        "ij-veille 2026-03-30T12:00",
        "ij-veille 2026-03-30T19:00",
        "ij-veille 2026-03-31T07:00",
    ]


NIGHTLY = [
    ScheduleEntry(at=at, days="all", calendar="FR", missing="run after", repeated="first") for at in ("02:30", "03:30")
]


@pytest.mark.parametrize(
    ("night", "at_half_past_two", "at_half_past_three"),
    [("2026-10-25", "00:30", "02:30"), ("2026-03-29", "01:00", "01:30")],
)
async def test_c16_in_the_night_that_has_an_hour_twice_or_lacks_one_each_start_is_once_and_written_in_utc(
    owner_url: str, occurrences: TableOccurrences, night: str, at_half_past_two: str, at_half_past_three: str
) -> None:
    async def nightly() -> Mapping[str, Sequence[ScheduleEntry]]:
        return {"nuit": NIGHTLY}

    async def launch(_: str, due: Due) -> None:
        launched.append((due.local, clock.now().strftime("%H:%M")))

    launched: list[tuple[str, str]] = []
    clock = HandClock(f"{night}T00:00")
    await occurrences.claim("nuit", Due(local="the day before", instant=clock.now() - timedelta(hours=1)))
    for minutes in range(0, 241, 10):
        clock.set(f"{night}T{minutes // 60:02}:{minutes % 60:02}")
        for _ in range(2):  # another planner, which remembers nothing but the table
            await Planner(schedules=nightly, occurrences=occurrences, launch=launch, clock=clock).fire_due()
    assert launched == [(f"{night}T02:30", at_half_past_two), (f"{night}T03:30", at_half_past_three)]
    async with await psycopg.AsyncConnection.connect(owner_url) as connection:
        rows = await (
            await connection.execute(
                "select to_char(due at time zone 'UTC', 'HH24:MI') from glr.schedule_occurrence order by due"
            )
        ).fetchall()
    assert [row[0] for row in rows[1:]] == [at_half_past_two, at_half_past_three]


async def test_two_planners_at_once_start_each_occurrence_once(owner_url: str) -> None:
    launches, clock = Launches(), HandClock("2027-10-29T04:00")
    async with AsyncExitStack() as stack:
        connections = [
            await stack.enter_async_context(await psycopg.AsyncConnection.connect(owner_url, autocommit=True))
            for _ in range(3)
        ]
        planners = [planner(TableOccurrences(connection), launches, clock) for connection in connections]
        await asyncio.gather(*(each.fire_due() for each in planners))
        for hours in range(4 * 24):
            clock.set(f"{datetime(2027, 10, 29, 5) + timedelta(hours=hours):%Y-%m-%dT%H:%M}")  # noqa: DTZ001
            await asyncio.gather(*(each.fire_due() for each in planners))
    days = ("10-29", "10-30", "10-31", "11-01")
    watches = [f"ij-veille 2027-{day}T{at}" for day in days for at in ("07:00", "12:00", "19:00")]
    assert sorted(launches) == ["ij-acompte 2027-10-29T06:30", *watches]  # the 1st of November is a holiday


async def test_the_timer_goes_off_at_the_due_instant(occurrences: TableOccurrences) -> None:
    launches, clock = Launches(), HandClock("2026-03-27T05:29:59.600")
    async with planner(occurrences, launches, clock):
        await asyncio.sleep(0.2)
        assert launches == []
        await until(lambda: len(launches) == 1)
        assert clock.now() < datetime(2026, 3, 27, 5, 30, 5, tzinfo=UTC)
    assert launches == ["ij-acompte 2026-03-27T06:30"]


async def test_a_planner_that_is_closed_lets_a_launch_under_way_finish(occurrences: TableOccurrences) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def launch(_scenario: str, _due: Due) -> None:
        begun.set()
        await asyncio.sleep(0.2)
        ended.set()

    clock = HandClock("2026-03-27T05:29:59.900")
    async with Planner(schedules=schedules, occurrences=occurrences, launch=launch, clock=clock):
        await begun.wait()
    assert ended.is_set()


async def test_a_launch_that_fails_stops_neither_the_others_nor_the_planner(
    occurrences: TableOccurrences, caplog: pytest.LogCaptureFixture
) -> None:
    launches, clock = Launches(), HandClock("2026-03-27T05:00")

    async def launch(scenario: str, due: Due) -> None:
        if scenario == "ij-acompte":
            raise RuntimeError("185026109999988")
        await launches.launch(scenario, due)

    running = Planner(schedules=schedules, occurrences=occurrences, launch=launch, clock=clock)
    await running.fire_due()
    clock.set("2026-03-27T06:30")
    with caplog.at_level(logging.ERROR):
        await running.fire_due()
    assert launches == ["ij-veille 2026-03-27T07:00"]
    assert caplog.messages == ["scénario « ij-acompte » : le démarrage de 2026-03-27T06:30 a échoué : RuntimeError"]


async def test_an_occurrence_that_could_not_be_written_is_tried_again(occurrences: TableOccurrences) -> None:
    launches, clock = Launches(), HandClock("2026-03-27T05:00")

    class Away(TableOccurrences):
        is_away = True

        async def claim(self, scenario: str, due: Due) -> bool:
            if self.is_away:
                raise psycopg.OperationalError
            return await super().claim(scenario, due)

    away = Away(occurrences._connection)
    running = planner(away, launches, clock)
    await running.fire_due()
    clock.set("2026-03-27T05:45")
    with pytest.raises(psycopg.OperationalError):
        await running.fire_due()
    away.is_away = False
    await running.fire_due()
    assert launches == ["ij-acompte 2026-03-27T06:30"]


@pytest.mark.parametrize("fault", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_start_whose_planner_dies_or_freezes_is_launched_by_another_within_five_seconds_and_once(
    role_url: Mapping[str, str], owner_url: str, fault: signal.Signals
) -> None:
    url = role_url["glr_orchestrator"]
    due = datetime.now(PARIS).replace(second=0, microsecond=0)
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute(
            "insert into glr.schedule_occurrence (caisse, scenario, occurrence, due, fired_by)"
            " values ('cpam-931', 's', 'earlier', %s, 'test')", (due - timedelta(hours=12),),
        )  # fmt: skip
        async with planner_process(url, "first", due, seconds=600) as first:
            await first.said("begun")
            first.process.send_signal(fault)
            hurt = time.monotonic()
            async with planner_process(url, "second", due, seconds=0) as second:
                await second.said("ended")
                waited = time.monotonic() - hurt
                if fault is signal.SIGSTOP:
                    first.process.send_signal(signal.SIGCONT)
                await asyncio.sleep(2 * BEAT.total_seconds())  # both look again
                rows = owner.execute(
                    "select fired_by, launched_at is not null from glr.schedule_occurrence where occurrence <> 'earlier'"
                ).fetchall()
                assert rows == [("second", True)]
        assert (first.lines.count("begun"), second.lines.count("begun")) == (1, 1)
        print(f"{fault.name}: {waited:.1f} s")
        assert waited < 20  # its start included; measured in docs/reliability.md
        events = "select verb from glr.audit_outbox where verb like 'schedule.%' order by id"
        assert owner.execute(events.encode()).fetchall() == [("schedule.fired",), ("schedule.taken_over",)]


@dataclass
class PlannerProcess:
    """One planner in a process of its own, and the first word of each line it wrote."""

    process: asyncio.subprocess.Process
    lines: list[str] = field(default_factory=list)

    async def said(self, word: str) -> None:
        """Read until it has said so."""
        assert self.process.stdout is not None
        async with asyncio.timeout(60):
            while word not in self.lines:
                line = await self.process.stdout.readline()
                assert line, f"it ended, having said {self.lines}"
                self.lines.append(line.split()[0].decode())


@asynccontextmanager
async def planner_process(url: str, name: str, due: datetime, *, seconds: float) -> AsyncIterator[PlannerProcess]:
    script = Path(__file__).parents[1] / "support" / "planner_process.py"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(script), url, name, f"{due:%H:%M}", str(seconds)), stdout=asyncio.subprocess.PIPE
    )
    running = PlannerProcess(process)
    try:
        yield running
    finally:
        if process.returncode is None:
            process.kill()
        rest, _ = await process.communicate()
        running.lines += [line.split()[0] for line in rest.decode().splitlines()]


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(300):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("nothing came")
