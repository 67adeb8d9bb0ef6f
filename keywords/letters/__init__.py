"""Letters to people: made of a template of the robot, with the mention that law asks for, deposited by the entry protocol."""

from __future__ import annotations

from base64 import b64encode
from datetime import date
from glob import escape
from hashlib import sha256
from string import Template
from typing import Any

from keywords.documents import pdf
from keywords.documents.templates import filled, mention
from keywords.letters import reading
from keywords.letters.models import Letter
from orchestrator.domain.civil import Period, parse_french_period
from orchestrator.domain.entries import EntrySeen
from orchestrator.domain.errors import ApplicationException, BusinessException
from orchestrator.domain.keywords import enter, extract
from orchestrator.domain.money import ZERO, Euros
from orchestrator.domain.personal import PersonName, PrivateText
from orchestrator.domain.ports import Act, Workshop

_NO_ADDRESS = PrivateText("")


@extract("letters.deposited", "Lettres déjà déposées sur un objet, relues dans le dossier.")
async def deposited(workshop: Workshop, *, folder: str, subject: str) -> list[EntrySeen]:
    """Read the letters about a subject in a declared folder: their reference, period and name, from the PDF itself.

    Raises ``ApplicationException`` for one that cannot be read: a person looks.
    Example: ``extract: letters.deposited`` with ``folder: courriers`` and ``subject: ${stop_id}``.
    """
    pattern = f"{escape(subject)}_GLR-*.pdf"
    return [await _seen(workshop, folder, path.name, subject) for path in workshop.found(folder, pattern)]


@enter(
    "letters.deposit",
    "Lettre à une personne, déposée une seule fois dans un dossier déclaré.",
    payment=False,
    look_up="letters.deposited",
    look_up_with=("folder", "subject"),
    made_by="",
    amount="",
    period="period",
    subject="subject",
    titles={
        "folder": "Dossier", "template": "Modèle", "addressee": "Destinataire", "subject": "Objet",
        "period": "Période", "amount": "Montant annoncé",
    },
)  # fmt: skip
async def deposit(
    workshop: Workshop,
    *,
    folder: str,
    template: str,
    addressee: PersonName,
    subject: str,
    period: Period,
    amount: Euros,
    token: str,
) -> Act:
    """Make a letter from ``robots/<robot>/modeles`` (HTML) and prepare its deposit; the protocol alone performs it.

    The template may use ``${addressee}``, ``${subject}``, ``${start}``, ``${end}``, ``${amount}``, ``${robot}`` and
    ``${contact}``. The reference, the period and the mention of the algorithmic processing end every letter (source:
    DOMAIN §4; CRPA, art. L. 311-3-1). ``amount`` is what the letter says, nothing is paid by it.
    Raises ``BusinessException`` MODELE, DOSSIER.
    Example: ``enter: letters.deposit`` with ``folder: courriers``, ``template: acompte.html``, ``subject: ${stop_id}``,
    ``addressee: ${stop.birth_name}``, ``period: ${advance.period}`` and ``amount: ${advance.amount}``; the protocol gives
    the token.
    """
    text = workshop.template(template)
    known: dict[str, Any] = {
        "addressee": addressee.reveal(), "subject": subject, "start": period.start, "end": period.end, "amount": amount,
        "robot": workshop.about["robot"], "contact": workshop.about["contact"],
    }  # fmt: skip
    used = {name: value for name, value in known.items() if name in Template(text).get_identifiers()}
    html = filled(template, text, used) + reading.marks(token, period) + mention(workshop.about)
    draft = workshop.drafts() / "lettre.pdf"
    await workshop.run(pdf.write, html=html, path=str(draft))
    return workshop.prepare(folder, f"{subject}_{token}.pdf", draft)


@extract(
    "letters.compose",
    "Lettre à une personne, en PDF : les mêmes données donnent les mêmes octets, et la même empreinte.",
)
async def compose(
    workshop: Workshop,
    *,
    template: str,
    addressee: PersonName,
    address: PrivateText = _NO_ADDRESS,
    reference: str,
    subject: str,
    period: Period,
    day: date,
    amount: Euros = ZERO,
) -> Letter:
    """Make a letter from ``robots/<robot>/modeles`` (HTML), dated ``day``, for an application that takes it as a document.

    The template may use ``${addressee}``, ``${address}``, ``${reference}``, ``${subject}``, ``${start}``, ``${end}``,
    ``${day}``, ``${amount}``, ``${robot}`` and ``${contact}``. The mention of the algorithmic processing ends every letter
    (source: DOMAIN §4; CRPA, art. L. 311-3-1). Give a day of the case (``${run.date}``), never the clock: made again after a
    doubt it has the same bytes. ``amount`` is what the letter says, nothing is paid by it. Raises ``BusinessException`` MODELE.
    Example: ``extract: letters.compose`` with ``template: acompte.html``, ``addressee: ${person.full_name}``,
    ``address: ${address.lines}``, ``reference: ${number}``, ``subject: ${stop_id}``, ``period: ${period}``,
    ``day: ${run.date}`` and ``amount: ${amount}``.
    """
    text = workshop.template(template)
    known: dict[str, Any] = {
        "addressee": addressee.reveal(), "address": address.reveal(), "reference": reference, "subject": subject,
        "start": period.start, "end": period.end, "day": day, "amount": amount,
        "robot": workshop.about["robot"], "contact": workshop.about["contact"],
    }  # fmt: skip
    used = {name: value for name, value in known.items() if name in Template(text).get_identifiers()}
    draft = workshop.drafts() / "lettre.pdf"
    html = filled(template, text, used) + mention(workshop.about)
    await workshop.run(pdf.write_dated, html=html, path=str(draft), day=day.isoformat())
    content = draft.read_bytes()
    draft.unlink()
    return Letter(digest=sha256(content).hexdigest(), content=PrivateText(b64encode(content).decode("ascii")))


async def _seen(workshop: Workshop, folder: str, name: str, subject: str) -> EntrySeen:
    path = workshop.existing(folder, name)
    try:
        token, said = await workshop.run(reading.marks_of, path=str(path))
        period = parse_french_period(said)
    except (BusinessException, ValueError):
        raise ApplicationException(f"« {name} » ({folder}) ne se relit pas comme une lettre : à vérifier.") from None
    return EntrySeen(reference=name, amount=ZERO, period=period, author="", token=token, subject=subject)
