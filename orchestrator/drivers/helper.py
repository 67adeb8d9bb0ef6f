"""The helper process of a robot: RPA modules, imported once, in a process that can be killed (ADR 3, ADR 18).

A call that takes too long ends with the process; the next call starts another. What goes over and back is JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from orchestrator.domain.errors import ApplicationException, TooSlow
from orchestrator.domain.wire import raised
from orchestrator.drivers.robot_suites import HARMLESS

PROGRAM = Path(__file__).with_name("helper_child.py")
#: Seconds for one call.
LIMIT = 45.0
#: Bytes of one answer.
_LONGEST = 64_000_000


class HelperFailed(ApplicationException):
    """L'outil s'est arrêté ou a échoué."""

    def __init__(self, work: str, why: str) -> None:
        super().__init__(f"« {work} » a échoué ({why}). Le dossier n'est pas perdu : nouvel essai, puis une personne.")


class Helper:
    """One process, started at the first call; calls wait for each other."""

    def __init__(self, limit: float = LIMIT) -> None:
        self._limit = limit
        self._turn = asyncio.Lock()
        self._child: asyncio.subprocess.Process | None = None

    async def run(self, work: Callable[..., Any], given: dict[str, object]) -> Any:  # noqa: ANN401 - JSON
        """Run a function of a library there; raises what it raised, ``TooSlow``, or :class:`HelperFailed`."""
        name = f"{work.__module__.removeprefix('keywords.')}.{work.__qualname__}"
        call = {"module": work.__module__, "function": work.__qualname__, "given": given}
        async with self._turn:
            try:
                async with asyncio.timeout(self._limit):
                    answer = await self._ask(json.dumps(call).encode() + b"\n")
            except TimeoutError:
                await self.close()
                raise TooSlow(f"« {name} » n'a pas abouti en {self._limit:.0f} s et a été arrêté.") from None
            except BaseException:
                await self.close()
                raise
            if not answer:
                await self.close()
                raise HelperFailed(name, "son processus s'est arrêté")
        return _result(name, json.loads(answer))

    async def close(self) -> None:
        """End the process, and whatever it started."""
        child, self._child = self._child, None
        if child is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        await child.wait()

    async def _ask(self, line: bytes) -> bytes:
        child = self._child = self._child or await _start()
        if child.stdin is None or child.stdout is None:
            raise HelperFailed("helper", "sans entrée ni sortie")
        try:
            child.stdin.write(line)
            await child.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            return b""
        return await child.stdout.readline()


async def _start() -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", str(PROGRAM)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={name: os.environ[name] for name in HARMLESS if name in os.environ},
        start_new_session=True,
        limit=_LONGEST,
    )


def _result(name: str, said: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    if "error" in said:
        raise raised(said) if said["message"] else HelperFailed(name, said["error"])
    return said["result"]
