"""The lease of the case in hand: a heartbeat thread with a connection of its own, and the permit that acts are checked against.

A frozen process renews nothing: its thread stands still with it. Three clocks are asked, because a monotonic clock
stands still while a machine is suspended (ENTER, 3).
"""

from __future__ import annotations

import threading
import time
from dataclasses import InitVar, dataclass, field, replace
from datetime import timedelta
from uuid import UUID

import psycopg

from orchestrator.store.database import SEARCH_PATH, Database
from orchestrator.store.queries import query

#: How long a case is ours without a sign of life.
LEASE = timedelta(seconds=30)
#: An act must be on its way that long before the lease ends.
MARGIN = timedelta(seconds=5)
#: Seconds between two signs of life.
BEAT = 5.0


@dataclass
class Lease:
    """One claimed case, as the session sees it."""

    case: UUID
    epoch: int
    session: UUID
    #: When it was asked for, before the database answered, by the boot-time clock and by the wall clock.
    asked: InitVar[tuple[float, float]]
    #: No sign of life is given after this instant of the boot-time clock: the case's own time limit.
    last_beat: float
    #: Instants until which an act may start, by the boot-time clock and by the wall clock.
    boot_deadline: float = field(init=False)
    wall_deadline: float = field(init=False)

    def __post_init__(self, asked: tuple[float, float]) -> None:
        self.renewed(*asked)

    def renewed(self, boot: float, wall: float) -> None:
        """Remember a renewal asked at those instants, before the database answered."""
        span = (LEASE - MARGIN).total_seconds()
        self.boot_deadline, self.wall_deadline = boot + span, wall + span

    @property
    def key(self) -> dict[str, object]:
        """What every later write names."""
        return {"id": self.case, "epoch": self.epoch, "session": self.session}

    def in_time(self) -> bool:
        """True while neither clock says that the deadline has passed."""
        return boot_clock() < self.boot_deadline and wall_clock() < self.wall_deadline


@dataclass(frozen=True)
class LeasePermit:
    """The engine's permit for one act."""

    lease: Lease
    database: Database
    #: The application in which the act begins; None once it has begun.
    begins_in: str | None = None

    async def holds(self) -> bool:
        """Ask the database whether the lease is still ours, under our epoch; and whether robots may begin, before they have."""
        async with self.database.transaction(f"session:{self.lease.session}") as tx:
            if self.begins_in is None:
                return await tx.first("cases.held", **self.lease.key) is not None
            return await tx.first("cases.may_begin", application=self.begins_in, **self.lease.key) is not None

    def under_way(self) -> LeasePermit:
        """Return the permit of an act that has begun: stopped robots end what they have begun."""
        return replace(self, begins_in=None)

    def in_time(self) -> bool:
        """True while no clock says that the deadline has passed."""
        return self.lease.in_time()

    @property
    def until(self) -> float:
        """The deadline by the wall clock, which the page asks too."""
        return self.lease.wall_deadline


class Heartbeat(threading.Thread):
    """Renews the current lease; lives as long as its process."""

    def __init__(self, conninfo: str) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self._conninfo = conninfo
        self._lease: Lease | None = None
        self._connection: psycopg.Connection | None = None
        self._stopped = threading.Event()
        #: The session that is alive as long as this thread beats.
        self.session: UUID | None = None

    def hold(self, lease: Lease | None) -> None:
        """Say which lease to renew from now on."""
        self._lease = lease

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()

    def run(self) -> None:
        """Renew until stopped; a broken connection is opened again at the next beat."""
        while not self._stopped.wait(BEAT):
            lease = self._lease
            if lease is not None and boot_clock() < lease.last_beat:
                self._renew(lease)
            self._live()
        if self._connection is not None:
            self._connection.close()

    def _renew(self, lease: Lease) -> None:
        asked = clocks()
        try:
            found = self._open().execute(query("cases.renew"), {**lease.key, "lease": LEASE}).fetchone()
        except psycopg.Error:
            self._connection = None  # not renewed: the deadline stands, and the next beat tries again
            return
        if found is not None:
            lease.renewed(*asked)

    def _live(self) -> None:
        try:
            if self.session is not None:
                self._open().execute(query("sessions.beat"), {"session": self.session})
        except psycopg.Error:
            self._connection = None  # its seats are kept for a while: the next beat tries again

    def _open(self) -> psycopg.Connection:
        if self._connection is None:
            self._connection = psycopg.connect(self._conninfo, options=SEARCH_PATH, autocommit=True, connect_timeout=3)
        return self._connection


def clocks() -> tuple[float, float]:
    """Return the boot-time clock and the wall clock, to be read before a lease is asked for."""
    return boot_clock(), wall_clock()


def boot_clock() -> float:
    """Return seconds since boot, suspension included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def wall_clock() -> float:
    """Return seconds since the epoch, by a clock that people may set."""
    return time.time()
