"""What the C2S shows of a household and of a right, typed (``c2s.household``, ``c2s.right``)."""

from __future__ import annotations

from pydantic import BaseModel, Field

from orchestrator.domain.money import Euros
from orchestrator.domain.personal import Nir


class Household(BaseModel, frozen=True):
    """A household, as its page shows it."""

    #: The C2S's own number.
    number: str = Field(title="N° foyer")
    #: How many organisms manage it; more than one is for a person.
    managers: int = Field(title="Organismes gestionnaires")
    #: How many people belong to it.
    members: int = Field(title="Membres")
    #: True while it moves to another organism.
    transfer: bool = Field(title="Mutation en cours")


class Right(BaseModel, frozen=True):
    """A right, as its page shows it; ends are texts, since a screen may show 00/00/0000."""

    #: The C2S's own reference.
    right_id: str = Field(title="Réf. droit")
    #: Whose right it is.
    nir: Nir = Field(title="NIR bénéficiaire")
    #: ``C2S_FREE``, ``C2S_PAID``, ``CMUC``, ``ACS``, ``AME``.
    kind: str = Field(title="Droit")
    #: The end shown now, JJ/MM/AAAA.
    end: str = Field(title="Fin")
    #: The end before any extension, JJ/MM/AAAA.
    first_end: str = Field(title="Fin d'origine")
    #: ``AUCUNE``, ``DEMANDEE``, ``ACCEPTEE``, ``REFUSEE``.
    renewal: str = Field(title="Renouvellement")
    #: True when a refusal is contested.
    appeal: bool = Field(title="Recours")
    #: True when it was closed for fraud.
    fraud: bool = Field(title="Fermé pour fraude")
    #: Participations owed; an extension leaves them owed.
    unpaid: Euros = Field(title="Participations impayées")
    #: The organism of the other parent, with which a child has rights too; ``AUCUN`` without one.
    second_organism: str = Field(title="Second rattachement")
    #: The end shown there, JJ/MM/AAAA; ``AUCUNE`` without one.
    second_end: str = Field(title="Fin au second rattachement")
    #: The number of the closing in force; empty while the right is open.
    closing: str = Field(title="Fermeture en vigueur")
    #: The day it is closed from, JJ/MM/AAAA; empty while it is open.
    closed_on: str = Field(title="Fermé le")
    #: ``IMPAYE``, or another reason.
    closed_for: str = Field(title="Motif de fermeture")
    #: The rules by which closings were cancelled.
    reopened_by: tuple[str, ...] = Field(title="Fermetures annulées par")

    @property
    def elsewhere(self) -> bool:
        """True when another organism has it too: it is extended once, and that one is told."""
        return self.second_organism != "AUCUN"

    @property
    def renewal_accepted(self) -> bool:
        """True when a new period follows by common law: an extension then adds nothing."""
        return self.renewal == "ACCEPTEE"
