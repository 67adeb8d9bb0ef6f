"""The practice mail server on two ports of 127.0.0.1; its addresses stand in ``mail.json``."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from sandbox.mail.boxes import Boxes
from sandbox.mail.imap import ImapTalk
from sandbox.mail.smtp import SmtpTalk

_Answering = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
#: Bytes of a line: a message may come without line ends.
_LONGEST_LINE = 10_000_000


@asynccontextmanager
async def mail_server(
    folder: Path, secure: ssl.SSLContext | None = None, upgrade: ssl.SSLContext | None = None
) -> AsyncIterator[dict[str, str]]:
    """Serve the mailboxes of a folder until left; gives the addresses, ``smtps`` and ``imaps`` when secure from the start.

    With ``upgrade`` a login is taken after STARTTLS alone.
    """
    boxes = Boxes(folder / "mail")
    ended = "s" if secure else ""
    servers = {}
    for name, talk in (("smtp", SmtpTalk), ("imap", ImapTalk)):
        servers[name] = await asyncio.start_server(
            _answering(boxes, talk, upgrade), "127.0.0.1", 0, ssl=secure, limit=_LONGEST_LINE
        )
    urls = {name: f"{name}{ended}://127.0.0.1:{server.sockets[0].getsockname()[1]}" for name, server in servers.items()}
    (folder / "mail.json").write_text(json.dumps(urls), encoding="ascii")
    try:
        yield urls
    finally:
        for server in servers.values():
            server.close()


def _answering(boxes: Boxes, talk: type[SmtpTalk] | type[ImapTalk], upgrade: ssl.SSLContext | None) -> _Answering:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            await talk(boxes, reader, writer, upgrade).run()
        writer.close()

    return answer
