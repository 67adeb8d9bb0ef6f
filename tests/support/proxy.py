"""A small real proxy, and TLS in front of what speaks HTTP: hosts that only the proxy can reach.

Every host is this machine for it, also a name that nobody else can resolve.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from front import both, listening

#: A name that leads nowhere. Not a number: behind a proxy, Playwright's client verifies certificates by name alone.
FAR = "applications.cpam-931.example"


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
        await both(reader, writer, from_server, to_server)


@contextmanager
def proxy() -> Iterator[Proxy]:
    """Give a proxy on 127.0.0.1."""
    made = Proxy()
    with listening(made.answer) as made.port:
        yield made


@contextmanager
def https(port: int, context: ssl.SSLContext) -> Iterator[int]:
    """Speak TLS in front of the server at that port of 127.0.0.1; gives the port to use."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await both(reader, writer, *await asyncio.open_connection("127.0.0.1", port))

    with listening(answer, context) as own:
        yield own
