"""A file that an act sends with its form: bytes that never show themselves."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Upload:
    """What a keyword gives for a field of the format ``file``."""

    #: The name under which it is sent; says nothing of anybody.
    name: str
    #: Its media type, e.g. ``application/pdf``.
    media_type: str
    #: Its bytes, not empty.
    content: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse a file without a byte: raises ``ValueError``."""
        if not self.content:
            raise ValueError(f"le fichier « {self.name} » est vide : rien à envoyer")
