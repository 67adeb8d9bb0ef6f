"""A document that a person has deposited, as it lies in its folder; its bytes are never recorded nor shown."""

from __future__ import annotations

from pydantic import BaseModel, Field, PrivateAttr

from orchestrator.domain.civil import Period


class Paper(BaseModel, frozen=True):
    """What is known of a deposited file."""

    #: ``LISIBLE``, or why not: ``ABSENT``, ``TROP_GRAND``, ``AUTRE`` (no PDF), ``ILLISIBLE``, ``PROTEGE`` (password).
    state: str = Field(title="Pièce")
    #: Bytes.
    size: int = Field(default=0, title="Octets")
    #: SHA-256 of its bytes; empty when it is absent.
    digest: str = Field(default="", title="Empreinte relue (SHA-256)")
    pages: int = Field(default=0, title="Pages")
    #: The day of the deposit, as the days that it speaks of.
    period: Period = Field(title="Déposée le")
    _content: bytes = PrivateAttr(b"")

    @property
    def content(self) -> bytes:
        """Its bytes, where they were read: a case that goes on from a record reads them again."""
        return self._content

    def holding(self, content: bytes) -> Paper:
        """Return the same with its bytes."""
        held = self.model_copy()
        held._content = content  # noqa: SLF001 - its own
        return held
