"""TLS in front of a PostgreSQL built without it, as that of the wheel is: libpq sees a server that shows a certificate.

The side of the client is all real: the request for TLS, the handshake, the name and the authority of the certificate.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

#: What a client sends before anything else when it wants TLS, and the answer of a server that has it.
_ASKED, _GRANTED = bytes.fromhex("0000000804d2162f"), b"S"


@contextmanager
def tls_front(port: int, context: ssl.SSLContext) -> Iterator[int]:
    """Listen on 127.0.0.1, speak TLS, and carry everything to the server at that port; gives the port to use."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def listen() -> asyncio.Server:
        return await asyncio.start_server(lambda reader, writer: _carry(reader, writer, port, context), "127.0.0.1", 0)

    server = asyncio.run_coroutine_threadsafe(listen(), loop).result(10)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _carry(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, context: ssl.SSLContext
) -> None:
    with suppress(OSError, ssl.SSLError, asyncio.IncompleteReadError, asyncio.CancelledError):
        if await reader.readexactly(len(_ASKED)) != _ASKED:
            return  # in clear: not here
        writer.write(_GRANTED)
        await writer.drain()
        await writer.start_tls(context)
        from_server, to_server = await asyncio.open_connection("127.0.0.1", port)
        try:
            await asyncio.gather(_pump(reader, to_server), _pump(from_server, writer))
        finally:
            to_server.close()
    writer.close()


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
