"""RPA.Email.ImapSmtp at work, in the helper process, on connections of our own (:mod:`keywords.mail.lines`).

RPA opens connections without checking the server's certificate, and sends the password in clear to a server that offers
no encryption: it is therefore given connections that are open already.
"""

from __future__ import annotations

import imaplib
import smtplib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from typing import Any

from keywords.mail import lines
from orchestrator.domain.errors import ApplicationException, BusinessException, NotHandedOver

#: Messages read at once.
MOST = 100
#: What a server answers when it has refused a message for certain.
_REFUSALS = (
    smtplib.SMTPRecipientsRefused,
    smtplib.SMTPSenderRefused,
    smtplib.SMTPDataError,
    smtplib.SMTPNotSupportedError,
)


class _Outgoing:
    """The connection that RPA sends through: it adds what RPA leaves out, so that a message can be known again."""

    def __init__(self, line: smtplib.SMTP, message_id: str) -> None:
        self._line, self._id = line, message_id

    def sendmail(self, from_addr: str, to_addrs: Sequence[str], msg: str) -> None:
        """Send with an identifier, a date, and the word that a machine wrote it."""
        head = {"Message-ID": self._id, "Date": format_datetime(datetime.now(UTC)), "Auto-Submitted": "auto-generated"}
        written = "".join(f"{name}: {value}\n" for name, value in head.items()) + msg
        self._line.sendmail(from_addr, list(to_addrs), written)

    def quit(self) -> None:
        """Say goodbye; what was accepted stays accepted."""
        try:
            self._line.quit()
        except (OSError, smtplib.SMTPException):
            return


def send(
    mailbox: Mapping[str, str], to: str, subject: str, body: str, attachments: Sequence[str], message_id: str
) -> None:
    """Send one message; raises ``NotHandedOver`` when it is certain that it was not accepted, else an incident."""
    from RPA.Email.ImapSmtp import ImapSmtp  # noqa: PLC0415 - only the helper process imports it

    library = ImapSmtp()
    library.smtp_conn = _Outgoing(lines.smtp(mailbox), message_id)
    try:
        library.send_message(mailbox["sender"], [to], subject=subject, body=body, attachments=list(attachments))
    except ValueError as error:  # RPA's own, around what happened
        if isinstance(error.__cause__, _REFUSALS):
            raise NotHandedOver(
                f"Le serveur de courriel a refusé le message ({type(error.__cause__).__name__})."
            ) from None
        raise ApplicationException("Le serveur de courriel n'a pas dit s'il a accepté le message.") from None


def read(mailbox: Mapping[str, str], folder: str, into: str) -> list[dict[str, Any]]:
    """Return the first messages of a folder, their attachments saved."""
    with _library(mailbox) as library:
        _select(library, folder, readonly=True)
        validity = library.imap_conn.response("UIDVALIDITY")[1][0].decode()
        found = library.list_messages("UNDELETED", source_folder=folder, readonly=True)[:MOST]
        return [_message(library, validity, each, Path(into) / each["uid"]) for each in found]


def move(mailbox: Mapping[str, str], folder: str, uid: str, message_id: str, target: str) -> bool:
    """Move one message; returns False when it is in the target folder alone: it was moved before.

    RPA's own move marks a message as deleted even when its copy was refused: the copy is proven here first.
    """
    number = uid.partition("-")[2]
    if not message_id:
        raise BusinessException("BOITE", "Un message sans identifiant ne se range pas : une personne s'en occupe.")
    with _library(mailbox) as library:
        there = _has(library, target, message_id)
        here = _has(library, folder, message_id)
        if not here and not there:
            raise BusinessException("BOITE", f"Le message n'est plus dans « {folder} ».")
        _select(library, folder, readonly=False)
        if here and not there:
            library.imap_conn.uid("COPY", number, f'"{target}"')
            there = _has(library, target, message_id)
            _select(library, folder, readonly=False)
        if not there:
            raise ApplicationException(f"Le serveur n'a pas copié le message dans « {target} » : il reste où il était.")
        if here:
            library.imap_conn.uid("STORE", number, "+FLAGS", r"(\Deleted)")
        return here


def _has(library: Any, folder: str, message_id: str) -> bool:  # noqa: ANN401 - RPA's own class
    _select(library, folder, readonly=True)
    _, found = library.imap_conn.uid("SEARCH", "UNDELETED", "HEADER", "Message-ID", f'"{message_id}"')
    return bool(found and found[0])


def _select(library: Any, folder: str, *, readonly: bool) -> None:  # noqa: ANN401
    if set(folder) & set('"\\\r\n'):
        raise BusinessException("BOITE", "Ce nom de dossier n'est pas permis.")
    try:
        library.select_folder(folder, readonly)
    except ValueError:
        raise BusinessException("BOITE", f"Pas de dossier « {folder} » dans la boîte du robot.") from None


def _message(library: Any, validity: str, found: Mapping[str, Any], into: Path) -> dict[str, Any]:  # noqa: ANN401
    into.mkdir()
    return {
        "uid": f"{validity}-{found['uid']}",
        "message_id": f"<{found['Message-ID']}>" if found.get("Message-ID") else "",
        "sender": str(found.get("From", "")),
        "subject": str(found.get("Subject", "")),
        "body": str(found.get("Body", "")),
        "received_on": _day(str(found.get("Date", ""))),
        "attachments": library.save_attachment(dict(found), str(into), overwrite=False),
    }


def _day(text: str) -> str | None:
    try:
        return parsedate_to_datetime(text).date().isoformat()
    except ValueError:
        return None


@contextmanager
def _library(mailbox: Mapping[str, str]) -> Iterator[Any]:
    from RPA.Email.ImapSmtp import ImapSmtp  # noqa: PLC0415

    library = ImapSmtp()
    try:
        library.imap_conn = lines.imap(mailbox)
        yield library
    except (OSError, imaplib.IMAP4.error) as error:
        raise ApplicationException(f"La boîte du robot ne répond pas ({type(error).__name__}).") from None
