"""The receiving side (RFC 5321): authenticated senders, known recipients, planned faults after a message was taken."""

import asyncio
import base64
import re
import ssl

from sandbox.mail.boxes import Boxes

_ADDRESS = re.compile(r"<([^>]*)>")
_LARGEST = 30_000_000


class SmtpTalk:
    """One connection."""

    def __init__(
        self,
        boxes: Boxes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        upgrade: ssl.SSLContext | None = None,
    ) -> None:
        self._boxes, self._reader, self._writer = boxes, reader, writer
        #: What STARTTLS encrypts with; None when it is not offered, or done.
        self._upgrade = upgrade
        self._login = self._sender = ""
        self._recipients: list[str] = []

    async def run(self) -> None:
        """Answer until the client leaves."""
        self._say("220 practice mail server")
        while line := await self._line():
            word, _, rest = line.partition(" ")
            if word.upper() == "QUIT":
                self._say("221 bye")
                return
            if word.upper() == "STARTTLS" and self._upgrade:
                self._say("220 go on")
                await self._writer.start_tls(self._upgrade)
                self._upgrade = None
                continue
            if word.upper() == "DATA" and self._recipients:
                if not await self._data():
                    return
            else:
                self._say(await self._answer(word.upper(), rest))
            await self._writer.drain()

    async def _answer(self, word: str, rest: str) -> str:
        match word:
            case "EHLO" | "HELO":
                offered = "STARTTLS" if self._upgrade else "AUTH PLAIN LOGIN"
                return f"250-practice\r\n250-SIZE {_LARGEST}\r\n250 {offered}"
            case "AUTH" if not self._upgrade:
                return await self._authenticate(rest)
            case "NOOP" | "RSET":
                self._recipients = []
                return "250 OK"
            case "MAIL":
                self._sender, self._recipients = _address(rest), []
                return "250 OK" if self._login and self._sender == self._login else "530 not yours to send as"
            case "RCPT" if self._sender:
                return self._recipient(_address(rest))
        return "503 not now"

    def _recipient(self, owner: str) -> str:
        if owner not in self._boxes.passwords:
            return "550 nobody here"
        self._recipients.append(owner)
        return "250 OK"

    async def _authenticate(self, rest: str) -> str:
        way, _, given = rest.partition(" ")
        if way.upper() == "PLAIN":
            _, login, password = base64.b64decode(given or await self._ask("")).decode().split("\0")
        else:
            login = base64.b64decode(given or await self._ask("VXNlcm5hbWU6")).decode()
            password = base64.b64decode(await self._ask("UGFzc3dvcmQ6")).decode()
        if self._boxes.passwords.get(login) != password:
            return "535 refused"
        self._login = login
        return "235 OK"

    async def _ask(self, what: str) -> str:
        self._say(f"334 {what}")
        await self._writer.drain()
        return await self._line()

    async def _data(self) -> bool:
        """Take a message; returns False when the connection ends with it."""
        self._say("354 go on")
        await self._writer.drain()
        lines = []
        while (line := await self._reader.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b"..") else line)
        fault = self._boxes.fault()
        if fault == "refuse":
            self._say("554 refused")
            return True
        if fault == "lose":
            return False
        self._boxes.accept(self._sender, self._recipients, b"".join(lines))
        if fault == "hang":
            await self._reader.read()  # until the client gives up
        if fault in {"drop", "hang"}:
            return False
        self._say("250 taken")
        return True

    async def _line(self) -> str:
        return (await self._reader.readline()).decode("ascii", "replace").rstrip("\r\n")

    def _say(self, text: str) -> None:
        self._writer.write(f"{text}\r\n".encode("ascii"))


def _address(rest: str) -> str:
    found = _ADDRESS.search(rest)
    return found[1].lower() if found else ""
