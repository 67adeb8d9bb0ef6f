"""What BDO (base des bénéficiaires) shows of a person, typed (``bdo.person``, ``bdo.bank_account``, ``bdo.address``)."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, Field

from orchestrator.domain.civil import Period
from orchestrator.domain.personal import Iban, Nir, PersonName, PrivateText


class Person(BaseModel, frozen=True):
    """A beneficiary's file; when ``found`` is not 1 everything that identifies is None and C-04 speaks."""

    #: How many files the search by NIR gave: 0, 1, 2…
    found: int = Field(title="Dossiers trouvés")
    #: BDO's own number of the file, by which its other screens are reached.
    file: int | None = Field(default=None, title="Numéro du dossier BDO")
    #: Homonyms reported on the file.
    homonyms: int = Field(default=0, title="Homonymes signalés")
    #: True for « certifié », False for « non certifié », None when there is no single file.
    certified: bool | None = Field(default=None, title="NIR certifié")
    #: The NIR on the file.
    nir: Nir | None = Field(default=None, title="NIR")
    #: Birth name.
    birth_name: PersonName | None = Field(default=None, title="Nom de naissance")
    #: Usage name, when there is one.
    usage_name: PersonName | None = Field(default=None, title="Nom d'usage")
    #: All given names as shown, separated by ``, ``.
    first_names: PersonName | None = Field(default=None, title="Prénoms")
    #: Birth date.
    birth_date: date | None = Field(default=None, repr=False, title="Date de naissance")
    #: Date of death, when known.
    death: date | None = Field(default=None, repr=False, title="Date de décès")
    #: Organism of attachment, nine digits.
    organism: str | None = Field(default=None, title="Organisme de rattachement")
    #: First day of that attachment.
    organism_since: date | None = Field(default=None, title="Rattaché depuis")
    #: First day of base rights.
    rights_from: date | None = Field(default=None, title="Droits de base, début")
    #: Last day of base rights; None while they are open.
    rights_to: date | None = Field(default=None, title="Droits de base, fin")
    #: True when an agent has the file open (C-07).
    locked: bool = Field(default=False, title="Dossier ouvert par un agent")
    #: The flags that say « oui »: contentieux, lcf, recours_amiable, opposition, tutelle, cession.
    flags: tuple[str, ...] = Field(default=(), repr=False, title="Signalements")
    #: True for a sensitive person (C-11).
    sensitive: bool = Field(default=False, repr=False, title="Personne sensible")
    #: The date shown in the banner.
    screen_date: date = Field(title="Date affichée")
    #: True in « mode dégradé ».
    degraded: bool = Field(default=False, title="Mode dégradé")

    @property
    def uncertified(self) -> bool:
        """True when BDO says « non certifié »; False for a person that BDO does not know."""
        return self.certified is False

    @property
    def deceased(self) -> bool:
        """True when a date of death is shown."""
        return self.death is not None

    @property
    def first_name(self) -> PersonName | None:
        """The first given name."""
        return self.first_names.first if self.first_names else None

    @property
    def full_name(self) -> PersonName | None:
        """``NOM Prénom`` with the birth name, as the holder of a bank account is written."""
        return _joined(self.birth_name, self.first_name)

    @property
    def full_usage_name(self) -> PersonName | None:
        """``NOM Prénom`` with the usage name, or the birth name when there is no usage name."""
        return _joined(self.usage_name or self.birth_name, self.first_name)

    @property
    def base_until(self) -> date:
        """The last day of the base rights: the end of time while they are open, its beginning when they never were."""
        return (self.rights_to or date.max) if self.rights_from else date.min

    @property
    def rights(self) -> Period | None:
        """The base rights, until the end of time while they are open; None when they never were."""
        return Period(self.rights_from, self.rights_to or date.max) if self.rights_from else None


class BankAccount(BaseModel, frozen=True):
    """The bank account on a person's file; without an account ``found`` is False and the rest None."""

    #: False when BDO says « Aucun compte ».
    found: bool = Field(title="Dossiers trouvés")
    #: The account.
    iban: Iban | None = Field(default=None, title="IBAN")
    #: The bank.
    bic: str | None = Field(default=None, title="BIC")
    #: Who holds it, ``NOM Prénom``.
    holder: PersonName | None = Field(default=None, title="Titulaire du compte")
    #: Day of the last change.
    changed_on: date | None = Field(default=None, title="Compte modifié le")
    #: Where the last change came from: ``ameli``, ``papier``, ``agent``.
    origin: str | None = Field(default=None, title="Origine de la modification")
    #: The date shown in the banner.
    screen_date: date = Field(title="Date affichée")
    #: True in « mode dégradé ».
    degraded: bool = Field(default=False, title="Mode dégradé")


class Address(BaseModel, frozen=True):
    """Where letters to a person go."""

    #: False when BDO says « Aucune adresse ».
    found: bool = Field(title="Adresse connue")
    #: The address; None when there is none.
    lines: PrivateText | None = Field(default=None, title="Adresse")
    #: True in « mode dégradé ».
    degraded: bool = Field(default=False, title="Mode dégradé")


def _joined(name: PersonName | None, first: PersonName | None) -> PersonName | None:
    return PersonName(f"{name.reveal()} {first.reveal()}") if name and first else None
