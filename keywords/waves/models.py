"""What the comparison of two extracts gives: counts, and lines of files; who the people are stays in the files."""

from __future__ import annotations

import hashlib
from datetime import date

from pydantic import BaseModel, Field

from orchestrator.domain.personal import Nir, PersonName


class ExtractFacts(BaseModel, frozen=True):
    """One extract; read = good + set aside."""

    name: str = Field(title="Fichier")
    sha256: str = Field(title="Empreinte")
    read: int = Field(title="Lignes lues")
    ok: int = Field(title="Lignes bonnes")


class Category(BaseModel, frozen=True):
    """How many people both extracts have of one status, or of one centre."""

    title: str = Field(title="Sorte")
    value: str = Field(title="Valeur")
    before: int = Field(title="Avant")
    after: int = Field(title="Après")


class Found(BaseModel, frozen=True):
    """A person with a difference, by lines."""

    #: Every difference, V-01 to V-08.
    codes: tuple[str, ...] = Field(title="Écarts")
    #: The first line in each extract; None where there is none.
    before: int | None = Field(title="Ligne avant")
    after: int | None = Field(title="Ligne après")
    #: Days without rights when positive, covered twice when negative; None when a day is not said, or not compared.
    gap: int | None = Field(title="Jours sans droits")


class UnreadLine(BaseModel, frozen=True):
    """A line set aside."""

    #: ``AVANT`` or ``APRES``.
    side: str = Field(title="Extrait")
    line: int = Field(title="Ligne")
    #: Quotes nothing of it.
    reason: str = Field(title="Motif")


class Summary(BaseModel, frozen=True):
    """A wave before and after; says nothing of anybody."""

    wave: str = Field(title="Vague")
    day: date = Field(title="Jour de la bascule")
    before: ExtractFacts = Field(title="Avant")
    after: ExtractFacts = Field(title="Après")
    #: People once in each, with the same values and no day between their rights.
    same: int = Field(title="Personnes sans écart")
    categories: tuple[Category, ...] = Field(title="Totaux")
    #: In the order of the former extract, then of the new one.
    found: tuple[Found, ...] = Field(title="Écarts")
    unread: tuple[UnreadLine, ...] = Field(title="Lignes mises de côté")

    @property
    def files(self) -> str:
        """What identifies the pair: both digests in one, shortened."""
        return fingerprint(self.before.sha256, self.after.sha256)


class Pair(BaseModel, frozen=True):
    """The two extracts as they lie there now."""

    files: str = Field(title="Empreinte des extraits")


class Kinds(BaseModel, frozen=True):
    """How one person differs."""

    missing: bool = Field(title="Absente après")
    added: bool = Field(title="Absente avant")
    doubled: bool = Field(title="En double")
    gap: bool = Field(title="Jours sans droits")
    overlap: bool = Field(title="Droits couverts deux fois")
    account: bool = Field(title="Compte bancaire non gardé")
    name: bool = Field(title="Nom différent")
    category: bool = Field(title="Statut ou centre différent")


class Difference(BaseModel, frozen=True):
    """A row of a delivery: a person to explain, or a line that nobody could read (no number: it is set aside)."""

    wave: str = Field(title="Vague")
    nir: Nir | None = Field(title="N° assuré")
    birth_name: PersonName | None = Field(title="Nom de naissance")
    #: Lines of the two extracts, « - » where there is none.
    before_line: str = Field(title="Ligne avant")
    after_line: str = Field(title="Ligne après")
    #: Its codes, separated by spaces.
    found: str = Field(title="Écarts")
    #: What a person reads first.
    details: str = Field(title="Détail")
    files: str = Field(title="Empreinte des extraits")
    explanation: str = Field(title="Explication")

    @property
    def origin(self) -> str:
        """What names the delivery: the pair that was compared."""
        return f"extraits {self.files}"


def fingerprint(before: str, after: str) -> str:
    """Return what identifies a pair of extracts, by their digests."""
    return hashlib.sha256(f"{before}/{after}".encode()).hexdigest()[:16]
