"""Messages received and sent; who wrote and what about may say something of a person, and is masked."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, Field

from keywords.files.models import FoundFile
from orchestrator.domain.personal import PrivateText


class ReceivedMail(BaseModel, frozen=True):
    """One message of a mailbox folder."""

    #: The mailbox folder, and what knows the message again there.
    folder: str = Field(title="Dossier de la boîte")
    uid: str = Field(title="Numéro")
    #: Its ``Message-ID``; empty when it came without one.
    message_id: str = Field(title="Identifiant")
    sender: PrivateText = Field(title="De")
    subject: PrivateText = Field(title="Objet")
    body: PrivateText = Field(title="Texte")
    received_on: date | None = Field(title="Reçu le")
    #: Saved under names made of their digests: a name from outside may say anything.
    attachments: tuple[FoundFile, ...] = Field(title="Pièces jointes")


class Mailbox(BaseModel, frozen=True):
    """The messages of a mailbox folder, oldest first."""

    messages: tuple[ReceivedMail, ...] = Field(title="Messages")

    @property
    def count(self) -> int:
        """How many."""
        return len(self.messages)


class SentMail(BaseModel, frozen=True):
    """A message that the mail server has accepted."""

    #: The name under which the address is declared, never the address.
    to: str = Field(title="Destinataire")
    message_id: str = Field(title="Identifiant")


class TreatedMail(BaseModel, frozen=True):
    """A message that was moved."""

    folder: str = Field(title="Dossier de la boîte")
    message_id: str = Field(title="Identifiant")
