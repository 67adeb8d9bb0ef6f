"""What PROGRES shows, typed: the results of its keywords."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, Field

from orchestrator.domain.civil import Period
from orchestrator.domain.money import Euros


class Allowance(BaseModel, frozen=True):
    """One line of the daily allowances of the salaried."""

    #: The days that it pays, both ends included.
    period: Period = Field(title="Période")
    #: ``SALARIE``.
    status: str = Field(title="Statut")
    #: Whether the employer is paid instead of the person.
    subrogated: bool = Field(title="Subrogation")
    #: What was paid.
    amount: Euros = Field(title="Montant")
    #: ``PAYE``.
    state: str = Field(title="État")


class Salaried(BaseModel, frozen=True):
    """What PROGRES pays to a person as a salaried one, on some days."""

    #: The lines on these days.
    on_these_days: tuple[Allowance, ...] = Field(default=(), title="IJ sur les mêmes jours")
    #: Lines of the person, whatever their days.
    lines: int = Field(title="Lignes dans PROGRES")
    #: The day that the screen shows.
    screen_date: date | None = Field(default=None, title="Date affichée")

    @property
    def polyactive(self) -> bool:
        """True when the same days are paid under another status."""
        return bool(self.on_these_days)

    @property
    def subrogated(self) -> bool:
        """True when an employer is paid for one of these days."""
        return any(line.subrogated for line in self.on_these_days)


class Attachment(BaseModel, frozen=True):
    """Where a person belongs, as RNIAM says through PROGRES."""

    #: The nine digits of the organism.
    organism: str = Field(title="Organisme")
    #: Since when.
    since: date | None = Field(default=None, title="Depuis le")
    #: Whether the NIR is certified.
    certified: bool = Field(title="NIR certifié")
