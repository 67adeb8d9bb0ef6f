"""Connections to a mail server: encrypted, its certificate verified, with a time limit; the password crosses nothing else.

``smtps`` and ``imaps`` are encrypted from the first byte, ``smtp`` and ``imap`` before the login (STARTTLS). Only a server
on this very machine may go without, unless an ``authority`` is named. Certificates are verified against that authority, or
the machine's own.
"""

from __future__ import annotations

import imaplib
import smtplib
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from orchestrator.domain.errors import ApplicationException, NotHandedOver

#: Seconds for one answer of the mail server.
PATIENCE = 20.0
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_PORTS = {"smtp": 587, "smtps": 465, "imap": 143, "imaps": 993}
#: What OpenSSL calls an expired certificate, and one of another name or address.
_EXPIRED, _OTHER_NAMES = 10, (62, 63, 64)
_FILE = "le fichier de la boîte (mail: de robot.yaml, dans secrets/)"


@dataclass(frozen=True, kw_only=True)
class _Server:
    """Where a mail server is, and how it is talked to."""

    scheme: str
    host: str
    port: int
    #: The PEM file of the authority that signs its certificate; empty for those of the machine.
    authority: str

    @classmethod
    def of(cls, mailbox: Mapping[str, str], name: str) -> Self:
        """Read ``smtp`` or ``imap`` of a mailbox."""
        address = urlsplit(mailbox[name])
        port = address.port or _PORTS.get(address.scheme, 0)
        return cls(scheme=address.scheme, host=str(address.hostname), port=port, authority=mailbox.get("authority", ""))

    @property
    def upgrades(self) -> bool:
        """True when the connection is encrypted before the login: a password never crosses a network in clear."""
        return not self.scheme.endswith("s") and (self.host not in _LOOPBACK or bool(self.authority))

    def trusted(self) -> ssl.SSLContext:
        """Return what certificates are verified with."""
        if self.authority and not Path(self.authority).is_file():
            raise _Refused(f"« authority » ({self.authority}) n'est pas un fichier de cette machine. Corriger {_FILE}")
        try:
            return ssl.create_default_context(cafile=self.authority or None)
        except ssl.SSLError:
            raise _Refused(f"« authority » ({self.authority}) n'est pas un certificat au format PEM") from None

    def why(self, error: Exception) -> str:
        """Say in French why a connection was not made, and what to do; nothing of what was sent."""
        match error:
            case _Refused():
                return str(error)
            case ssl.SSLCertVerificationError():
                return f"son certificat est refusé : {self._why_not_trusted(error)}"
            case imaplib.IMAP4.abort():
                return "il a rompu la connexion"
            case smtplib.SMTPAuthenticationError() | imaplib.IMAP4.error():
                return f"il refuse l'identifiant ou le mot de passe du robot. Les vérifier dans {_FILE}"
            case ssl.SSLError():
                return f"la connexion chiffrée échoue (port ou protocole ?). Vérifier l'adresse dans {_FILE}"
        return f"il ne répond pas ({type(error).__name__})"

    def _why_not_trusted(self, error: ssl.SSLCertVerificationError) -> str:
        if error.verify_code in _OTHER_NAMES:
            return f"il n'est pas au nom de « {self.host} ». Écrire dans {_FILE} le nom que porte le certificat"
        if error.verify_code == _EXPIRED:
            return "il a expiré. Prévenir le service informatique qui tient ce serveur"
        return (
            "aucune autorité connue ici ne l'a signé. Demander au service informatique le certificat de l'autorité interne "
            f"(PEM) et donner son chemin sous « authority » dans {_FILE}"
        )


class _Refused(Exception):
    """We do not talk to a server, for this reason."""


_PLAIN = "il n'offre pas de chiffrement (STARTTLS). Demander au service informatique une adresse chiffrée"


def smtp(mailbox: Mapping[str, str]) -> smtplib.SMTP:
    """Return a logged-in connection for sending; raises ``NotHandedOver``."""
    server = _Server.of(mailbox, "smtp")
    with _told(server, NotHandedOver, "Rien n'est parti."), ExitStack() as opened:
        line = _smtp(server)
        opened.callback(_left, line.close)
        if server.upgrades:
            line.ehlo()
            if not line.has_extn("starttls"):
                raise _Refused(_PLAIN)
            line.starttls(context=server.trusted())
        line.login(mailbox["login"], mailbox["password"])
        opened.pop_all()
    return line


def imap(mailbox: Mapping[str, str]) -> imaplib.IMAP4:
    """Return a logged-in connection for reading; raises ``ApplicationException``."""
    server = _Server.of(mailbox, "imap")
    with _told(server, ApplicationException, "Rien n'a été lu."), ExitStack() as opened:
        line = _imap(server)
        opened.callback(_left, line.shutdown)
        if server.upgrades:
            if "STARTTLS" not in line.capabilities:
                raise _Refused(_PLAIN)
            line.starttls(server.trusted())
        line.login(mailbox["login"], mailbox["password"])
        opened.pop_all()
    return line


def _smtp(server: _Server) -> smtplib.SMTP:
    if server.scheme == "smtps":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=PATIENCE, context=server.trusted())
    return smtplib.SMTP(server.host, server.port, timeout=PATIENCE)


def _imap(server: _Server) -> imaplib.IMAP4:
    if server.scheme == "imaps":
        return imaplib.IMAP4_SSL(server.host, server.port, ssl_context=server.trusted(), timeout=PATIENCE)
    return imaplib.IMAP4(server.host, server.port, timeout=PATIENCE)


def _left(close: Callable[[], object]) -> None:
    with suppress(OSError):  # the other side may have gone first
        close()


@contextmanager
def _told(server: _Server, kind: Callable[[str], Exception], nothing: str) -> Iterator[None]:
    try:
        yield
    except (OSError, smtplib.SMTPException, imaplib.IMAP4.error, _Refused) as error:
        why = server.why(error)
        raise kind(f"Serveur de courriel « {server.host}:{server.port} » : {why}. {nothing}") from None
