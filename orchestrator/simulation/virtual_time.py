"""An event loop whose clock jumps to the next timer instead of waiting for it: a history of hours takes milliseconds."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

#: When every history begins: a Friday, 09:00 in Paris.
BEGINNING = datetime(2026, 3, 27, 8, tzinfo=UTC)


class NothingLeft(RuntimeError):
    """Everything waits for something that nobody will do."""


class _Jumping(selectors.BaseSelector):
    """Watches nothing: what would be waited for has come at once."""

    def __init__(self) -> None:
        self.jumped = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise NothingLeft
        self.jumped += max(timeout, 0.0)
        return []

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:  # noqa: ANN401
        return selectors.SelectorKey(fileobj, -1, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:  # noqa: ANN401
        return selectors.SelectorKey(fileobj, -1, 0, None)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return {}


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs coroutines that wait for time alone."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Return seconds since the beginning."""
        return self._jumping.jumped

    def run_in_executor(  # type: ignore[override] # its stub is generic over the arguments
        self,
        executor: Any,  # noqa: ANN401, ARG002
        func: Callable[..., Any],
        *args: Any,  # noqa: ANN401
    ) -> asyncio.Future[Any]:
        """Do what would be done in a thread, at once."""
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - raised where it is awaited
            done.set_exception(error)
        return done

    def wall(self) -> float:
        """Return the wall clock, as :func:`time.time` would."""
        return BEGINNING.timestamp() + self.time()

    def now(self) -> datetime:
        """Return the instant, UTC: the loop is the engine's clock too."""
        return BEGINNING + timedelta(seconds=self.time())
