"""What a suite does, in the audit outbox as it goes: the start and the end of each keyword, never its arguments."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from orchestrator.domain.errors import BusinessException, GlrError
from orchestrator.engine.work import Attempt, Workbench
from orchestrator.language.model import Step
from orchestrator.store.database import Transaction

#: Seconds that events wait for others, to be written together.
TOGETHER = 0.5


@dataclass
class SuiteEvents:
    """Writes events in their order, without making the suite wait for each: those of a moment in one statement."""

    bench: Workbench
    reference: str
    #: What every event says.
    about: dict[str, Any]
    #: False where nothing is written anywhere (a trial).
    written_down: bool = True
    _waiting: list[dict[str, Any]] = field(default_factory=list)
    _writing: asyncio.Task[None] | None = None
    _soon: asyncio.TimerHandle | None = None

    @classmethod
    @asynccontextmanager
    async def of(cls, attempt: Attempt, step: Step, *, written_down: bool = True) -> AsyncIterator[Self]:
        """Give the events of a step of an attempt; all are written at its end, or with the decision that follows an entry."""
        case, task = attempt.case, step.task
        about = {"step": step.id, "session": str(case.lease.session), "epoch": case.lease.epoch}
        events = cls(attempt.bench, case.reference, about, written_down)
        outside = {"outside_guarantee": list(task.outside)} if task and task.outside else {}
        events.tell("suite.begun", suite=task.suite if task else "", task=task.task if task else "", **outside)
        try:
            yield events
        finally:
            events.tell("suite.ended")
            if step.enters:
                attempt.told += await events.rest()
            else:
                await events.written()

    @asynccontextmanager
    async def keyword(self, name: str, kind: str) -> AsyncIterator[None]:
        """Tell the start and the end of a call: its kind, its duration, and the code of what it raised.

        One that ends before its start is written has a single event, its end: half as many for the log to keep.
        """
        begun = self.tell("keyword.begun", keyword=name, kind=kind)
        began, ended = time.monotonic(), {"status": "interrupted", "code": ""}
        try:
            yield
            ended = {"status": "passed", "code": ""}
        except Exception as error:
            ended = {
                "status": _status(error),
                "code": error.code if isinstance(error, GlrError) else type(error).__name__,
            }
            raise
        finally:
            if begun in self._waiting:
                self._waiting.remove(begun)
            self.tell("keyword.ended", keyword=name, kind=kind, ms=_since(began), **ended)

    def tell(self, verb: str, **details: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """Write an event soon, in the name of the robot; returns it."""
        event = {"verb": verb, "details": {**self.about, **details}}
        if self.written_down:
            self._waiting.append(event)
            self._soon = self._soon or asyncio.get_running_loop().call_later(TOGETHER, self._begin)
        return event

    async def rest(self) -> list[dict[str, Any]]:
        """Return what was told last, once everything before it is written."""
        if self._soon is not None:
            self._soon.cancel()
        if self._writing is not None:
            await self._writing
        last, self._waiting = self._waiting, []
        return last

    async def written(self) -> None:
        """Wait until everything told is written."""
        await self._record(await self.rest())

    def _begin(self) -> None:
        before, self._soon = self._writing, None
        self._writing = asyncio.create_task(self._write(before))

    async def _write(self, before: asyncio.Task[None] | None = None) -> None:
        if before is not None:
            await before
        now, self._waiting = self._waiting, []
        await self._record(now)

    async def _record(self, events: list[dict[str, Any]]) -> None:
        if events:  # a transaction for nothing costs as much as one for many
            async with self.bench.database.transaction(self.bench.actor) as tx:
                await record_all(tx, self.bench, self.reference, events)


async def record_all(tx: Transaction, bench: Workbench, reference: str, events: list[dict[str, Any]]) -> None:
    """Write events about a case, in their order."""
    if events:
        await tx.all("audit.record_all", caisse=bench.scenario.caisse, object=reference, events=events)


def _status(error: Exception) -> str:
    return "business" if isinstance(error, BusinessException) else "failed"


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
