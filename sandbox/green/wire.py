"""The talk of a TN3270 terminal: telnet options (RFC 1576), records, keys; TN3270E is refused, as an old host does."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.green.codepage import decode

_IAC, _DONT, _DO, _WONT, _WILL, _SB, _SE, _EOR = 255, 254, 253, 252, 251, 250, 240, 239
_BINARY, _TERMINAL, _RECORDS = 0, 24, 25
_ASKED = (_RECORDS, _BINARY)
_SBA = 0x11
_KEYS = {
    0x7D: "ENTER", 0x6D: "CLEAR", 0x6C: "PA1", 0x6E: "PA2", 0x6B: "PA3", 0x7A: "PF10", 0x7B: "PF11", 0x7C: "PF12",
    **{0xF0 + n: f"PF{n}" for n in range(1, 10)},
}  # fmt: skip
#: Bytes of one record, and of one answer to an option: nothing true is longer.
_LONGEST = 16_384


class Gone(Exception):
    """The terminal has left, or speaks no 3270."""


@dataclass(frozen=True, kw_only=True)
class Pressed:
    """A key that a terminal pressed, with what was typed since the screen was shown."""

    key: str
    #: Text by the cell where its field begins.
    typed: Mapping[int, str]


class Terminal:
    """One connected terminal."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._agreed: set[tuple[int, int]] = set()

    async def greet(self) -> None:
        """Agree on 3270 by records; raises :class:`Gone` when the other side does not."""
        self._command(_DO, _TERMINAL)
        wanted = {(verb, option) for verb in (_WILL, _DO) for option in _ASKED}
        while not wanted <= self._agreed:
            if await self._byte() == _IAC:
                await self._option(await self._byte())

    async def show(self, stream: bytes) -> None:
        """Send one record."""
        self._writer.write(stream.replace(b"\xff", b"\xff\xff") + bytes((_IAC, _EOR)))
        await self._writer.drain()

    async def pressed(self) -> Pressed:
        """Wait for a key."""
        record = bytearray()
        while len(record) < _LONGEST:
            byte = await self._byte()
            if byte == _IAC:
                byte = await self._byte()
                if byte == _EOR and record:
                    return _pressed(bytes(record))
                if byte != _IAC:
                    await self._option(byte)
                    continue
            record.append(byte)
        raise Gone

    def cut(self) -> None:
        """Cut the connection, without a word."""
        self._writer.transport.abort()

    def _command(self, *command: int) -> None:
        self._writer.write(bytes((_IAC, *command)))

    async def _byte(self) -> int:
        try:
            return (await self._reader.readexactly(1))[0]
        except (asyncio.IncompleteReadError, ConnectionError):
            raise Gone from None

    async def _option(self, verb: int) -> None:
        if verb == _SB:
            if (await self._answer())[:2] == bytes((_TERMINAL, 0)):
                for option in _ASKED:
                    self._command(_DO, option)
                    self._command(_WILL, option)
        elif verb in {_DO, _WILL, _DONT, _WONT}:
            self._settle(verb, await self._byte())
        elif verb not in {_EOR, _SE}:
            return  # a no-operation, an attention

    def _settle(self, verb: int, option: int) -> None:
        self._agreed.add((verb, option))
        if verb == _WILL and option == _TERMINAL:
            self._command(_SB, _TERMINAL, 1, _IAC, _SE)
        elif verb == _WILL and option not in _ASKED:
            self._command(_DONT, option)
        elif verb == _DO and option not in _ASKED:
            self._command(_WONT, option)
        elif verb in {_DONT, _WONT}:
            raise Gone

    async def _answer(self) -> bytes:
        answer = bytearray()
        while len(answer) < _LONGEST:
            byte = await self._byte()
            if byte == _IAC:
                byte = await self._byte()
                if byte == _SE:
                    return bytes(answer)
            answer.append(byte)
        raise Gone


def _pressed(record: bytes) -> Pressed:
    """A record of a terminal: key, cursor, then each changed field as an order with its address."""
    typed: dict[int, bytearray] = {}
    place = -1
    content = iter(record[3:])
    for byte in content:
        if byte == _SBA:
            place = _cell(next(content, 0), next(content, 0))
        else:
            typed.setdefault(place, bytearray()).append(byte)
    return Pressed(
        key=_KEYS.get(record[0], f"{record[0]:02X}"), typed={cell: decode(bytes(text)) for cell, text in typed.items()}
    )


def _cell(high: int, low: int) -> int:
    """A cell from twelve or fourteen bits."""
    return (high & 0x3F) << 6 | low & 0x3F if high & 0xC0 else high << 8 | low
