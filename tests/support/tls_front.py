"""TLS in front of a PostgreSQL built without it, as that of the wheel is: libpq sees a server that shows a certificate.

The side of the client is all real: the request for TLS, the handshake, the name and the authority of the certificate.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from front import both, listening

#: What a client sends before anything else when it wants TLS, and the answer of a server that has it.
_ASKED, _GRANTED = bytes.fromhex("0000000804d2162f"), b"S"


@contextmanager
def tls_front(port: int, context: ssl.SSLContext) -> Iterator[int]:
    """Listen on 127.0.0.1, speak TLS, and carry everything to the server at that port; gives the port to use."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.readexactly(len(_ASKED)) != _ASKED:
            return  # in clear: not here
        writer.write(_GRANTED)
        await writer.drain()
        await writer.start_tls(context)
        await both(reader, writer, *await asyncio.open_connection("127.0.0.1", port))

    with listening(answer) as own:
        yield own
