"""Mailboxes as folders of files that anybody can read, and the ledger of what was accepted."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from email import message_from_bytes
from hashlib import sha256
from pathlib import Path

from sandbox.ledger import utc_now

ROBOT = "robot-acompte-ij@cpam-931.example"
CONTROL = "controle-comptable@cpam-931.example"
#: The folders that every mailbox has.
FOLDERS = ("INBOX", "Traites")
_DELETED = ".deleted.eml"


@dataclass(frozen=True)
class Message:
    """One message of a folder; what is deleted is only marked."""

    uid: int
    path: Path

    @property
    def deleted(self) -> bool:
        return self.path.name.endswith(_DELETED)

    @property
    def content(self) -> bytes:
        return self.path.read_bytes()


class Boxes:
    """The mailboxes under one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ledger = folder.parent / "mail.ledger.jsonl"
        self.passwords = self._accounts()
        for owner in self.passwords:
            for name in FOLDERS:
                (folder / owner / name).mkdir(parents=True, exist_ok=True)

    def messages(self, owner: str, name: str) -> list[Message]:
        """Return the messages of a folder in order; raises FileNotFoundError when it is not there."""
        found = (Message(int(path.name.partition(".")[0]), path) for path in (self.folder / owner / name).iterdir())
        return sorted(found, key=lambda message: message.uid)

    def add(self, owner: str, name: str, content: bytes) -> None:
        """Put a message into a folder."""
        number = max((message.uid for message in self.messages(owner, name)), default=0) + 1
        (self.folder / owner / name / f"{number}.eml").write_bytes(content)

    def accept(self, sender: str, recipients: list[str], content: bytes) -> None:
        """Deliver a message, after a line of the ledger: from there on it was received, whoever knows it."""
        message = message_from_bytes(content)
        line = {
            "at": utc_now(),
            "act": "RECU",
            "from": sender,
            "to": recipients,
            "message_id": message["Message-ID"],
            "attachments": [part.get_filename() for part in message.walk() if part.get_filename()],
            "sha256": sha256(content).hexdigest(),
        }
        with self._ledger.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        for owner in recipients:
            self.add(owner, "INBOX", content)

    def fault(self) -> str:
        """Take the next planned fault of ``mail-faults.json``, or none.

        ``refuse``; ``lose``: the connection breaks, nothing was taken; ``drop`` and ``hang``: after it was taken.
        """
        path = self.folder.parent / "mail-faults.json"
        planned = json.loads(path.read_text(encoding="ascii")) if path.exists() else []
        if not planned:
            return ""
        path.write_text(json.dumps(planned[1:]), encoding="ascii")
        return str(planned[0])

    def _accounts(self) -> Mapping[str, str]:
        path = self.folder.parent / "mail-accounts.json"
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            path.write_text(
                json.dumps({owner: secrets.token_urlsafe(12) for owner in (ROBOT, CONTROL)}), encoding="ascii"
            )
        known: Mapping[str, str] = json.loads(path.read_text(encoding="ascii"))
        return known
