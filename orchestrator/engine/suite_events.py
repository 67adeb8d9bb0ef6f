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


@dataclass
class SuiteEvents:
    """Writes events in their order, without making the suite wait for each: by groups, one transaction after the other."""

    bench: Workbench
    reference: str
    #: What every event says.
    about: dict[str, Any]
    #: False where nothing is written anywhere (a trial).
    written_down: bool = True
    _waiting: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    _writing: asyncio.Task[None] | None = None

    @classmethod
    @asynccontextmanager
    async def of(cls, attempt: Attempt, step: Step, *, written_down: bool = True) -> AsyncIterator[Self]:
        """Give the events of a step of an attempt; all are written at its end."""
        case, task = attempt.case, step.task
        about = {"step": step.id, "session": str(case.lease.session), "epoch": case.lease.epoch}
        events = cls(attempt.bench, case.reference, about, written_down)
        outside = {"outside_guarantee": list(task.outside)} if task and task.outside else {}
        events.tell("suite.begun", suite=task.suite if task else "", task=task.task if task else "", **outside)
        try:
            yield events
        finally:
            events.tell("suite.ended")
            await events.written()

    @asynccontextmanager
    async def keyword(self, name: str, kind: str) -> AsyncIterator[None]:
        """Tell the start and the end of a call: its kind, its duration, and the code of what it raised."""
        self.tell("keyword.begun", keyword=name, kind=kind)
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
            self.tell("keyword.ended", keyword=name, kind=kind, ms=_since(began), **ended)

    def tell(self, verb: str, **details: Any) -> None:  # noqa: ANN401 - JSON
        """Write an event soon, in the name of the robot."""
        if not self.written_down:
            return
        self._waiting.append((verb, details))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def written(self) -> None:
        """Wait until everything told is written."""
        while self._writing is not None and (self._waiting or not self._writing.done()):
            await self._writing

    async def _write(self) -> None:
        while self._waiting:
            async with self.bench.database.transaction(self.bench.actor) as tx:
                now, self._waiting = self._waiting, []
                for verb, details in now:
                    await tx.record(self.bench.scenario.caisse, verb, self.reference, **self.about, **details)


def _status(error: Exception) -> str:
    return "business" if isinstance(error, BusinessException) else "failed"


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
