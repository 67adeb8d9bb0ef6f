"""Incoming transfers in PROGRES: what RNIAM and the former scheme say, and the work basket where a person finds them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from keywords.transfers.models import Certified, Dependent, Former
from orchestrator.domain.civil import PartialDate, Period
from orchestrator.domain.entries import EntrySeen
from orchestrator.domain.keywords import check, enter, extract
from orchestrator.domain.money import ZERO
from orchestrator.domain.personal import Nir, PrivateText
from orchestrator.domain.ports import Act, Desk, ReadingDesk, Screen


class Situation(BaseModel):
    """What PROGRES shows of a person who asks for a transfer."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    certified: Certified = Field(title="Au RNIAM")
    former: Former = Field(title="Dans l'ancien régime")
    dependents: list[Dependent] = Field(title="Ayants droit")
    requests: int = Field(title="Demandes d'autres caisses pour cette personne")
    screen_date: date | None = Field(default=None, title="Date affichée")


@extract("progres.transfer", "Situation d'une mutation : RNIAM, droits de l'ancien régime, ayants droit.")
async def transfer(desk: ReadingDesk, *, nir: Nir) -> Situation:
    """Read all that is compared before a transfer, all pages of the list beside it (source: DOMAIN C.2, rows 3 to 7).

    A birth date may be partial (``00/00/1985``). Example: ``extract: progres.transfer`` with ``nir: ${nir}``.
    """
    screen = await desk.submit("transfer", nir=nir)
    rows = screen.table("linked")
    return Situation(
        certified=_certified(screen, [row["nir"] for row in rows if row["link"] == "TRAITS"]),
        former=_former(screen),
        dependents=[_dependent(row) for row in rows if row["link"] == "ENFANT"],
        requests=sum(row["link"] == "DEMANDE" for row in rows),
        screen_date=screen["screen_date"],
    )


@check("progres.basket_seen", "Mutations déjà en corbeille pour cette personne.")
async def basket_seen(desk: ReadingDesk, *, nir: Nir) -> list[EntrySeen]:
    """Look up what ``progres.note_transfer`` may already have entered, all pages (source: ENTER, Identity)."""
    screen = await desk.submit("basket", nir=nir)
    return [_seen(row) for row in screen.table("entries")]


@enter(
    "progres.note_transfer",
    "Mutation entrante en corbeille : issue du contrôle, cotation et motif ; une personne crée l'affiliation.",
    payment=False,
    look_up="progres.basket_seen",
    look_up_with=("nir",),
    made_by="",  # PROGRES has no list by author: its basket is not reconciled
    amount="",
    period="period",
    subject="transfer_id",
    titles={
        "nir": "NIR", "transfer_id": "Référence de mutation", "period": "Jours à regarder", "outcome": "Issue",
        "points": "Cotation", "reason": "Motif",
    },
)  # fmt: skip
async def note_transfer(
    desk: Desk, *, nir: Nir, transfer_id: str, period: Period, outcome: str, points: int, reason: str, token: str
) -> Act:
    """Prepare an entry of the work basket; the protocol presses the key that enters it (source: DOMAIN C.2, row 10).

    Example: ``enter: progres.note_transfer`` with ``nir``, ``transfer_id``, ``period``, ``outcome``, ``points`` and ``reason``;
    the protocol gives the token.
    """
    return await desk.prepare(
        "basket", nir=nir, transfer_id=transfer_id, start=period.start, end=period.end, outcome=outcome, points=points,
        reason=reason, token=token,
    )  # fmt: skip


def _certified(screen: Screen, others: list[Nir]) -> Certified:
    return Certified(
        certified=screen["certified"] == "CERTIFIE",
        birth_name=screen["birth_name"],
        usage_name=screen["usage_name"],
        born=_born(screen["born"]),
        deceased=_yes(screen["dead"]),
        organism=screen["organism"],
        others=tuple(others),
    )


def _former(screen: Screen) -> Former:
    return Former(
        end=screen["old_end"],
        care=_yes(screen["care"]),
        complementary=_yes(screen["c2s"]),
        allowances=_yes(screen["ij"]),
        our_department=_yes(screen["home"]),
        abroad=_yes(screen["abroad"]),
    )


def _dependent(row: Mapping[str, Any]) -> Dependent:
    return Dependent(
        nir=row["nir"],
        born=_born(row["born"]),
        certified=row["certified"] == "OUI",
        other_organism=row["organism"],
    )


def _born(text: PrivateText | None) -> PartialDate:
    return PartialDate.parse(text.reveal() if text else "")


def _yes(text: PrivateText | None) -> bool:
    return text is not None and text.reveal() == "OUI"


def _seen(row: Mapping[str, Any]) -> EntrySeen:
    return EntrySeen(
        reference=row["number"],
        amount=ZERO,
        period=Period(row["start"], row["end"]),
        author=row["author"],
        token=row["token"],
        subject=row["transfer_id"],
    )
