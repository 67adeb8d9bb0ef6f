"""Files of the robot's declared folders: find, know again by digest, put away; nothing is overwritten, nothing deleted."""

from __future__ import annotations

import shutil
from pathlib import Path

from keywords.files.models import FoundFile, FoundFiles
from orchestrator.domain.errors import AlreadyThere, BusinessException
from orchestrator.domain.keywords import extract, hand_over
from orchestrator.domain.ports import Workshop


@extract("files.find", "Fichiers d'un dossier déclaré dont le nom a une forme, avec leur empreinte.")
async def find(workshop: Workshop, *, folder: str, pattern: str) -> FoundFiles:
    """List the files of a folder declared in ``robot.yaml`` by pattern (``*`` and ``?``), sorted; sizes in bytes.

    Raises ``BusinessException`` DOSSIER for a folder that is not declared or a pattern that leads out of it.
    Example: ``extract: files.find`` with ``folder: livraisons`` and ``pattern: anomalies-*.csv``, then
    ``C-20: found.count == 1``.
    """
    return FoundFiles(files=tuple(FoundFile.at(folder, path) for path in workshop.found(folder, pattern)))


@hand_over("files.move", "Range un fichier dans un autre dossier déclaré, sans jamais en écraser un.", visible=True)
async def move(workshop: Workshop, *, file: FoundFile, folder: str, reason: str = "") -> FoundFile:
    """Move a file to another declared folder, e.g. of what is done or refused; its content is checked by digest.

    ``reason`` is written beside it, in ``<name>.motif.txt``. Raises ``BusinessException`` FICHIER-PRESENT when a file has
    that name there, FICHIER-CHANGE when the content is not the one that was found.
    Example: ``files.move    file=${livraison}    folder=traitees    effect_key=ranger``.
    """
    moved = file.model_copy(update={"folder": folder})
    source = _source(workshop, file, moved)
    if reason:
        note = workshop.drafts() / "motif.txt"
        note.write_text(f"{reason}\n", encoding="utf-8")
        workshop.place(folder, f"{file.name}.motif.txt", note)
    draft = workshop.drafts() / "copie"
    shutil.copyfile(source, draft)
    found = placed(workshop, folder, file.name, draft)
    workshop.withdraw(file.folder, file.name)
    return found


def placed(workshop: Workshop, folder: str, name: str, draft: Path) -> FoundFile:
    """Give a finished file its name in a folder; an ``AlreadyThere`` carries the file that is there."""
    try:
        return FoundFile.at(folder, workshop.place(folder, name, draft))
    except AlreadyThere:
        there = FoundFile.at(folder, workshop.existing(folder, name))
        raise AlreadyThere(folder, name, there) from None


def _source(workshop: Workshop, file: FoundFile, moved: FoundFile) -> Path:
    """Return the file to move; raises ``AlreadyThere`` when it was moved before, which its digest proves."""
    try:
        return file.path(workshop)
    except BusinessException:
        try:
            moved.path(workshop)
        except BusinessException:
            pass
        else:
            raise AlreadyThere(moved.folder, moved.name, moved) from None
        raise
