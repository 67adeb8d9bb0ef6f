"""PROGRES on a port of 127.0.0.1, in clear or under TLS; its address stands in ``progres.json``."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import PortTakenError
from sandbox.green.data import NAME, ensure
from sandbox.green.talk import Progres, Talk
from sandbox.green.wire import Gone, Terminal
from sandbox.stores import load
from sandbox.web.legacy import Options


@dataclass(frozen=True, kw_only=True)
class Green:
    """How it is served."""

    #: 0: any.
    port: int = 0
    #: Terminals at once.
    sessions: int = 20
    #: A PEM file with certificate and key: TLS from the first byte.
    secure: Path | None = None


@asynccontextmanager
async def green_screen(options: Options, green: Green) -> AsyncIterator[str]:
    """Serve PROGRES until left; gives its address."""
    progres = Progres(options, ensure(options.folder, load(options.folder)), green.sessions)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        terminal = Terminal(reader, writer)
        with suppress(Gone, ConnectionError, ssl.SSLError):
            await Talk(progres, terminal).run()
        writer.close()

    try:
        server = await asyncio.start_server(answer, "127.0.0.1", green.port, ssl=_context(green.secure))
    except OSError:
        raise PortTakenError("127.0.0.1", green.port) from None
    address = f"tn3270{'s' if green.secure else ''}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    (options.folder / f"{NAME}.json").write_text(json.dumps({NAME: address}), encoding="ascii")
    try:
        yield address
    finally:
        server.close()
        progres.store.close()


def _context(secure: Path | None) -> ssl.SSLContext | None:
    if secure is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(secure)
    return context
