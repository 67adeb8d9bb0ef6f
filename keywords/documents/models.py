"""What is read in a PDF; its text may say something of a person, and is masked."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, Field

from orchestrator.domain.money import Euros
from orchestrator.domain.personal import PrivateText


class Pdf(BaseModel, frozen=True):
    """A PDF that can be read."""

    pages: int = Field(title="Pages")


class PageText(BaseModel, frozen=True):
    """The text of one page."""

    text: PrivateText = Field(title="Texte")
    #: False for a page without any text: scanned, or empty.
    found: bool = Field(title="Texte trouvé")


class LabelledValue(BaseModel, frozen=True):
    """What stands after a label."""

    found: bool = Field(title="Libellé trouvé")
    text: PrivateText | None = Field(default=None, title="Valeur")
    #: The same as an amount, or as a day, where it is one.
    amount: Euros | None = Field(default=None, title="Montant")
    day: date | None = Field(default=None, title="Date", repr=False)
