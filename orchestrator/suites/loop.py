"""An event loop in a thread of its own: the main thread belongs to Robot Framework and its signals."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future, wait
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, TypeVar

from orchestrator.domain.errors import ApplicationException

T = TypeVar("T")
#: Seconds that cancelled work has to end.
SETTLE = 10.0


class StillRunning(ApplicationException):
    """Une lecture arrêtée par une limite de temps ne se termine pas."""


class LoopThread:
    """Runs coroutines for the main thread, one after the other, and lets none outlive the wait for it."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="desks", daemon=True)
        #: What the main thread waits for.
        self._called: asyncio.Task[Any] | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with suppress(TimeoutError):
            self.start(_ended()).result(SETTLE)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(SETTLE)
        if not self._thread.is_alive():
            self.loop.close()

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Let ``work`` run beside what is called; returns its future."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def cancel(self) -> None:
        """Cancel what the main thread waits for, if anything; in the loop thread."""
        if self._called is not None:
            self._called.cancel()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what ``work`` returns, or raise what it raises.

        When the wait is interrupted (a time limit of Robot Framework raises in the main thread alone, TRAPS), the work is
        cancelled and waited for before the interruption goes on: nothing goes on behind a suite's back. Raises
        :class:`StillRunning` when it does not end.
        """
        done: Future[T] = Future()
        started: list[asyncio.Task[T]] = []

        def start() -> None:
            task = self.loop.create_task(work)
            started.append(task)
            self._called = task
            task.add_done_callback(lambda ended: _pass_on(ended, done))

        def stop() -> None:
            started[0].cancel()

        self.loop.call_soon_threadsafe(start)
        try:
            return done.result()
        except BaseException:
            if not done.done():
                self.loop.call_soon_threadsafe(stop)
                if wait([done], timeout=SETTLE).not_done:
                    raise StillRunning from None
            raise


async def _ended() -> None:
    """Let everything else in the loop end, so that nothing is collected later on a loop that is gone."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()


def _pass_on(ended: asyncio.Task[T], to: Future[T]) -> None:
    if ended.cancelled():
        to.set_exception(StillRunning("lecture arrêtée"))
    elif (error := ended.exception()) is not None:
        to.set_exception(error)
    else:
        to.set_result(ended.result())
