"""PDF documents: read a page, find a value by its label, make one from a template with the mention that law asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from keywords.documents import pdf
from keywords.documents.models import LabelledValue, PageText, Pdf
from keywords.documents.templates import filled, mention
from keywords.files import placed
from keywords.files.models import FoundFile
from orchestrator.domain.civil import parse_french_date
from orchestrator.domain.errors import BusinessException
from orchestrator.domain.keywords import check, extract, hand_over
from orchestrator.domain.money import Euros
from orchestrator.domain.personal import PrivateText
from orchestrator.domain.ports import Workshop

T = TypeVar("T")


@check("documents.pdf", "Un PDF se lit-il, et combien de pages a-t-il ?")
async def is_pdf(workshop: Workshop, *, file: FoundFile) -> Pdf:
    """Open a PDF; raises ``BusinessException`` PDF-PROTEGE (password) or PDF-ILLISIBLE (no PDF, or damaged).

    Example: ``check: documents.pdf`` with ``file: ${found.first}``, then ``C-30: pdf.pages == 2``.
    """
    return Pdf(pages=await workshop.run(pdf.pages, path=str(file.path(workshop))))


@extract("documents.page_text", "Texte d'une page d'un PDF.")
async def page_text(workshop: Workshop, *, file: FoundFile, page: int = 1) -> PageText:
    """Read the text of a page, 1 being the first; masked, since it may say something of a person.

    Raises ``BusinessException`` as ``documents.pdf`` does, and PDF-PAGE.
    Example: ``extract: documents.page_text`` with ``file: ${found.first}``, then ``C-31: page.found``.
    """
    text = await workshop.run(pdf.text_of, path=str(file.path(workshop)), page=page)
    return PageText(text=PrivateText(text), found=bool(text.strip()))


@extract("documents.value", "Valeur écrite après un libellé dans un PDF.")
async def value(workshop: Workshop, *, file: FoundFile, label: str, page: int = 1) -> LabelledValue:
    """Find what stands after a label (``Montant : 697,39 €``), on its line or at its right; also as amount or day.

    Raises ``BusinessException`` as ``documents.pdf`` does, and PDF-LIBELLE when the label has several values.
    Example: ``extract: documents.value`` with ``file: ${found.first}`` and ``label: Montant``, then
    ``C-32: paper.amount == advance.amount``.
    """
    found = await workshop.run(pdf.after_label, path=str(file.path(workshop)), page=page, label=label)
    if len(found) > 1:
        raise BusinessException("PDF-LIBELLE", f"« {label} » a {len(found)} valeurs différentes à la page {page}.")
    if not found:
        return LabelledValue(found=False)
    return LabelledValue(
        found=True,
        text=PrivateText(found[0]),
        amount=_or_none(Euros.parse, found[0]),
        day=_or_none(parse_french_date, found[0]),
    )


@hand_over(
    "documents.make",
    "PDF fait d'un modèle du robot, avec la mention du traitement algorithmique.",
    visible=True,
    personal=True,
)
async def make(workshop: Workshop, *, folder: str, name: str, template: str, values: Mapping[str, Any]) -> FoundFile:
    """Make a PDF from a template of ``robots/<robot>/modeles`` (HTML), into a declared folder, never over another file.

    Values are inserted by ``${name}``: texts, amounts, days, or tables; each name of the template must be given and each
    value used. The mention that a robot prepared it, and whom to ask, ends every document (source: DOMAIN §4; CRPA,
    art. L. 311-3-1). Raises ``BusinessException`` MODELE and FICHIER-PRESENT.
    Example: ``documents.make    folder=bordereaux    name=recap.pdf    template=recap.html    values=${valeurs}
    effect_key=recap``.
    """
    html = filled(template, workshop.template(template), values) + mention(workshop.about)
    draft = workshop.drafts() / "document.pdf"
    await workshop.run(pdf.write, html=html, path=str(draft))
    return placed(workshop, folder, name, draft)


def _or_none(read: Callable[[str], T], text: str) -> T | None:
    try:
        return read(text)
    except ValueError:
        return None
