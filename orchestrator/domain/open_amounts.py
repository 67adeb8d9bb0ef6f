"""Money that was paid and that nothing has netted yet, as a row of a list says it: the one part that is kept in clear."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, Field

from orchestrator.domain.money import Euros


class OpenAmount(BaseModel, frozen=True):
    """What a keyword's list of open amounts says in each row; nothing here is a person's.

    A keyword whose rows derive from it lists open amounts: the console adds them up and says their age, from the last reading.
    """

    #: The application's own number.
    number: str = Field(title="Numéro", max_length=40, pattern=r"^[A-Z]{2,5}(-[A-Z0-9]{1,12}){1,3}$")
    #: Its amount.
    amount: Euros = Field(title="Montant")
    #: The civil day on which it was paid: its age counts from here.
    since: date = Field(title="Liquidée le")
    #: Where it stands in the application.
    state: str = Field(title="État", max_length=40)
    #: Why the bank sent it back, e.g. ``AC04`` (account closed); empty otherwise.
    reject_code: str = Field(default="", title="Code rejet", max_length=8)
