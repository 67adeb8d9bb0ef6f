"""Zip archives: what they hold, opening one safely, making one of files of the robot."""

from __future__ import annotations

import shutil

from pydantic import BaseModel, Field

from keywords.archives import zips
from keywords.files import placed
from keywords.files.models import FoundFile, FoundFiles
from orchestrator.domain.errors import AlreadyThere, BusinessException
from orchestrator.domain.keywords import check, hand_over
from orchestrator.domain.ports import Workshop


class Member(BaseModel, frozen=True):
    """A file of an archive."""

    name: str = Field(title="Fichier")
    #: Bytes once opened.
    size: int = Field(title="Octets")


class Archive(BaseModel, frozen=True):
    """An archive that is safe to open."""

    members: tuple[Member, ...] = Field(title="Fichiers")

    @property
    def count(self) -> int:
        """How many files."""
        return len(self.members)


@check("archives.list", "Contenu d'une archive zip, si elle est sûre à ouvrir.")
async def contents(workshop: Workshop, *, file: FoundFile) -> Archive:
    """List an archive; raises ``BusinessException`` ARCHIVE for one that would leave its folder, or is too large.

    At most 1 000 files and 200 MB once opened; no folder, link or password inside.
    Example: ``check: archives.list`` with ``file: ${found.first}``, then ``C-40: archive.count == 2``.
    """
    return Archive(members=tuple(await workshop.run(zips.listed, path=str(file.path(workshop)))))


@hand_over("archives.make", "Archive zip de fichiers du robot, dans un dossier déclaré.", visible=True)
async def make(workshop: Workshop, *, folder: str, name: str, files: list[FoundFile]) -> FoundFile:
    """Pack files, each known by its digest, into an archive, never over another file.

    Raises ``BusinessException`` ARCHIVE when two have one name, FICHIER-CHANGE, FICHIER-PRESENT.
    Example: ``archives.make    folder=bordereaux    name=execution.zip    files=${fichiers}    effect_key=archive``.
    """
    if len({file.name.casefold() for file in files}) != len(files) or not files:
        raise BusinessException("ARCHIVE", f"« {name} » : des fichiers de noms différents sont attendus.")
    inside = workshop.drafts() / "archive"
    inside.mkdir()
    for file in files:
        shutil.copyfile(file.path(workshop), inside / file.name)
    draft = workshop.drafts() / "archive.zip"
    await workshop.run(zips.packed, path=str(draft), folder=str(inside))
    return placed(workshop, folder, name, draft)


@hand_over(
    "archives.open", "Ouvre une archive zip dans un dossier déclaré, tout ou rien d'abord contrôlé.", visible=True
)
async def unpack(workshop: Workshop, *, file: FoundFile, folder: str) -> FoundFiles:
    """Open an archive that ``archives.list`` accepts; a file that is already there with the same content stays.

    Raises ``BusinessException`` ARCHIVE, FICHIER-PRESENT for another content under the same name.
    Example: ``archives.open    file=${archive}    folder=recus    effect_key=ouvrir``.
    """
    inside = workshop.drafts() / "ouverte"
    inside.mkdir()
    names = await workshop.run(zips.opened, path=str(file.path(workshop)), into=str(inside))
    wanted = [FoundFile.at(folder, inside / name) for name in names]
    for each in wanted:
        try:
            placed(workshop, folder, each.name, inside / each.name)
        except AlreadyThere as error:
            if error.result != each:
                raise
    return FoundFiles(files=tuple(wanted))
