"""What ARPEGE shows, typed: stops, rights and payments of a self-employed person.

``arpege.stop`` ends with ``return file.stop(stop_id)``: the stop asked for with what is needed of its file, or a
:class:`StopMissing` so that the control R-ARRET speaks.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, Field

from orchestrator.domain.civil import Period
from orchestrator.domain.money import Euros
from orchestrator.domain.personal import Nir, PersonName


class Stop(BaseModel, frozen=True):
    """One row of the stops of a person (arrêt de travail)."""

    #: Reference in ARPEGE.
    reference: str = Field(title="Référence")
    #: ``INITIAL``, ``PROLONGATION`` or ``RECHUTE``.
    kind: str = Field(title="Nature")
    #: First day.
    start: date = Field(title="Début")
    #: Last day, included.
    end: date = Field(title="Fin")
    #: Day of the prescription.
    prescribed_on: date = Field(title="Prescrit le")
    #: Day of the medical statement (constat): it chooses the rules.
    medical_date: date = Field(title="Constat médical")
    #: Day of receipt by the caisse.
    received_on: date = Field(title="Reçu le")
    #: ``AS`` (maladie), ``MAT``, ``PAT``, ``ADO``, ``AT``, ``MP``.
    risk: str = Field(title="Risque")
    #: Who prescribed.
    prescriber: PersonName | None = Field(default=None, title="Prescripteur")
    #: Opinion of the medical service: ``SANS``, ``FAVORABLE``, ``DEFAVORABLE``, ``EN_ATTENTE``.
    opinion: str = Field(title="Avis du service médical")
    #: ``ENREGISTRE``, ``EN_SAISIE``, ``REJETE``.
    state: str = Field(title="État")
    #: Therapeutic part time.
    part_time: bool = Field(title="Temps partiel thérapeutique")
    #: Long-term illness; never which.
    ald: bool = Field(repr=False, title="ALD")

    @property
    def period(self) -> Period:
        """From the first to the last day, both included."""
        return Period(self.start, self.end)

    @property
    def alive(self) -> bool:
        """False for a rejected stop."""
        return self.state != "REJETE"


class Identity(BaseModel, frozen=True):
    """Who ARPEGE says it is; None when the person is unknown there."""

    #: ARPEGE's own number of the person, by which the other screens are reached.
    file: int | None = Field(default=None, title="Numéro de l'assuré dans ARPEGE")
    #: Birth name.
    birth_name: PersonName | None = Field(default=None, title="Nom de naissance")
    #: All given names as shown, separated by ``, ``.
    first_names: PersonName | None = Field(default=None, title="Prénoms")
    #: Birth date.
    birth_date: date | None = Field(default=None, repr=False, title="Date de naissance")
    #: The date shown in the banner.
    screen_date: date = Field(title="Date affichée")
    #: True in « mode dégradé ».
    degraded: bool = Field(default=False, title="Mode dégradé")

    @property
    def first_name(self) -> PersonName | None:
        """The first given name."""
        return self.first_names.first if self.first_names else None


class StopRead(Stop, Identity, frozen=True):
    """The stop asked for, with what its file says of the person and of the other stops."""

    #: Always True; see :class:`StopMissing`.
    found: Literal[True] = Field(default=True, title="Arrêt trouvé")
    #: The other stops of the person, whatever their state.
    others: tuple[Stop, ...] = Field(default=(), title="Autre arrêt")


class StopMissing(Identity, frozen=True):
    """The reference is unknown for that person, or the person is unknown in ARPEGE."""

    #: Always False.
    found: Literal[False] = Field(default=False, title="Arrêt trouvé")


class File(Identity, frozen=True):
    """A person's file: identity and all stops."""

    #: Every stop listed, in the order of the screen.
    stops: tuple[Stop, ...] = Field(default=(), title="Arrêt")

    def stop(self, reference: str) -> StopRead | StopMissing:
        """Return the stop of that reference with its file, or that it is missing."""
        identity = {name: getattr(self, name) for name in Identity.model_fields}
        for stop in self.stops:
            if stop.reference == reference:
                others = tuple(other for other in self.stops if other is not stop)
                return StopRead(**identity, **dict(stop), others=others)
        return StopMissing(**identity)


