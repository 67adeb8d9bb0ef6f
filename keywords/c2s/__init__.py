"""What robots can do in the C2S: read households and rights, change the period of a right, take a change back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from keywords.c2s.models import Household, Right
from orchestrator.domain.civil import Period
from orchestrator.domain.entries import EntrySeen
from orchestrator.domain.keywords import check, enter, extract
from orchestrator.domain.money import Euros
from orchestrator.domain.ports import Act, Desk, ReadingDesk

_HOUSEHOLD = ("number", "managers", "members", "transfer")
_RIGHT = ("right_id", "nir", "kind", "end", "first_end", "renewal", "appeal", "fraud", "unpaid")


@extract("c2s.household", "Foyer dans la C2S : organismes gestionnaires, membres, mutation en cours.")
async def household(desk: ReadingDesk, *, household_id: str) -> Household:
    """Read a household by its number (source: DOMAIN B.3, row 3).

    Example: ``extract: c2s.household`` with ``household_id: ${household_id}``, then ``D-01: household.managers == 1``.
    """
    screen = await desk.open("household", household=household_id)
    return Household(**{name: screen[name] for name in _HOUSEHOLD})


@extract("c2s.right", "Un droit dans la C2S : nature, fins, renouvellement, recours, participations impayées.")
async def right(desk: ReadingDesk, *, right_id: str) -> Right:
    """Read a right by its reference (source: DOMAIN B.3, row 3).

    Example: ``extract: c2s.right`` with ``right_id: ${right.right_id}``.
    """
    screen = await desk.open("right", right=right_id)
    return Right(**{name: screen[name] for name in _RIGHT})


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
