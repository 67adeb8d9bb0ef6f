"""What robots can do in COMPTA: read advances, and propose one (people validate it there, in two steps)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from keywords.compta.models import Advance, OpenAdvance
from keywords.compta.returns import note_return, returns_by, returns_seen, transfer
from orchestrator.domain.civil import Period
from orchestrator.domain.entries import EntrySeen
from orchestrator.domain.keywords import check, enter, extract
from orchestrator.domain.lists import whole_list
from orchestrator.domain.money import Euros
from orchestrator.domain.personal import Nir
from orchestrator.domain.ports import Act, Desk, ReadingDesk

__all__ = [
    "advances", "advances_seen", "cancel_advance", "cancellations_seen", "made_by", "note_return", "open_advances",
    "propose_advance", "regularisations_seen", "regularise_advance", "regularised_by", "returns_by", "returns_seen",
    "transfer",
]  # fmt: skip

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
    days = {"start": f"{start:%d/%m/%Y}", "end": f"{end:%d/%m/%Y}"}
    rows = await whole_list(desk, "made_by_author", "advances", application="COMPTA", author=author, **days)
    return [_seen(_advance(row)) for row in rows]


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


@extract("compta.open_advances", "Les avances payées que rien n'a régularisées : une source de dossiers.")
async def open_advances(desk: ReadingDesk, *, day: date) -> list[OpenAdvance]:
    """Read the advances paid and still open that were entered until a day, whole: as many rows as the screen announces.

    Those that the bank sent back are among them. The day is in each row: the same list tomorrow is another delivery.
    Raises :class:`~orchestrator.domain.errors.ScreenChanged` when rows are missing (source: DOMAIN A.2, row 15).
    Example: ``extract: compta.open_advances`` under ``sources``, with ``day: ${run.date}``.
    """
    rows = await whole_list(desk, "open_advances", "advances", application="COMPTA", day=day)
    return [_open_advance(row, day) for row in rows]


@check("compta.regularisations_seen", "Recherche préalable d'une régularisation peut-être déjà faite.")
async def regularisations_seen(desk: ReadingDesk, *, reference: str) -> list[EntrySeen]:
    """Look up what ``compta.regularise_advance`` may already have made of that advance (source: ENTER, Identity)."""
    screen = await desk.open("regularised", number=reference)
    return [_cancellation(row) for row in screen.table("regularisations")]


@extract("compta.regularised_by", "Toutes les régularisations d'un auteur entre deux jours, pour le rapprochement.")
async def regularised_by(desk: ReadingDesk, *, author: str, start: date, end: date) -> list[EntrySeen]:
    """Read every regularisation of an author between two days, both included, for reconciliation; amounts in euros."""
    days = {"start": f"{start:%d/%m/%Y}", "end": f"{end:%d/%m/%Y}"}
    screen = await desk.open("regularised_by_author", author=author, **days)
    return [_cancellation(row) for row in screen.table("regularisations")]


@enter(
    "compta.regularise_advance",
    "Lien d'une avance payée avec le paiement d'ARPEGE qui la couvre : elle est régularisée.",
    payment=False,
    look_up="compta.regularisations_seen",
    look_up_with=("reference",),
    made_by="compta.regularised_by",
    amount="amount",
    period="period",
    subject="reference",
    titles={
        "reference": "Numéro de l'avance", "payment": "Référence du paiement", "period": "Période",
        "amount": "Montant de l'acompte",
    },
)  # fmt: skip
async def regularise_advance(
    desk: Desk,
    *,
    reference: str,
    payment: str,
    period: Period,  # noqa: ARG001
    amount: Euros,  # noqa: ARG001
    token: str,
) -> Act:
    """Prepare the link of an advance with a payment; period and amount are compared when it is read back.

    The application refuses an advance that is not paid, or linked already (source: DOMAIN A.6).
    Example: ``enter: compta.regularise_advance`` with ``reference``, ``payment``, ``period`` and ``amount``.
    """
    return await desk.prepare("regularise_advance", number=reference, payment=payment, token=token)


def _open_advance(row: Mapping[str, Any], day: date) -> OpenAdvance:
    known = {name: row[name] for name in row if name not in {"start", "end", "reject_code"}}
    period = Period(row["start"], row["end"])
    return OpenAdvance(**known, period=period, reject_code=row["reject_code"] or "", read_on=day)


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
