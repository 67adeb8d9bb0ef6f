"""What robots can do in the GED: read the documents of a person, and file a letter once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from keywords.ged.models import Document
from keywords.letters.models import Letter
from orchestrator.domain.civil import Period
from orchestrator.domain.entries import EntrySeen
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


@check("ged.filed", "Recherche préalable d'une lettre peut-être déjà classée.")
async def filed(desk: ReadingDesk, *, reference: str) -> list[EntrySeen]:
    """Look up what ``ged.file_letter`` may already have filed about a case, by its reference (source: ENTER, Identity)."""
    screen = await desk.open("about", reference=reference)
    return [_seen(_document(row)) for row in screen.table("documents")]


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
