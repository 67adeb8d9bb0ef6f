"""What robots can do in COMPTA: read advances, and propose one (people validate it there, in two steps)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from keywords.compta.models import Advance
from orchestrator.domain.civil import Period
from orchestrator.domain.entries import EntrySeen
from orchestrator.domain.keywords import check, enter, extract
from orchestrator.domain.money import Euros
from orchestrator.domain.personal import Nir
from orchestrator.domain.ports import Act, Desk, ReadingDesk

#: The reason written on every proposal of a robot; the application shows it to the people who validate.
REASON = "Acompte IJ, paiement Arpège non réalisé (robot)"

#: The reason written on every cancellation of a robot.
UNDO_REASON = "Toutes ou aucune : une autre saisie du dossier n'a pas pu être faite (robot)"


@extract("compta.advances", "Toutes les avances d'une personne dans COMPTA, quel que soit leur auteur.")
async def advances(desk: ReadingDesk, *, nir: Nir) -> list[Advance]:
    """Read every advance of a person, whoever entered it (source: DOMAIN A.4, 5).

    Example: ``extract: compta.advances`` with ``nir: ${nir}``.
    """
    screen = await desk.submit("search", nir=nir)
    return [_advance(row) for row in screen.table("advances")]


@check("compta.advances_seen", "Recherche préalable d'une avance peut-être déjà saisie.")
async def advances_seen(desk: ReadingDesk, *, nir: Nir) -> list[EntrySeen]:
    """Look up what ``compta.propose_advance`` may already have entered (source: ENTER, Identity)."""
    return [_seen(advance) for advance in await advances(desk, nir=nir)]


@extract("compta.made_by", "Toutes les saisies d'un auteur entre deux jours, pour le rapprochement.")
async def made_by(desk: ReadingDesk, *, author: str, start: date, end: date) -> list[EntrySeen]:
    """Read everything an author entered between two days, both included, for reconciliation; amounts in euros."""
    seen: list[EntrySeen] = []
    page, expected = 1, 1
    while len(seen) < expected:
        screen = await desk.open(
            "made_by_author", author=author, start=f"{start:%d/%m/%Y}", end=f"{end:%d/%m/%Y}", page=page
        )
        rows = [_seen(_advance(row)) for row in screen.table("advances")]
        expected, page = (screen["count"] if rows else len(seen)), page + 1
        seen += rows
    return seen


@enter(
    "compta.propose_advance",
    "Proposition d'une avance, que deux personnes valident ensuite dans COMPTA.",
    payment=True,
    look_up="compta.advances_seen",
    look_up_with=("nir",),
    made_by="compta.made_by",
    amount="amount",
    period="period",
    subject="stop_id",
    titles={"nir": "NIR", "stop_id": "Référence de l'arrêt", "period": "Période", "amount": "Montant de l'acompte"},
)
async def propose_advance(desk: Desk, *, nir: Nir, stop_id: str, period: Period, amount: Euros, token: str) -> Act:
    """Prepare the proposal of an advance; the protocol performs it (source: DOMAIN A.2, row 10).

    Example: ``enter: compta.propose_advance`` with ``nir``, ``stop_id``, ``period`` and ``amount``; the protocol gives
    the token.
    """
    return await desk.prepare(
        "propose_advance",
        nir=nir,
        stop_id=stop_id,
        start=period.start,
        end=period.end,
        amount=amount,
        reason=REASON,
        token=token,
    )


@check("compta.cancellations_seen", "Recherche préalable d'une annulation peut-être déjà faite.")
async def cancellations_seen(desk: ReadingDesk, *, reference: str) -> list[EntrySeen]:
    """Look up what ``compta.cancel_advance`` may already have made of the advance of that number (source: ENTER, Identity)."""
    screen = await desk.open("cancelled", number=reference)
    return [_cancellation(row) for row in screen.table("cancellations")]


@enter(
    "compta.cancel_advance",
    "Annulation d'une avance proposée que personne n'a validée ; sert d'undo à compta.propose_advance.",
    payment=False,
    look_up="compta.cancellations_seen",
    look_up_with=("reference",),
    made_by="compta.made_by",
    amount="amount",
    period="period",
    subject="reference",
    titles={"reference": "Numéro de l'avance", "period": "Période", "amount": "Montant de l'acompte"},
)
async def cancel_advance(desk: Desk, *, reference: str, period: Period, amount: Euros, token: str) -> Act:  # noqa: ARG001
    """Prepare the cancellation of an advance by its number; period and amount are compared when it is read back.

    The application refuses it once somebody has validated the advance: a person then decides (source: DOMAIN A.2).
    Example: ``undo: compta.cancel_advance`` beside ``together: true``.
    """
    return await desk.prepare("cancel_advance", number=reference, reason=UNDO_REASON, token=token)


def _cancellation(row: Mapping[str, Any]) -> EntrySeen:
    return EntrySeen(
        reference=row["number"],
        amount=row["amount"],
        period=Period(row["start"], row["end"]),
        author=row["author"],
        token=row["free_reference"],
        subject=row["number"],
    )


def _advance(row: Mapping[str, Any]) -> Advance:
    values = {
        name: row[name] for name in ("number", "nature", "stop_id", "amount", "free_reference", "author", "state")
    }
    return Advance(period=Period(row["start"], row["end"]), **values)


def _seen(advance: Advance) -> EntrySeen:
    return EntrySeen(
        reference=advance.number,
        amount=advance.amount,
        period=advance.period,
        author=advance.author,
        token=advance.free_reference,
        subject=advance.stop_id,
        alive=advance.open,
    )
