"""What robots can do in the GED: read documents and requests of a person, and file a letter or a paper once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from keywords.ged.models import Document, Request
from keywords.letters.models import Letter
from keywords.papers.models import Paper
from orchestrator.domain.civil import Period
from orchestrator.domain.entries import EntrySeen
from orchestrator.domain.errors import BusinessException
from orchestrator.domain.keywords import check, enter, extract
from orchestrator.domain.lists import whole_list
from orchestrator.domain.money import ZERO
from orchestrator.domain.personal import Nir
from orchestrator.domain.ports import Act, Desk, ReadingDesk
from orchestrator.domain.uploads import Upload


@extract("ged.documents", "Les documents d'une personne dans la GED, quel que soit leur auteur.")
async def documents(desk: ReadingDesk, *, nir: Nir) -> list[Document]:
    """Read what the GED lists of a person, without any content (source: DOMAIN A.2, row 6).

    Example: ``extract: ged.documents`` with ``nir: ${nir}``, then ``C-16: not any_with(documents, kind="RETOUR_NPAI")``.
    """
    screen = await desk.submit("search", nir=nir)
    return [_document(row) for row in screen.table("documents")]


@extract("ged.request", "La demande de pièces d'un numéro : de qui, lesquelles, depuis quand, encore ouverte ou non.")
async def request(desk: ReadingDesk, *, request: str) -> Request:
    """Read a request for documents; ``found`` is False when there is none (source: DOMAIN §6, item 2).

    Example: ``extract: ged.request`` with ``request: ${request}``, then ``D-PERSONNE: asked.nir == nir``.
    """
    screen = await desk.open("request", request=request)
    for row in screen.table("requests"):
        known = {name: row[name] for name in ("nir", "process", "file", "asked_on", "state")}
        return Request(found=True, kinds=tuple(row["kinds"].split(", ")), **known)
    return Request(found=False)


@check("ged.filed", "Recherche préalable d'une lettre peut-être déjà classée.")
async def filed(desk: ReadingDesk, *, reference: str) -> list[EntrySeen]:
    """Look up what ``ged.file_letter`` may already have filed about a case, by its reference (source: ENTER, Identity)."""
    screen = await desk.open("about", reference=reference)
    return [_seen(_document(row)) for row in screen.table("documents")]


@check("ged.filed_same", "Recherche préalable d'une pièce peut-être déjà classée, par sa demande et son empreinte.")
async def filed_same(desk: ReadingDesk, *, reference: str, subject: str) -> list[EntrySeen]:
    """Look up these very bytes under a request; other documents of the same request and days are none of it."""
    return [seen for seen in await filed(desk, reference=reference) if seen.subject == subject]


@extract("ged.filed_by", "Tous les documents d'un auteur entre deux jours, pour le rapprochement.")
async def filed_by(desk: ReadingDesk, *, author: str, start: date, end: date) -> list[EntrySeen]:
    """Read everything an author filed between two days, both included, whole: as many rows as the screen announces."""
    days = {"start": f"{start:%d/%m/%Y}", "end": f"{end:%d/%m/%Y}"}
    rows = await whole_list(desk, "filed_by_author", "documents", application="GED", author=author, **days)
    return [_seen(_document(row)) for row in rows]


@enter(
    "ged.file_letter",
    "Lettre classée une seule fois dans le dossier d'une personne, avec son empreinte.",
    payment=False,
    look_up="ged.filed",
    look_up_with=("reference",),
    made_by="ged.filed_by",
    amount="",  # a letter pays nothing
    period="period",
    subject="subject",
    titles={
        "nir": "NIR", "kind": "Nature", "reference": "Référence", "subject": "Objet", "period": "Période", "letter": "Lettre",
    },
)  # fmt: skip
async def file_letter(
    desk: Desk, *, nir: Nir, kind: str, reference: str, subject: str, period: Period, letter: Letter, token: str
) -> Act:
    """Prepare the filing of a letter that ``letters.compose`` made; the GED refuses bytes that are not of its digest.

    ``reference`` and ``subject`` say what it is about and are all that is looked for: any other letter about the same, whoever
    filed it, stops the robot. The file is named by them, never by the person.
    Example: ``enter: ged.file_letter`` with ``nir``, ``kind: COURRIER_ACOMPTE``, ``reference: ${number}``,
    ``subject: ${stop_id}``, ``period`` and ``letter: ${letter}``; the protocol gives the token.
    """
    file = Upload(name=f"{reference}_{token}.pdf", media_type="application/pdf", content=letter.data)
    return await desk.prepare(
        "file_letter",
        nir=nir,
        kind=kind,
        reference=reference,
        subject=subject,
        start=period.start,
        end=period.end,
        digest=letter.digest,
        token=token,
        file=file,
    )


@enter(
    "ged.file_paper",
    "Pièce déposée par une personne, classée une seule fois sous la demande qui l'attend.",
    payment=False,
    look_up="ged.filed_same",
    look_up_with=("reference", "subject"),
    made_by="ged.filed_by",
    amount="",
    period="period",
    subject="subject",
    titles={
        "nir": "NIR", "kind": "Nature", "reference": "Demande", "subject": "Empreinte", "period": "Déposée le",
        "document": "Pièce",
    },
)  # fmt: skip
async def file_paper(
    desk: Desk, *, nir: Nir, kind: str, reference: str, subject: str, period: Period, document: Paper, token: str
) -> Act:
    """Prepare the filing of a paper that ``papers.read`` found, under its request; the request itself is not touched.

    ``subject`` is its SHA-256, by which it is looked for: the same bytes are under a request once, whoever filed them.
    Raises ``BusinessException`` FICHIER-CHANGE when the bytes are not those. The file is named by the request, never by the
    person. Example: ``enter: ged.file_paper`` with ``nir``, ``kind: ${kind}``, ``reference: ${request}``, ``subject:
    ${digest}``, ``period: ${file.day}`` and ``document: ${file}``; the protocol gives the token.
    """
    if document.digest != subject or not document.content:
        raise BusinessException("FICHIER-CHANGE", "La pièce lue n'a plus l'empreinte du dépôt. Rien n'est classé.")
    file = Upload(name=f"{reference}_{token}.pdf", media_type="application/pdf", content=document.content)
    return await desk.prepare(
        "file_letter",
        nir=nir,
        kind=kind,
        reference=reference,
        subject=subject,
        start=period.start,
        end=period.end,
        digest=document.digest,
        token=token,
        file=file,
    )


def _document(row: Mapping[str, Any]) -> Document:
    known = {name: row[name] for name in row if name not in {"start", "end"}}
    return Document(period=Period(row["start"], row["end"]), **known)


def _seen(document: Document) -> EntrySeen:
    return EntrySeen(
        reference=document.document,
        amount=ZERO,
        period=document.period,
        author=document.author,
        token=document.free_reference,
        subject=document.subject,
        alive=document.state == "CLASSE",
    )
