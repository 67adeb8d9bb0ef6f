"""One ``s3270`` process and its pipe: a command, then lines of data, a line of state, and ``ok`` or ``error``.

What is typed goes through the pipe alone: never an argument of a process, never a text of an error. The process ends when its
pipe is closed, so with its session.
"""

from __future__ import annotations

import asyncio
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from contextlib import suppress

from orchestrator.domain.errors import ApplicationException
from orchestrator.drivers.terminal_buffer import rows_of
from orchestrator.drivers.terminal_contracts import Key
from orchestrator.drivers.terminal_finder import find_terminal

#: Longest time for a host to answer and let the keyboard go, seconds.
ANSWER = 15.0
#: The first words of the line of state: the keyboard (U: free), and whether there is a host.
_FREE, _CONNECTED = "U", "C("


class TerminalFailed(ApplicationException):
    """Le terminal ou son application ne répond pas."""

    def __init__(self, application: str, why: str) -> None:
        super().__init__(f"{application} : {why}.")


class TerminalPipe:
    """A terminal, connected or not."""

    def __init__(self, application: str, process: Process) -> None:
        self._application = application
        self._process = process
        self._state: Sequence[str] = ()

    @classmethod
    async def start(cls, application: str, codepage: str, model: str) -> TerminalPipe:
        """Start the program; it talks to nobody yet.

        :raises TerminalNotFound: this machine has none.
        """
        command = [str(find_terminal()), "-utf8", "-codepage", codepage, "-model", model]
        process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
        return cls(application, process)

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    async def connect(self, address: str) -> None:
        """Connect to ``tn3270://host:port``, or under TLS with ``tn3270s://``, and wait for the first screen."""
        scheme, _, place = address.partition("://")
        if scheme not in {"tn3270", "tn3270s"} or not place:
            raise TerminalFailed(self._application, "adresse de la forme tn3270://machine:port attendue, ou tn3270s://")
        await self._do(f'Connect("{"L:" if scheme == "tn3270s" else ""}{place}")')
        await self._do(f"Wait({int(ANSWER)},InputField)")

    async def screen(self) -> tuple[str, ...]:
        """Return the rows that are shown, 80 characters each, with where fields begin; what is hidden is blank."""
        return rows_of(await self._do("ReadBuffer(Ascii)"))

    async def type(self, row: int, column: int, text: str) -> None:
        """Empty the field that begins at a place and type a text into it."""
        await self._do(f"MoveCursor1({row},{column})")
        await self._do("EraseEOF()")
        if text:
            await self._do(f'String("{_typed(text)}")')

    async def press(self, key: Key) -> None:
        """Press a key and wait until the host lets the keyboard go."""
        await self._do("Enter()" if key == "Enter" else f"PF({key.removeprefix('PF')})")
        if not self._state or self._state[0] != _FREE:
            await self._do(f"Wait({int(ANSWER)},Unlock)")
        if not any(word.startswith(_CONNECTED) for word in self._state):
            raise TerminalFailed(self._application, "connexion coupée")

    async def more(self) -> None:
        """Wait a moment for the host to show more."""
        with suppress(TerminalFailed):
            await self._do("Wait(0.5,Output)")

    async def close(self) -> None:
        """End the process, and the connection with it."""
        self.kill()
        await self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()

    def kill(self) -> None:
        """End the process, without waiting for it."""
        with suppress(ProcessLookupError):
            self._process.kill()

    async def _do(self, command: str) -> list[str]:
        """Carry a command out and return its lines of data; the command is in no error, since it may be what is typed."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise TerminalFailed(self._application, "terminal s3270 sans tuyau")
        try:
            stdin.write(f"{command}\n".encode())
            await stdin.drain()
            async with asyncio.timeout(ANSWER + 1):
                return await self._answer(stdout)
        except TimeoutError:
            raise TerminalFailed(self._application, "pas de réponse à temps, clavier verrouillé") from None
        except OSError:
            raise TerminalFailed(self._application, "le terminal s3270 s'est arrêté") from None

    async def _answer(self, stdout: asyncio.StreamReader) -> list[str]:
        shown: list[str] = []
        while line := (await stdout.readline()).decode("utf-8", "replace").rstrip("\r\n"):
            if line.startswith("data: "):
                shown.append(line[6:])
            elif line == "ok":
                return shown
            elif line == "error":
                raise TerminalFailed(self._application, "connexion impossible ou coupée, ou clavier verrouillé")
            else:
                self._state = line.split(" ")
        raise TerminalFailed(self._application, "le terminal s3270 s'est arrêté")


def _typed(text: str) -> str:
    r"""Write a text so that no character of it is a command: whatever is neither letter nor digit as ``\\uXXXX``."""
    return "".join(each if each.isalnum() and each.isascii() else f"\\u{ord(each):04x}" for each in text)
