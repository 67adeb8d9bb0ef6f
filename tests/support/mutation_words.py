"""The keywords of the draft ``mutation-entrante``: signatures alone, for applications that have no screens yet."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel

from orchestrator.domain.keywords import compute, enter, extract
from orchestrator.domain.personal import Nir, PersonName
from orchestrator.domain.ports import Act, Desk, ReadingDesk


class Certified(BaseModel, frozen=True):
    """What RNIAM shows of a person."""

    nir_certified: bool
    birth_name: PersonName
    deceased: bool
    organism: str


class FormerRights(BaseModel, frozen=True):
    """What ADRI shows of the rights in the former scheme."""

    ij_in_course: bool
    our_department: bool
    old_end: date


class Score(BaseModel, frozen=True):
    """How urgent a transfer is."""

    points: int
    gap: int


class Documents(BaseModel, frozen=True):
    """What the document base holds."""

    complete: bool


@extract("rniam.person", "Personne au RNIAM.")
async def certified(desk: ReadingDesk, *, nir: Nir) -> Certified:
    raise NotImplementedError


@extract("adri.former_rights", "Droits dans l'ancien régime.")
async def former_rights(desk: ReadingDesk, *, nir: Nir, organism: str) -> FormerRights:
    raise NotImplementedError


@compute("mutation.score", "Cotation d'une mutation.")
def score(*, former: FormerRights, new_start: date, as_of: date) -> Score:
    raise NotImplementedError


@extract("ged.documents", "Pièces d'une personne.")
async def documents(desk: ReadingDesk, *, nir: Nir) -> Documents:
    raise NotImplementedError


@enter(
    "bdo.mutation_note",
    "Note de mutation.",
    payment=False,
    look_up="bdo.person",
    look_up_with=("nir",),
    made_by="bdo.person",
    amount="priority",
    period="gap",
    subject="mutation_id",
    titles={},
)
async def mutation_note(
    desk: Desk, *, nir: Nir, mutation_id: str, outcome: str, gap: int, priority: int, token: str
) -> Act:
    raise NotImplementedError