class UnpaidStop(BaseModel, frozen=True):
    """One row of the daily list of stops that ARPEGE did not pay."""

    #: The person.
    nir: Nir = Field(title="N° assuré")
    #: Birth name.
    birth_name: PersonName = Field(title="Nom de naissance")
    #: Reference of the stop.
    stop_id: str = Field(title="Réf. arrêt")
    #: Why it was not paid.
    anomaly: str = Field(title="Code anomalie")
    #: Day of the anomaly.
    raised_on: date = Field(title="Date")


class WatchedStop(BaseModel, frozen=True):
    """One row of the list of registered stops, paid or not."""

    #: The person.
    nir: Nir = Field(title="N° assuré")
    #: Birth name.
    birth_name: PersonName = Field(title="Nom de naissance")
    #: Reference of the stop.
    stop_id: str = Field(title="Réf. arrêt")
    #: First to last day, both included.
    period: Period = Field(title="Période")
    #: Day of receipt by the caisse.
    received_on: date = Field(title="Reçu le")
    #: Why ARPEGE did not pay, by its code; ``AUCUN`` when it says nothing.
    anomaly: str = Field(title="Code anomalie")
    #: The day of the list.
    read_on: date = Field(title="Relevé le")


class Income(BaseModel, frozen=True):
    """The income of one civil year, with the contributions due and paid on it."""

    #: Civil year.
    year: int = Field(title="Année")
    #: Contribution base sent by Urssaf.
    income: Euros = Field(title="Revenu")
    #: Contributions due.
    due: Euros = Field(title="Cotisations dues")
    #: Contributions paid.
    paid: Euros = Field(title="Cotisations payées")


class Rights(BaseModel, frozen=True):
    """The rights of a person to daily allowances."""

    #: ``TI``, ``PL``, ``PAMC``, ``RG``, ``CONJ_COLLAB``.
    category: str = Field(title="Catégorie")
    #: First day of affiliation.
    affiliated_on: date = Field(title="Affilié le")
    #: Invalidity pension.
    disability_pension: bool = Field(repr=False, title="Pension d'invalidité")
    #: Old-age benefit.
    old_age_benefit: bool = Field(title="Avantage vieillesse")
    #: A contribution payment schedule is in force (échéancier).
    payment_schedule: bool = Field(title="Échéancier de cotisations")
    #: Days indemnified in the last three years.
    days_indemnified: int = Field(title="Jours indemnisés sur 3 ans")
    #: One row a year, in the order of the screen.
    incomes: tuple[Income, ...] = Field(title="Revenus")
    #: The date shown in the banner.
    screen_date: date = Field(title="Date affichée")
    #: True in « mode dégradé ».
    degraded: bool = Field(default=False, title="Mode dégradé")


class Payment(BaseModel, frozen=True):
    """One payment as ARPEGE shows it."""

    #: Reference in ARPEGE.
    reference: str = Field(title="Référence")
    #: The days paid, both ends included.
    period: Period = Field(title="Période")
    #: Gross amount.
    gross: Euros = Field(title="Brut")
    #: Net amount.
    net: Euros = Field(title="Net")
    #: To whom it was made; None when ARPEGE shows nobody.
    payee: PersonName | None = Field(default=None, title="Destinataire")
    #: Day of the payment; None while there is none.
    paid_on: date | None = Field(default=None, title="Payé le")
    #: ``PAYE``, ``REJETE``, ``EN_COURS``.
    state: str = Field(title="État")
    #: Why it was rejected; None otherwise.
    reject_code: str | None = Field(default=None, title="Code rejet")
