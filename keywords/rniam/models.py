"""What RNIAM shows of a person, typed (``rniam.person``)."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, Field

from orchestrator.domain.personal import Nir, PersonName, PrivateText


class Registered(BaseModel, frozen=True):
    """A person as the schemes know them together; when ``found`` is not 1 everything that identifies is None."""

    #: How many people the search by NIR gave: 0 or 1.
    found: int = Field(title="Personnes trouvées")
    #: True for « certifié », False for « non certifié », None for nobody.
    certified: bool | None = Field(default=None, title="NIR certifié")
    #: The NIR.
    nir: Nir | None = Field(default=None, title="NIR")
    #: Birth name, in capitals without accents.
    birth_name: PersonName | None = Field(default=None, title="Nom de naissance")
    #: All given names as shown, separated by ``, ``.
    first_names: PersonName | None = Field(default=None, title="Prénoms")
    #: Birth date as shown: ``00/00/1985`` when day and month are not known.
    birth_date: PrivateText | None = Field(default=None, title="Date de naissance")
    #: Commune of birth, five characters.
    birth_place: PrivateText | None = Field(default=None, title="Commune de naissance")
    #: Date of death, when known.
    death: date | None = Field(default=None, repr=False, title="Date de décès")
    #: Organism of attachment, nine digits.
    organism: str | None = Field(default=None, title="Organisme de rattachement")
    #: First day of that attachment.
    organism_since: date | None = Field(default=None, title="Rattaché depuis")
    #: The date shown in the banner.
    screen_date: date = Field(title="Date affichée")
    #: True in « mode dégradé ».
    degraded: bool = Field(default=False, title="Mode dégradé")

    @property
    def uncertified(self) -> bool:
        """True unless RNIAM says « certifié »: also for somebody whom it does not know."""
        return self.certified is not True

    @property
    def deceased(self) -> bool:
        """True when a date of death is shown."""
        return self.death is not None
