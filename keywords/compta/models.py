"""What COMPTA shows of advances, typed: the results of ``compta.advances``."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, Field

from orchestrator.domain.civil import Period
from orchestrator.domain.money import Euros
from orchestrator.domain.open_amounts import OpenAmount
from orchestrator.domain.personal import Nir

#: States after which nothing is owed back any more.
CLOSED = frozenset({"REJETEE", "ANNULEE", "REGULARISEE"})


class Advance(BaseModel, frozen=True):
    """One advance as COMPTA lists it."""

    #: COMPTA's own number, e.g. ``ACP-2026-000101``.
    number: str = Field(title="Numéro")
    #: ``ACP-IJ``.
    nature: str = Field(title="Nature")
    #: Reference of the stop it is about.
    stop_id: str = Field(title="Référence de l'arrêt")
    #: The days it covers, both ends included.
    period: Period = Field(title="Période")
    #: Its amount.
    amount: Euros = Field(title="Montant")
    #: The free reference field: our token when we made it.
    free_reference: str = Field(default="", title="Référence libre")
    #: Who entered it.
    author: str = Field(default="", title="Auteur")
    #: ``PROPOSEE``, ``VALIDEE``, ``LIQUIDEE``, ``REJETEE``, ``ANNULEE``, ``REGULARISEE``, ``REJETE_BANQUE``.
    state: str = Field(title="État")
    #: Day of the entry, when shown.
    entered_on: date | None = Field(default=None, title="Saisi le")

    @property
    def open(self) -> bool:
        """True while the amount is to be netted against a later payment."""
        return self.state not in CLOSED


class OpenAdvance(OpenAmount, frozen=True):
    """One row of the list of advances that were paid and that nothing has netted: ``LIQUIDEE`` or ``REJETE_BANQUE``."""

    #: The person.
    nir: Nir = Field(title="N° assuré")
    #: Reference of the stop it is about.
    stop_id: str = Field(title="Réf. arrêt")
    #: The days it covers, both ends included.
    period: Period = Field(title="Période")
    #: Day of the entry.
    entered_on: date = Field(title="Saisie le")
    #: Who entered it.
    author: str = Field(title="Auteur")
    #: The day of the list.
    read_on: date = Field(title="Relevée le")


class Transfer(BaseModel, frozen=True):
    """The transfer of an advance, looked up by the number that went to the bank, and what is noted of its return."""

    #: False when COMPTA has no advance of that number; nothing else is known then.
    found: bool = Field(title="Virement connu de COMPTA")
    #: The person who was to receive it.
    nir: Nir | None = Field(default=None, title="Assuré du virement")
    #: Reference of the stop it is about.
    stop_id: str = Field(default="", title="Réf. arrêt")
    #: The days it covers, both ends included.
    period: Period | None = Field(default=None, title="Période")
    #: What was transferred.
    amount: Euros | None = Field(default=None, title="Montant du virement")
    #: As ``Advance.state``; ``REJETE_BANQUE`` when it was sent back.
    state: str = Field(default="", title="État du virement")
    #: True when a return is noted on it.
    noted: bool = Field(default=False, title="Retour déjà noté")
    #: The reason noted, e.g. ``AC04``; empty without one.
    reason: str = Field(default="", title="Motif noté")
    #: The bank's own reference of the return noted; empty without one.
    bank_reference: str = Field(default="", title="Référence de la banque, notée")
