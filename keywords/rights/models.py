"""What the rules of extension read and show: titled in French, for the agent who decides."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.domain.civil import Period


class MonthRule(StrEnum):
    """How months are added to a date (DOMAIN B.2)."""

    #: The last day of a month stays the last day of a month; else as Q.
    E = "E"
    #: The same day of the month, or the last one when it does not exist.
    Q = "Q"


class EndKind(StrEnum):
    """What a screen shows as the end of a right."""

    DATED = "DATED"
    OPEN_ENDED = "OPEN_ENDED"
    IMPOSSIBLE = "IMPOSSIBLE"


class EndRead(BaseModel, frozen=True):
    """An end as a screen shows it; ``day`` is there when it is dated."""

    kind: EndKind = Field(title="Nature de la fin")
    day: date | None = Field(title="Fin du droit")


class Applied(BaseModel, frozen=True):
    """One rule, once, on the end that it found."""

    rule: str = Field(title="Règle")
    former_end: date = Field(title="Fin trouvée")
    end: date = Field(title="Nouvelle fin")
    source: str = Field(title="Source")


class Extension(BaseModel):
    """A right after all its rules."""

    model_config = ConfigDict(frozen=True)

    end_original: date = Field(title="Fin d'origine")
    end: date = Field(title="Fin après les règles")
    applied: tuple[Applied, ...] = Field(title="Règles appliquées")
    months: MonthRule = Field(title="Règle d'ajout des mois")
    skipped: str = Field(title="Pourquoi aucune règle ne vaut")
    within_base: bool = Field(title="Droits de base ouverts jusqu'à la nouvelle fin")


class Due(BaseModel, frozen=True):
    """What one extension still has to add to a right as the screen shows it."""

    rule: str = Field(title="Règle")
    period: Period = Field(title="Jours ajoutés")
    due: bool = Field(title="À saisir")
    done: bool = Field(title="Déjà prolongé par cette règle")


class Permit(BaseModel, frozen=True):
    """The residence permit of a person whose copy the GED holds, after the rules; of several, the one that holds longest."""

    found: bool = Field(title="Titre de séjour dans la GED")
    kind: str = Field(title="Nature du titre")
    document: str = Field(title="Document de la GED")
    end: date | None = Field(title="Fin du titre")
    extended: date | None = Field(title="Fin du titre après les règles")
    rule: str = Field(title="Règle")
    known: bool = Field(title="Nature connue des règles")
    valid: bool = Field(title="Titre valable après la fin du droit")


class Closing(BaseModel, frozen=True):
    """A closing for unpaid participation, after the rules; what is owed stays owed."""

    cancelled: bool = Field(title="Fermeture annulée")
    rule: str = Field(title="Règle")
    debt_kept: bool = Field(title="Dette conservée")
    period: Period | None = Field(title="Jours rouverts")
