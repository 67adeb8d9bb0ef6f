"""What robots can do in the C2S: read households and rights, change a right's period, take a change back, cancel a closing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from keywords.c2s.models import Household, Right
from orchestrator.domain.civil import Period
from orchestrator.domain.entries import EntrySeen
from orchestrator.domain.errors import BusinessException
from orchestrator.domain.keywords import check, enter, extract
from orchestrator.domain.money import Euros
from orchestrator.domain.ports import Act, Desk, ReadingDesk

_HOUSEHOLD = ("number", "managers", "members", "transfer")
_RIGHT = (
    "right_id",
    "nir",
    "kind",
    "end",
    "first_end",
    "renewal",
    "appeal",
    "fraud",
    "unpaid",
    "second_organism",
    "second_end",
)


@extract("c2s.household", "Foyer dans la C2S : organismes gestionnaires, membres, mutation en cours.")
async def household(desk: ReadingDesk, *, household_id: str) -> Household:
    """Read a household by its number (source: DOMAIN B.3, row 3).

    Example: ``extract: c2s.household`` with ``household_id: ${household_id}``, then ``D-01: household.managers == 1``.
    """
    screen = await desk.open("household", household=household_id)
    return Household(**{name: screen[name] for name in _HOUSEHOLD})


@extract(
    "c2s.right", "Un droit dans la C2S : nature, fins, renouvellement, recours, participations impayées, fermeture."
)
async def right(desk: ReadingDesk, *, right_id: str) -> Right:
    """Read a right by its reference, and the closing in force (source: DOMAIN B.3, row 3).

    Raises ``BusinessException`` D-11 when two closings are in force: which one holds is for a person.
    Example: ``extract: c2s.right`` with ``right_id: ${right.right_id}``.
    """
    screen = await desk.open("right", right=right_id)
    closings = screen.table("closings")
    held = [row for row in closings if row["state"] == "EN_VIGUEUR"]
    if len(held) > 1:
        raise BusinessException("D-11", "Plusieurs fermetures en vigueur pour ce droit : une personne décide.")
    one = held[0] if held else {"number": "", "day": None, "reason": ""}
    day = one["day"]
    return Right(
        **{name: screen[name] for name in _RIGHT},
        closing=one["number"],
        closed_on=f"{day:%d/%m/%Y}" if day else "",
        closed_for=one["reason"],
        reopened_by=tuple(row["rule"] for row in closings if row["state"] == "ANNULEE"),
    )


@check("c2s.periods_seen", "Recherche préalable d'une modification de période peut-être déjà saisie.")
async def periods_seen(desk: ReadingDesk, *, right_id: str) -> list[EntrySeen]:
    """Look up what ``c2s.extend_period`` may already have entered for a right (source: ENTER, Identity)."""
    screen = await desk.open("right", right=right_id)
    return [_seen(row) for row in screen.table("periods")]


@extract("c2s.made_by", "Toutes les modifications de période d'un auteur entre deux jours, pour le rapprochement.")
async def made_by(desk: ReadingDesk, *, author: str, start: date, end: date) -> list[EntrySeen]:
    """Read every change of period by an author between two days, both included, for reconciliation."""
    screen = await desk.open("made_by_author", author=author, start=f"{start:%d/%m/%Y}", end=f"{end:%d/%m/%Y}")
    return [_seen(row) for row in screen.table("periods")]


@enter(
    "c2s.extend_period",
    "Nouvelle fin d'un droit, avec la règle pour motif ; la fin d'origine reste.",
    payment=False,
    look_up="c2s.periods_seen",
    look_up_with=("right_id",),
    made_by="c2s.made_by",
    amount="",  # an extension has no amount: what is owed stays owed
    period="period",
    subject="rule",
    titles={"right_id": "Réf. droit", "period": "Jours ajoutés", "rule": "Règle"},
)
async def extend_period(desk: Desk, *, right_id: str, period: Period, rule: str, token: str) -> Act:
    """Prepare the change of a right's end to the last day of ``period``, the days added (source: DOMAIN B.3, row 7).

    The application refuses it when the right no longer ends on the eve of ``period``.
    Example: ``enter: c2s.extend_period`` with ``right_id``, ``period`` and ``rule``; the protocol gives the token.
    """
    former = period.start - timedelta(days=1)
    return await desk.prepare(
        "extend_period", right=right_id, former_end=former, end=period.end, motive=rule, token=token
    )


@check("c2s.restorations_seen", "Recherche préalable du rappel d'une modification, peut-être déjà fait.")
async def restorations_seen(desk: ReadingDesk, *, reference: str) -> list[EntrySeen]:
    """Look up what ``c2s.restore_period`` may already have made of the change of that number (source: ENTER, Identity)."""
    screen = await desk.open("restored", number=reference)
    return [_restoration(row) for row in screen.table("restorations")]


@enter(
    "c2s.restore_period",
    "Rappel d'une modification de période ; sert d'undo à c2s.extend_period.",
    payment=False,
    look_up="c2s.restorations_seen",
    look_up_with=("reference",),
    made_by="",
    amount="",
    period="period",
    subject="reference",
    titles={"reference": "Modification", "period": "Jours retirés"},
)
async def restore_period(desk: Desk, *, reference: str, period: Period, token: str) -> Act:  # noqa: ARG001
    """Prepare the taking back of a change by its number; ``period`` is compared when it is read back.

    The application refuses it once the right was changed again: a person then decides (source: DOMAIN B.3, row 7).
    Example: ``undo: c2s.restore_period`` beside ``together: true``.
    """
    return await desk.prepare("restore_period", number=reference, token=token)


@check("c2s.closings_cancelled", "Recherche préalable d'une annulation de fermeture peut-être déjà saisie.")
async def closings_cancelled(desk: ReadingDesk, *, right_id: str) -> list[EntrySeen]:
    """Look up what ``c2s.cancel_closing`` may already have entered for a right (source: ENTER, Identity)."""
    screen = await desk.open("right", right=right_id)
    return [_cancelled(row) for row in screen.table("closings") if row["state"] == "ANNULEE"]


@extract("c2s.cancelled_by", "Toutes les fermetures annulées par un auteur entre deux jours, pour le rapprochement.")
async def cancelled_by(desk: ReadingDesk, *, author: str, start: date, end: date) -> list[EntrySeen]:
    """Read every closing that an author cancelled between two days, both included, for reconciliation."""
    days = {"start": f"{start:%d/%m/%Y}", "end": f"{end:%d/%m/%Y}"}
    screen = await desk.open("cancelled_by_author", author=author, **days)
    return [_cancelled(row) for row in screen.table("closings")]


@enter(
    "c2s.cancel_closing",
    "Annulation d'une fermeture pour participation impayée ; la dette reste due.",
    payment=False,
    look_up="c2s.closings_cancelled",
    look_up_with=("right_id",),
    made_by="c2s.cancelled_by",
    amount="",  # nothing is remitted: what is owed stays owed
    period="period",
    subject="right_id",
    titles={"right_id": "Réf. droit", "closing": "Fermeture", "period": "Jours rouverts", "rule": "Règle"},
)
async def cancel_closing(
    desk: Desk,
    *,
    right_id: str,  # noqa: ARG001 - what the look-up and the reading back are about
    closing: str,
    period: Period,
    rule: str,
    token: str,
) -> Act:
    """Prepare the cancelling of a closing by its number: the right is open again to the last day of ``period``, its end.

    The application refuses any other closing than one for unpaid participation, in force, and any other day than the end
    of the right. Another closing of the same right that was cancelled before stops the robot (source: DOMAIN B.1, EXT-C2S-PAY).
    Example: ``enter: c2s.cancel_closing`` with ``right_id``, ``closing``, ``period`` and ``rule``.
    """
    return await desk.prepare("cancel_closing", closing=closing, until=period.end, rule=rule, token=token)


def _cancelled(row: Mapping[str, Any]) -> EntrySeen:
    return EntrySeen(
        reference=row["number"],
        amount=Euros(0),
        period=Period(row["day"], row["until"]),
        author=row["author"],
        token=row["token"],
        subject=row["right"],
    )


def _seen(row: Mapping[str, Any]) -> EntrySeen:
    return EntrySeen(
        reference=row["number"],
        amount=Euros(0),
        period=Period(row["former_end"] + timedelta(days=1), row["end"]),
        author=row["author"],
        token=row["token"],
        subject=row["rule"],
        alive=row["state"] == "EN_VIGUEUR",
    )


def _restoration(row: Mapping[str, Any]) -> EntrySeen:
    return EntrySeen(
        reference=row["number"],
        amount=Euros(0),
        period=Period(row["former_end"] + timedelta(days=1), row["end"]),
        author=row["author"],
        token=row["token"],
        subject=row["number"],
    )
