"""The keywords of the draft ``droits-prolongation``: signatures alone, for applications that have no screens yet."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel

from orchestrator.domain.entries import EntrySeen
from orchestrator.domain.keywords import check, compute, enter, extract
from orchestrator.domain.personal import Nir
from orchestrator.domain.ports import Act, Desk, ReadingDesk
from orchestrator.domain.rules import PackAt


class Household(BaseModel, frozen=True):
    """What the C2S shows of a household."""

    manager_count: int
    member_count: int
    transfer_in_course: bool


class Right(BaseModel, frozen=True):
    """What the C2S shows of a right."""

    original_end: date
    end: date
    open_ended: bool
    renewal: str
    renewal_accepted: bool
    appeal: bool
    closed_for_fraud: bool


class BaseRights(BaseModel, frozen=True):
    """What BDO shows of the base rights of a person."""

    open_until: date


class Extension(BaseModel, frozen=True):
    """A right after one rule."""

    end: date
    rule: str


@extract("c2s.household", "Foyer dans la C2S.")
async def household(desk: ReadingDesk, *, household_id: str) -> Household:
    raise NotImplementedError


@extract("c2s.right", "Un droit de la C2S.")
async def right(desk: ReadingDesk, *, right_id: str) -> Right:
    raise NotImplementedError


@extract("bdo.base_rights", "Droits de base d'une personne.")
async def base_rights(desk: ReadingDesk, *, nir: Nir) -> BaseRights:
    raise NotImplementedError


@compute("rights.extend", "La fin d'un droit après la règle du jour de sa fin.")
def extend(*, right_type: str, end: date, rules: PackAt, already: str = "") -> Extension:
    raise NotImplementedError


@check("c2s.periods_seen", "Recherche préalable d'une période modifiée.")
async def periods_seen(desk: ReadingDesk, *, right_id: str) -> list[EntrySeen]:
    raise NotImplementedError


@enter(
    "c2s.extend_period",
    "Nouvelle fin d'un droit.",
    payment=False,
    look_up="c2s.periods_seen",
    look_up_with=("right_id",),
    made_by="c2s.periods_seen",
    amount="end",
    period="former_end",
    subject="right_id",
    titles={},
)
async def extend_period(desk: Desk, *, right_id: str, former_end: date, end: date, motive: str, token: str) -> Act:
    raise NotImplementedError


@enter(
    "c2s.restore_period",
    "L'ancienne fin d'un droit, à nouveau.",
    payment=False,
    look_up="c2s.periods_seen",
    look_up_with=("right_id",),
    made_by="c2s.periods_seen",
    amount="end",
    period="former_end",
    subject="reference",
    titles={},
)
async def restore_period(desk: Desk, *, reference: str, right_id: str, former_end: date, end: date, token: str) -> Act:
    raise NotImplementedError
