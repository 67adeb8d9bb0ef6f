"""Closing a connection without an answer: the one thing an ASGI application cannot say."""

import asyncio

from starlette.requests import Request
from uvicorn.protocols.http.h11_impl import H11Protocol

_open: dict[tuple[str, int], asyncio.Transport] = {}


class DroppableProtocol(H11Protocol):
    """HTTP/1.1 that remembers its open connections by the client's address."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Remember a connection."""
        super().connection_made(transport)
        if self.client:
            _open[self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        if self.client:
            _open.pop(self.client, None)
        super().connection_lost(exc)


async def drop_connection(http: Request) -> None:
    """Cut the connection of a request; what is sent afterwards goes nowhere."""
    transport = _open.get(tuple(http.scope["client"]))
    if transport:
        transport.abort()
        await asyncio.sleep(0.01)
