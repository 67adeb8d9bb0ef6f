"""What the rules of incoming transfers read and show: titled in French, for the agent who decides."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.domain.civil import PartialDate, Period
from orchestrator.domain.personal import Nir, PersonName


class NameMatch(StrEnum):
    """How the name of a request stands to the certified one (DOMAIN C.3)."""

    #: The birth names are equal after normalisation.
    EQUAL = "EQUAL"
    #: One letter too many, too few, another, or two that are swapped.
    NEAR = "NEAR"
    #: The usage name stands where the birth name should.
    INVERTED = "INVERTED"
    #: Another name.
    DIFFERENT = "DIFFERENT"


class BirthMatch(StrEnum):
    """How a birth date stands to the certified one and to the NIR."""

    #: Every part is known and equal.
    EQUAL = "EQUAL"
    #: What is known is equal; a day, a month or the month of the NIR is not.
    PARTIAL = "PARTIAL"
    #: A known part differs.
    DIFFERENT = "DIFFERENT"


class Dependent(BaseModel):
    """A child or another dependent who comes with the insured."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    nir: Nir = Field(title="NIR de l'ayant droit")
    born: PartialDate = Field(title="Date de naissance")
    certified: bool = Field(title="NIR certifié")
    #: Empty when the other parent has the child not attached.
    other_organism: str = Field(title="Organisme de l'autre parent")


class Certified(BaseModel):
    """What RNIAM knows of a person; it has no address and no family."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    certified: bool = Field(title="NIR certifié")
    birth_name: PersonName = Field(title="Nom de naissance")
    usage_name: PersonName | None = Field(default=None, title="Nom d'usage")
    born: PartialDate = Field(title="Date de naissance")
    deceased: bool = Field(title="Décès connu")
    organism: str = Field(title="Organisme de rattachement")
    others: tuple[Nir, ...] = Field(default=(), title="Autres numéros de mêmes nom, prénom, date et lieu de naissance")


class Former(BaseModel):
    """Rights in the former scheme: facts that give urgency, never a diagnosis."""

    model_config = ConfigDict(frozen=True)

    end: date | None = Field(title="Fin des droits dans l'ancien régime")
    care: bool = Field(title="ALD, maternité ou hospitalisation en cours")
    complementary: bool = Field(title="C2S ou AME")
    allowances: bool = Field(title="Indemnités ou accident du travail en cours")
    our_department: bool = Field(title="Adresse dans le département")
    abroad: bool = Field(default=False, title="Retour de l'étranger")


class Identity(BaseModel):
    """Identity, after the rules."""

    model_config = ConfigDict(frozen=True)

    name: NameMatch = Field(title="Nom de naissance")
    birth: BirthMatch = Field(title="Date de naissance")
    foreign: bool = Field(title="Né hors de France d'aujourd'hui")
    homonyms: int = Field(title="Autres numéros de mêmes traits d'identité")
    registered: bool = Field(title="Numéro d'attente, devenu peut-être un autre de ces numéros")
    confused: bool = Field(title="Même numéro qu'un autre pour qui écrit la Corse en chiffres")


class Family(BaseModel):
    """Those who come with the insured, after the rules."""

    model_config = ConfigDict(frozen=True)

    count: int = Field(title="Ayants droit")
    uncertified: int = Field(title="Ayants droit au NIR non certifié")
    elsewhere: int = Field(title="Ayants droit rattachés aussi à un autre organisme")
    infant: bool = Field(title="Enfant en bas âge")


class Part(BaseModel):
    """Why a transfer has points."""

    model_config = ConfigDict(frozen=True)

    reason: str = Field(title="Raison")
    points: int = Field(title="Points")


class Score(BaseModel):
    """How urgent a transfer is, but for the days it has waited, and how the two periods meet."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    points: int = Field(title="Cotation, sans les jours d'attente")
    parts: tuple[Part, ...] = Field(title="Détail de la cotation")
    gap: int = Field(title="Écart en jours (négatif : chevauchement)")
    broken: bool = Field(title="Rupture de droits")
    period: Period = Field(title="Jours à regarder : sans droits, couverts deux fois, ou jour d'effet")
    reason: str = Field(title="Motif")
    twice: int = Field(title="Jours couverts deux fois (risque de double paiement)")
    in_window: bool = Field(title="Date d'effet ni trop ancienne ni future")
    waived: bool = Field(title="Carence de résidence levée")
