"""A letter as it leaves: its bytes, masked, and the digest by which anybody knows it again."""

from __future__ import annotations

from base64 import b64decode

from pydantic import BaseModel, Field

from orchestrator.domain.personal import PrivateText


class Letter(BaseModel, frozen=True):
    """A PDF to a person."""

    #: SHA-256 of its bytes, 64 hexadecimal digits: it says nothing of anybody.
    digest: str = Field(title="Empreinte de la lettre (SHA-256)")
    #: Its bytes, in base64.
    content: PrivateText = Field(title="Lettre", repr=False)

    @property
    def data(self) -> bytes:
        """The PDF itself."""
        return b64decode(self.content.reveal())
