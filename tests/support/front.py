"""A small real server in a thread of its own, and both ways between two connections."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]]


@contextmanager
def listening(answer: Answer, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Answer connections on 127.0.0.1; gives the port."""
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


async def both(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter,
    from_server: asyncio.StreamReader, to_server: asyncio.StreamWriter,
) -> None:  # fmt: skip
    """Carry everything both ways, until a side ends."""
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
