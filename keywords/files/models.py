"""A file in one of the robot's declared folders, known by its digest: what ``files.find`` gives and others take."""

from __future__ import annotations

from hashlib import file_digest
from pathlib import Path
from typing import Self

from pydantic import BaseModel, Field

from orchestrator.domain.errors import BusinessException
from orchestrator.domain.ports import Workshop


class FoundFile(BaseModel, frozen=True):
    """A file as it was found or made."""

    #: The name of the declared folder, never its path.
    folder: str = Field(title="Dossier")
    name: str = Field(title="Fichier")
    #: Bytes.
    size: int = Field(title="Octets")
    #: Of its bytes.
    sha256: str = Field(title="Empreinte SHA-256")

    @classmethod
    def at(cls, folder: str, path: Path) -> Self:
        """Describe the file at a path."""
        with path.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
        return cls(folder=folder, name=path.name, size=path.stat().st_size, sha256=digest)

    def path(self, workshop: Workshop) -> Path:
        """Return where it is; raises ``BusinessException`` when it is no longer the file that was found."""
        path = workshop.existing(self.folder, self.name)
        if FoundFile.at(self.folder, path) != self:
            raise BusinessException(
                "FICHIER-CHANGE",
                f"« {self.name} » ({self.folder}) a changé depuis qu'il a été trouvé. Le chercher à nouveau.",
            )
        return path


class FoundFiles(BaseModel, frozen=True):
    """The files of a folder that have a form of name, sorted by name."""

    files: tuple[FoundFile, ...] = Field(title="Fichiers")

    @property
    def count(self) -> int:
        """How many."""
        return len(self.files)

    @property
    def first(self) -> FoundFile:
        """The first; raises ``BusinessException`` when there is none."""
        if not self.files:
            raise BusinessException("FICHIER-ABSENT", "Aucun fichier de ce nom dans ce dossier.")
        return self.files[0]
