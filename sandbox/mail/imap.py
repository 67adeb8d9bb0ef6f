"""The reading side (RFC 3501, the part that robots use): list, select, search, fetch, copy, mark as deleted."""

import asyncio
import shlex
import ssl
from email import message_from_bytes

from sandbox.mail.boxes import FOLDERS, Boxes, Message

_VALIDITY = 1


class ImapTalk:
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
        self._owner = self._folder = ""

    async def run(self) -> None:
        """Answer until the client leaves."""
        self._say("* OK practice mail server")
        while line := (await self._reader.readline()).decode("ascii", "replace").strip():
            tag, word, *rest = _words(line)
            if word.upper() == "STARTTLS" and self._upgrade:
                self._say(f"{tag} OK go on")
                await self._writer.start_tls(self._upgrade)
                self._upgrade = None
                continue
            self._say(f"{tag} {self._answer(word.upper(), rest)}")
            await self._writer.drain()
            if word.upper() == "LOGOUT":
                return

    def _answer(self, word: str, rest: list[str]) -> str:
        if word == "UID":
            return self._by_uid(rest[0].upper(), rest[1:])
        match word:
            case "CAPABILITY":
                self._say("* CAPABILITY IMAP4rev1" + (" STARTTLS LOGINDISABLED" if self._upgrade else ""))
            case "LOGIN" if self._upgrade:
                return "NO encrypt first"
            case "LOGIN":
                if self._boxes.passwords.get(rest[0]) != rest[1]:
                    return "NO refused"
                self._owner = rest[0]
            case "LOGOUT":
                self._say("* BYE")
            case "NOOP" | "CLOSE" | "EXPUNGE":
                pass
            case _:
                return self._about_folders(word, rest) if self._owner else "NO log in first"
        return "OK done"

    def _about_folders(self, word: str, rest: list[str]) -> str:
        match word:
            case "LIST":
                for name in (each for each in FOLDERS if each.startswith(rest[0])):
                    self._say(f'* LIST (\\HasNoChildren) "/" "{name}"')
            case "SELECT" | "EXAMINE":
                return self._select(rest[0], "READ-ONLY" if word == "EXAMINE" else "READ-WRITE")
            case "SEARCH":
                self._say("* SEARCH " + " ".join(str(n) for n, message in self._numbered() if _fits(message, rest)))
            case "FETCH":
                for n, message in self._numbered():
                    if str(n) == rest[0]:
                        self._fetch(n, message)
            case _:
                return "BAD unknown"
        return "OK done"

    def _by_uid(self, word: str, rest: list[str]) -> str:
        match word:
            case "SEARCH":
                found = [message.uid for _, message in self._numbered() if _fits(message, rest)]
                self._say("* SEARCH " + " ".join(map(str, found)))
                return "OK done"
            case "COPY" | "STORE":
                chosen = [message for _, message in self._numbered() if str(message.uid) == rest[0]]
                return self._copy(chosen, rest[1]) if word == "COPY" else self._mark(chosen, rest)
        return "BAD unknown"

    def _select(self, name: str, access: str) -> str:
        if name not in FOLDERS:
            return "NO no such folder"
        self._folder = name
        self._say(f"* {len(self._numbered())} EXISTS")
        self._say(f"* OK [UIDVALIDITY {_VALIDITY}]")
        return f"OK [{access}] done"

    def _copy(self, chosen: list[Message], target: str) -> str:
        if target not in FOLDERS or self._boxes.fault() == "refuse":
            return "NO [TRYCREATE] not copied"
        for message in chosen:
            self._boxes.add(self._owner, target, message.content)
        return "OK done"

    def _mark(self, chosen: list[Message], rest: list[str]) -> str:
        for message in chosen:
            if "\\deleted" in " ".join(rest).lower() and not message.deleted:
                message.path.rename(message.path.with_name(f"{message.uid}.deleted.eml"))
        return "OK done"

    def _fetch(self, number: int, message: Message) -> None:
        content = message.content
        self._writer.write(f"* {number} FETCH (UID {message.uid} RFC822 {{{len(content)}}}\r\n".encode("ascii"))
        self._writer.write(content + b")\r\n")

    def _numbered(self) -> list[tuple[int, Message]]:
        return list(enumerate(self._boxes.messages(self._owner, self._folder), start=1))

    def _say(self, text: str) -> None:
        self._writer.write(f"{text}\r\n".encode("ascii"))


def _words(line: str) -> list[str]:
    lexer = shlex.shlex(line.replace("(", " ").replace(")", " "), posix=True)
    lexer.whitespace_split, lexer.quotes, lexer.commenters, lexer.escape = True, '"', "", ""
    return list(lexer)


def _fits(message: Message, wanted: list[str]) -> bool:
    words = [word.upper() for word in wanted]
    if "UNDELETED" in words and message.deleted:
        return False
    if "HEADER" in words:
        place = words.index("HEADER")
        found = message_from_bytes(message.content).get(wanted[place + 1], "")
        return wanted[place + 2].strip("<>") in str(found)
    return True
