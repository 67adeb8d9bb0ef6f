"""A runner: takes tickets, hosts one child process per robot session, and sweeps."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from tempfile import TemporaryDirectory
from uuid import UUID, uuid4

import psycopg
from procrastinate import App
from procrastinate import exceptions as queue_errors

from orchestrator.domain.errors import GlrError
from orchestrator.engine.sweep import sweep
from orchestrator.engine.tickets import QUEUE, TASK, ticket_queue
from orchestrator.store.database import Database, StoreError, StoreUnavailable, array
from orchestrator.store.known_schema import check_schema

LOG = logging.getLogger("glr.runner")
#: Seconds between two sweeps; an orphan is available at most that long after its lease ends.
SWEEP_EVERY = 2.0
#: A session that is at one case for longer holds nothing any more, and does not end by itself: it is killed.
HUNG = timedelta(seconds=300)
#: Seconds a session gets to finish the case in hand when its runner stops, unless the installation says otherwise.
GRACE = 20.0


@dataclass
class Runner:
    """One process on one machine that hosts robot sessions."""

    conninfo: str
    #: The command of a session, to which caisse, scenario and runner are added, and its environment.
    session_command: Sequence[str]
    environment: Mapping[str, str]
    #: How many sessions this machine hosts at most.
    sessions: int
    #: Descriptors that sessions keep open.
    shared: Sequence[int] = ()
    #: What robots may ask of this machine.
    labels: Sequence[str] = ()
    #: Its version, and the last migration that it knows.
    program: str = ""
    knows: str = ""
    #: Seconds a session gets to finish the case in hand when this runner is asked to stop.
    grace: float = GRACE
    id: UUID = field(default_factory=uuid4)
    #: Longest time that a session may be at one case.
    hung: timedelta = HUNG
    #: By the id of their session.
    _children: dict[UUID, asyncio.subprocess.Process] = field(default_factory=dict)
    #: No session is started any more.
    _leaving: bool = False

    async def run(self, stopping: asyncio.Event) -> None:
        """Serve until asked to stop; a database that goes away is waited for."""
        while not stopping.is_set():
            try:
                await self._serve(stopping)
            except (StoreUnavailable, StoreError, psycopg.Error, queue_errors.ConnectorException) as error:
                why = error if isinstance(error, GlrError) else type(error).__name__
                LOG.warning("le poste recommence dans une seconde : %s", why)
                await asyncio.sleep(1)
        await self._stop_children()

    async def _serve(self, stopping: asyncio.Event) -> None:
        queue, self._leaving = ticket_queue(self.conninfo, labels=self.labels), False
        queue.task(name=TASK, queue=QUEUE)(self._host)
        async with Database(self.conninfo) as database, queue.open_async():
            await self._register(database)
            worker = asyncio.create_task(
                queue.run_worker_async(
                    queues=[QUEUE],
                    concurrency=self.sessions,
                    install_signal_handlers=False,
                    fetch_job_polling_interval=1,
                    update_heartbeat_interval=5,
                    stalled_worker_timeout=15,
                    delete_jobs="successful",
                    shutdown_graceful_timeout=self.grace,
                )
            )
            try:
                await self._sweep_until(stopping, worker, database, queue)
            finally:
                self._leaving = True
                worker.cancel()  # takes no more tickets, and ends with the sessions that it hosts
                finishing = asyncio.create_task(self._stop_children())
                if stopping.is_set():
                    await self._say_leaving(finishing, database)
                await asyncio.gather(finishing, worker, return_exceptions=True)

    async def _sweep_until(
        self, stopping: asyncio.Event, worker: asyncio.Task[None], database: Database, queue: App
    ) -> None:
        while not stopping.is_set():
            if worker.done():
                worker.result()
                return
            await sweep(database, queue)
            async with database.transaction(f"runner:{self.id}") as tx:
                await tx.run("sessions.beat_runner", id=self.id)
                await check_schema(tx.connection)  # it may have come back, through a new connection, to a newer one
                hung = await tx.all("sessions.hung", hosted=array(self._children), longest=self.hung)
            for session in hung:
                self._kill(session["id"])
            try:
                await asyncio.wait_for(asyncio.shield(stopping.wait()), SWEEP_EVERY)
            except TimeoutError:
                continue

    async def _say_leaving(self, finishing: asyncio.Task[None], database: Database) -> None:
        """Give signs of life until the sessions have ended: who updates the database counts on them."""
        with suppress(StoreUnavailable, StoreError):  # then others see no sign of life
            while not finishing.done():
                await self._say(database, "sessions.leave_runner")
                await asyncio.wait({finishing}, timeout=SWEEP_EVERY)
            await self._say(database, "sessions.stop_runner")

    async def _say(self, database: Database, what: str) -> None:
        async with database.transaction(f"runner:{self.id}") as tx:
            await tx.run(what, id=self.id)

    async def _register(self, database: Database) -> None:
        async with database.transaction(f"runner:{self.id}") as tx:
            await tx.run("sessions.register_runner", id=self.id, host=socket.gethostname(), pid=os.getpid())
            about = {"labels": array(self.labels), "program": self.program, "knows": self.knows}
            await tx.run("sessions.describe_runner", id=self.id, **about)
            await check_schema(tx.connection)  # before the first ticket is taken

    async def _host(self, caisse: str, scenario: str) -> None:
        """Run one session process to its end; how it ends does not matter here, the ledger knows."""
        if self._leaving:
            return  # a sweep sees that a session is still wanted
        session = uuid4()
        # what it drafts is thrown away with it, however it ends; a browser that outlives it by a moment may still write there
        with TemporaryDirectory(prefix="session-", ignore_cleanup_errors=True) as drafts:
            await self._host_in(drafts, session, caisse, scenario)
        await self._over(session)

    async def _host_in(self, drafts: str, session: UUID, caisse: str, scenario: str) -> None:
        about = ("--session", str(session), "--caisse", caisse, "--scenario", scenario, "--runner", str(self.id))
        environment = {**self.environment, "TMPDIR": drafts}
        child = await asyncio.create_subprocess_exec(
            *self.session_command, *about, env=environment, pass_fds=self.shared
        )
        self._children[session] = child
        if self._leaving:
            _signal(child, signal.SIGTERM)
        try:
            await child.wait()
        finally:
            del self._children[session]

    async def _over(self, session: UUID) -> None:
        """Free the seats of a process that has ended without a word."""
        with suppress(StoreUnavailable, StoreError):  # the sweep sees that it gives no sign of life
            async with Database(self.conninfo, size=1) as database, database.transaction(f"runner:{self.id}") as tx:
                await tx.run("sessions.end", id=session, reason="process ended")

    def _kill(self, session: UUID) -> None:
        """End a process that nothing else ends: one that stands still, or keeps its interpreter, does not hear SIGTERM."""
        if session in self._children:
            _signal(self._children[session], signal.SIGKILL)

    async def _stop_children(self) -> None:
        children = list(self._children.values())
        for child in children:
            _signal(child, signal.SIGTERM)
        done = [asyncio.create_task(child.wait()) for child in children]
        if done:
            _, late = await asyncio.wait(done, timeout=self.grace)
            for child in children if late else ():
                _signal(child, signal.SIGKILL)


def _signal(child: asyncio.subprocess.Process, number: signal.Signals) -> None:
    if child.returncode is None:
        try:
            child.send_signal(number)
        except ProcessLookupError:
            return
