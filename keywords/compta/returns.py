"""Transfers that the bank sent back: read by their number, and their reason noted once. Nothing is paid again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from keywords.compta.models import Transfer
from orchestrator.domain.civil import Period
from orchestrator.domain.entries import EntrySeen
from orchestrator.domain.keywords import check, enter, extract
from orchestrator.domain.money import Euros
from orchestrator.domain.ports import Act, Desk, ReadingDesk

#: What a number of COMPTA looks like; any other text of a bank is in no address.
_NUMBER = re.compile(r"ACP-\d{4}-\d{6}", re.ASCII)


@extract("compta.transfer", "Le virement d'un numéro : de qui, de combien, où il en est, et le retour déjà noté.")
async def transfer(desk: ReadingDesk, *, number: str) -> Transfer:
    """Read the advance that a bank names by its EndToEndId; ``found`` is False when COMPTA has none of that number.

    The amount is exact, in euros. A text that is no number of COMPTA is looked up nowhere (source: DOMAIN A.8, A25).
    Example: ``extract: compta.transfer`` with ``number: ${number}``, then ``V-MONTANT: sent.amount == amount``.
    """
    if not _NUMBER.fullmatch(number):
        return Transfer(found=False)
    screen = await desk.open("returned", number=number)
    noted = next(iter(screen.table("returns")), None)
    for row in screen.table("transfers"):
        known = {name: row[name] for name in ("nir", "stop_id", "amount", "state")}
        said = {name: noted[name] for name in ("reason", "bank_reference")} if noted else {}
        return Transfer(found=True, period=Period(row["start"], row["end"]), noted=noted is not None, **known, **said)
    return Transfer(found=False)


@check("compta.returns_seen", "Recherche préalable d'un retour peut-être déjà noté.")
async def returns_seen(desk: ReadingDesk, *, reference: str) -> list[EntrySeen]:
    """Look up what ``compta.note_return`` may already have noted of that transfer (source: ENTER, Identity)."""
    screen = await desk.open("returned", number=reference)
    return [_seen(row) for row in screen.table("returns")]


@extract("compta.returns_by", "Tous les retours notés par un auteur entre deux jours, pour le rapprochement.")
async def returns_by(desk: ReadingDesk, *, author: str, start: date, end: date) -> list[EntrySeen]:
    """Read every return that an author noted between two days, both included, for reconciliation; amounts in euros."""
    days = {"start": f"{start:%d/%m/%Y}", "end": f"{end:%d/%m/%Y}"}
    screen = await desk.open("returns_by_author", author=author, **days)
    return [_seen(row) for row in screen.table("returns")]


@enter(
    "compta.note_return",
    "Motif et référence de la banque, notés sur un virement qu'elle a rejeté : rien n'est réémis.",
    payment=False,
    look_up="compta.returns_seen",
    look_up_with=("reference",),
    made_by="compta.returns_by",
    amount="amount",
    period="period",
    subject="reference",
    titles={
        "reference": "Numéro de l'avance", "reason": "Motif du rejet", "bank_reference": "Référence de la banque",
        "booked_on": "Date comptable", "period": "Période", "amount": "Montant du virement",
    },
)  # fmt: skip
async def note_return(
    desk: Desk,
    *,
    reference: str,
    reason: str,
    bank_reference: str,
    booked_on: date,
    period: Period,  # noqa: ARG001
    amount: Euros,  # noqa: ARG001
    token: str,
) -> Act:
    """Prepare the note of a return on its advance; period and amount are compared when it is read back.

    The application refuses a transfer that is not sent back, or whose return is noted already; a new payment is a person's
    (source: DOMAIN A.8, A25).
    Example: ``enter: compta.note_return`` with ``reference: ${number}``, ``reason``, ``bank_reference``, ``booked_on``,
    ``period`` and ``amount``.
    """
    return await desk.prepare(
        "note_return",
        number=reference,
        reason=reason,
        bank_reference=bank_reference,
        booked_on=booked_on,
        token=token,
    )


def _seen(row: Mapping[str, Any]) -> EntrySeen:
    return EntrySeen(
        reference=row["number"],
        amount=row["amount"],
        period=Period(row["start"], row["end"]),
        author=row["author"],
        token=row["free_reference"],
        subject=row["number"],
    )
