"""The result of ``ij.advance``: every operand, titled in French, for the agent who decides."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from orchestrator.domain.civil import Period
from orchestrator.domain.money import Euros

#: An exact number, shown as a fraction in lowest terms or as a whole number.
Exact = Annotated[Fraction, PlainSerializer(str, return_type=str)]


class AdvanceComputed(BaseModel):
    """An advance with all that led to it (formulas: DOMAIN A.5)."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    category: str = Field(title="Catégorie")
    category_open: bool = Field(title="Catégorie couverte au début de l'arrêt")
    raam: Exact = Field(title="Revenu d'activité annuel moyen (euros, exact)")
    lowest_coefficient: Exact = Field(title="Plus faible part de cotisations payées")
    ceiling: Euros = Field(title="Plafond annuel retenu")
    threshold: Exact = Field(title="Seuil d'ouverture (euros, exact)")
    daily: Euros = Field(title="Indemnité journalière brute")
    waiting_days: int = Field(title="Jours de carence")
    period: Period = Field(title="Période payable écoulée")
    days: int = Field(title="Jours payables")
    already_indemnified: int = Field(title="Jours déjà indemnisés sur trois ans")
    days_in_all: int = Field(title="Jours indemnisés avec ceux-ci")
    max_days: int = Field(title="Maximum de jours")
    gross: Euros = Field(title="Brut")
    csg: Euros = Field(title="CSG")
    crds: Euros = Field(title="CRDS")
    net: Euros = Field(title="Net")
    rate: Decimal = Field(title="Part avancée")
    before_cap: Euros = Field(title="Acompte avant plafond")
    cap: Euros = Field(title="Plafond par dossier")
    open_advances: Euros = Field(title="Acomptes ouverts sur la période")
    amount: Euros = Field(title="Acompte")
    as_of: date = Field(title="Date de l'exécution")
