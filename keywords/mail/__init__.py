"""Mail: send from a template to a declared address, read a folder of the mailbox, mark as treated by moving."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from keywords.documents.templates import filled
from keywords.files import placed
from keywords.files.models import FoundFile
from keywords.mail import post
from keywords.mail.models import Mailbox, ReceivedMail, SentMail, TreatedMail
from orchestrator.domain.errors import AlreadyThere, BusinessException
from orchestrator.domain.keywords import extract, hand_over
from orchestrator.domain.personal import personal_form
from orchestrator.domain.ports import Workshop

_SUBJECT = "Objet :"


@hand_over("mail.send", "Courriel fait d'un modèle du robot, à une adresse déclarée.", visible=False)
async def send(
    workshop: Workshop, *, to: str, template: str, values: Mapping[str, Any], attachments: list[FoundFile] | None = None
) -> SentMail:
    """Send a mail; ``to`` is the name of a declared address, the template's first line ``Objet : …``.

    A mail that may have left is never sent again: a person decides (ADR 18). Raises ``BusinessException`` MODELE,
    DESTINATAIRE, PERSONNEL (a NIR or an IBAN stands in it), ``NotHandedOver`` when it is certain that nothing left.
    Example: ``mail.send    to=controle    template=cloture.txt    values=${valeurs}    effect_key=courriel``.
    """
    address = workshop.address(to)
    head, _, body = filled(template, workshop.template(template), values, html=False).partition("\n")
    if not head.startswith(_SUBJECT):
        raise BusinessException("MODELE", f"Modèle « {template} » : la première ligne doit être « {_SUBJECT} … ».")
    if personal_form(f"{head}\n{body}"):
        raise BusinessException("PERSONNEL", f"Courriel « {template} » : un NIR ou un IBAN n'y a pas sa place.")
    message_id = f"<{uuid4()}@go-les-robots>"
    await workshop.run(
        post.send,
        mailbox=dict(workshop.mailbox()),
        to=address,
        subject=head.removeprefix(_SUBJECT).strip(),
        body=body.strip(),
        attachments=[str(file.path(workshop)) for file in attachments or []],
        message_id=message_id,
    )
    return SentMail(to=to, message_id=message_id)


@extract("mail.read", "Messages d'un dossier de la boîte, leurs pièces jointes posées dans un dossier déclaré.")
async def read(workshop: Workshop, *, mailbox: str, folder: str) -> Mailbox:
    """Read the messages of a mailbox folder, oldest first, at most 100; they stay there, unread.

    Attachments are put into ``folder`` under names made of their digests, so that reading again changes nothing.
    Raises ``BusinessException`` BOITE for a mailbox folder that is not there.
    Example: ``extract: mail.read`` with ``mailbox: INBOX`` and ``folder: recus``, then ``C-50: mail.count > 0``.
    """
    drafts = workshop.drafts()
    found = await workshop.run(post.read, mailbox=dict(workshop.mailbox()), folder=mailbox, into=str(drafts))
    return Mailbox(messages=tuple(_received(workshop, mailbox, folder, each) for each in found))


@hand_over(
    "mail.treated", "Range un message traité dans un autre dossier de la boîte ; rien n'est supprimé.", visible=True
)
async def treated(workshop: Workshop, *, message: ReceivedMail, folder: str) -> TreatedMail:
    """Move a message that was read to another folder of the mailbox, once.

    Raises ``BusinessException`` BOITE when the folder or the message is not there, or the message has no identifier.
    Example: ``mail.treated    message=${message}    folder=Traites    effect_key=ranger-${message.uid}``.
    """
    moved = TreatedMail(folder=folder, message_id=message.message_id)
    where = {"folder": message.folder, "uid": message.uid, "message_id": message.message_id, "target": folder}
    if not await workshop.run(post.move, mailbox=dict(workshop.mailbox()), **where):
        raise AlreadyThere(folder, "ce message", moved)
    return moved


def _received(workshop: Workshop, mailbox: str, folder: str, found: Mapping[str, Any]) -> ReceivedMail:
    saved = tuple(_saved(workshop, folder, Path(path)) for path in found["attachments"])
    return ReceivedMail(**{**found, "folder": mailbox, "attachments": saved})


def _saved(workshop: Workshop, folder: str, path: Path) -> FoundFile:
    wanted = FoundFile.at(folder, path)
    name = f"{wanted.sha256[:16]}{path.suffix.lower()}"
    try:
        return placed(workshop, folder, name, path)
    except AlreadyThere as error:
        if isinstance(error.result, FoundFile) and error.result.sha256 == wanted.sha256:
            return error.result
        raise
