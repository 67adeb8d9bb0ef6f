"""What robots can do in PROGRES, a green screen: read allowances and where a person belongs, write a note."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keywords.progres.models import Allowance, Attachment, Salaried
from keywords.progres.transfers import basket_seen, note_transfer, transfer
from orchestrator.domain.civil import Period
from orchestrator.domain.entries import EntrySeen
from orchestrator.domain.keywords import check, enter, extract
from orchestrator.domain.money import Euros
from orchestrator.domain.personal import Nir
from orchestrator.domain.ports import Act, Desk, ReadingDesk

__all__ = [
    "attachment", "basket_seen", "note_advance", "note_transfer", "notes_seen", "salaried", "transfer",
]  # fmt: skip

#: The reason written on every note of a robot.
REASON = "Acompte IJ proposé, à régulariser"


@extract("progres.salaried", "IJ de salarié dans PROGRES : polyactivité et subrogation sur les mêmes jours.")
async def salaried(desk: ReadingDesk, *, nir: Nir, period: Period) -> Salaried:
    """Read what is paid to a person as a salaried one, all pages (source: DOMAIN A.2, row 7).

    Example: ``extract: progres.salaried`` with ``nir: ${nir}`` and ``period: ${advance.period}``, then a control
    ``not salaried.polyactive``.
    """
    screen = await desk.submit("payments", nir=nir)
    lines = [_allowance(row) for row in screen.table("payments")]
    found = tuple(line for line in lines if line.period.overlaps(period))
    return Salaried(on_these_days=found, lines=len(lines), screen_date=screen["screen_date"])


@extract("progres.attachment", "Rattachement d'une personne (RNIAM), lu dans PROGRES.")
async def attachment(desk: ReadingDesk, *, nir: Nir) -> Attachment:
    """Read the organism of a person and since when (source: DOMAIN C.2).

    Example: ``extract: progres.attachment`` with ``nir: ${nir}``.
    """
    screen = await desk.submit("organism", nir=nir)
    return Attachment(organism=screen["organism"], since=screen["since"], certified=screen["certified"] == "CERTIFIE")


@check("progres.notes_seen", "Recherche préalable d'une note peut-être déjà saisie.")
async def notes_seen(desk: ReadingDesk, *, nir: Nir) -> list[EntrySeen]:
    """Look up what ``progres.note_advance`` may already have entered, all pages (source: ENTER, Identity)."""
    screen = await desk.submit("notes", nir=nir)
    return [_seen(row) for row in screen.table("notes")]


@enter(
    "progres.note_advance",
    "Note de corbeille dans PROGRES : un acompte a été proposé, à régulariser.",
    payment=False,
    look_up="progres.notes_seen",
    look_up_with=("nir",),
    made_by="",  # PROGRES has no list by author: its notes are not reconciled
    amount="amount",
    period="period",
    subject="stop_id",
    titles={"nir": "NIR", "stop_id": "Référence de l'arrêt", "period": "Période", "amount": "Montant de l'acompte"},
)
async def note_advance(desk: Desk, *, nir: Nir, stop_id: str, period: Period, amount: Euros, token: str) -> Act:
    """Prepare a note; the protocol presses the key that enters it (source: DOMAIN A.2, row 10).

    Example: ``enter: progres.note_advance`` with ``nir``, ``stop_id``, ``period`` and ``amount``; the protocol gives the token.
    """
    return await desk.prepare(
        "note", nir=nir, stop_id=stop_id, start=period.start, end=period.end, amount=amount, reason=REASON, token=token
    )


def _allowance(row: Mapping[str, Any]) -> Allowance:
    return Allowance(
        period=Period(row["start"], row["end"]),
        status=row["status"],
        subrogated=row["subrogated"] == "OUI",
        amount=row["amount"],
        state=row["state"],
    )


def _seen(row: Mapping[str, Any]) -> EntrySeen:
    return EntrySeen(
        reference=row["number"],
        amount=row["amount"],
        period=Period(row["start"], row["end"]),
        author=row["author"],
        token=row["token"],
        subject=row["stop_id"],
    )
