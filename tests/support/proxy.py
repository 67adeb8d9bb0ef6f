"""A small real proxy, and TLS in front of what speaks HTTP: hosts that only the proxy can reach.

Every host is this machine for it, also a name that nobody else can resolve.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

#: A name that leads nowhere. Not a number: behind a proxy, Playwright's client verifies certificates by name alone.
FAR = "applications.cpam-931.example"
_Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]]


@dataclass
class Proxy:
    """What was asked of it, and where it listens."""

    port: int = 0
    #: ``CONNECT host:port`` or ``METHOD host:port``.
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection."""
        head = await reader.readuntil(b"\r\n\r\n")
        first, rest = head.split(b"\r\n", 1)
        method, target, version = first.decode().split()
        where = urlsplit(target if "//" in target else f"//{target}")
        self.asked.append(f"{method} {where.netloc}")
        from_server, to_server = await asyncio.open_connection("127.0.0.1", where.port)
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        else:  # one request a connection
            path = where.path + (f"?{where.query}" if where.query else "")
            to_server.write(f"{method} {path} {version}\r\nConnection: close\r\n".encode() + rest)
        await _both(reader, writer, from_server, to_server)


@contextmanager
def proxy() -> Iterator[Proxy]:
    """Give a proxy on 127.0.0.1."""
    made = Proxy()
    with _listening(made.answer) as made.port:
        yield made


@contextmanager
def https(port: int, context: ssl.SSLContext) -> Iterator[int]:
    """Speak TLS in front of the server at that port of 127.0.0.1; gives the port to use."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _both(reader, writer, *await asyncio.open_connection("127.0.0.1", port))

    with _listening(answer, context) as own:
        yield own


@contextmanager
def _listening(answer: _Answer, context: ssl.SSLContext | None = None) -> Iterator[int]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def carried(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, ssl.SSLError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await answer(reader, writer)
        writer.close()

    starting = asyncio.start_server(carried, "127.0.0.1", 0, ssl=context)
    server = asyncio.run_coroutine_threadsafe(_started(starting), loop).result(10)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _started(starting: Coroutine[None, None, asyncio.Server]) -> asyncio.Server:
    return await starting


async def _both(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter,
    from_server: asyncio.StreamReader, to_server: asyncio.StreamWriter,
) -> None:  # fmt: skip
    try:
        await asyncio.gather(_pump(reader, to_server), _pump(from_server, writer))
    finally:
        to_server.close()


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError, ssl.SSLError):
        while data := await source.read(65_536):
            target.write(data)
            await target.drain()
    target.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
