"""What the GED shows of a document, typed (``ged.documents``)."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, Field

from orchestrator.domain.civil import Period
from orchestrator.domain.personal import Nir


class Document(BaseModel, frozen=True):
    """One document of a person; its content stays where it is."""

    #: The GED's own number, e.g. ``GED-2026-000012``.
    document: str = Field(title="Document")
    #: ``COURRIER_ACOMPTE``, ``ATTESTATION_DROITS``, ``LIAISON_CAISSE``, ``RETOUR_NPAI``, ``TITRE_SEJOUR``, ``PIECE``.
    kind: str = Field(title="Nature")
    #: The case it is about: the number of an advance, the reference of a right.
    reference: str = Field(title="Référence")
    #: What of that case.
    subject: str = Field(title="Objet")
    #: The days it speaks of, both ends included.
    period: Period = Field(title="Période")
    #: Day of the filing.
    filed_on: date = Field(title="Classé le")
    #: The free reference: our token when we filed it.
    free_reference: str = Field(default="", title="Référence libre")
    #: Who filed it.
    author: str = Field(title="Auteur")
    #: ``CLASSE``, ``ANNULE``.
    state: str = Field(title="État")


class Request(BaseModel, frozen=True):
    """Documents that were asked of a person; it stays open until who asked has answered."""

    #: False when the GED knows no request of this number.
    found: bool = Field(title="Demande connue")
    #: Whose documents.
    nir: Nir | None = Field(default=None, title="Assuré de la demande")
    #: ``C2S``, ``PE``, ``AME``.
    process: str = Field(default="", title="Processus de la demande")
    #: The file that waits for them: a stop, a household.
    file: str = Field(default="", title="Dossier de la demande")
    #: The types of document that were asked for.
    kinds: tuple[str, ...] = Field(default=(), title="Pièces attendues")
    #: Civil day.
    asked_on: date | None = Field(default=None, title="Demandée le")
    #: ``OUVERTE``, ``REPONDUE``.
    state: str = Field(default="", title="État de la demande")
