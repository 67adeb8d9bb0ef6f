"""RPA.Archive at work, in the helper process; what an archive says of itself is checked before anything is opened."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from zipfile import BadZipFile, ZipFile, ZipInfo

from orchestrator.domain.errors import BusinessException

#: Members, bytes once opened, and how much larger than packed one may become.
MOST, LARGEST, RATIO = 1_000, 200_000_000, 200


def listed(path: str) -> list[dict[str, str | int]]:
    """Return the members of an archive: name and size once opened; raises for one that is not safe to open."""
    return [{"name": member.filename, "size": member.file_size} for member in _checked(path)]


def opened(path: str, into: str) -> list[str]:
    """Open every member into an empty folder; returns their names."""
    from RPA.Archive import Archive  # noqa: PLC0415 - only the helper process imports it

    names = [member.filename for member in _checked(path)]
    try:
        Archive().extract_archive(path, into)
    except (BadZipFile, EOFError, NotImplementedError, OSError, RuntimeError, ValueError):
        raise _refused(path, "elle est abîmée") from None
    return names


def packed(path: str, folder: str) -> None:
    """Make an archive of the files of a folder."""
    from RPA.Archive import Archive  # noqa: PLC0415

    Archive().archive_folder_with_zip(folder, path, compression="deflated")


def _checked(path: str) -> Sequence[ZipInfo]:
    try:
        with ZipFile(path) as archive:
            members = archive.infolist()
    except (BadZipFile, OSError):
        raise _refused(path, "ce n'est pas une archive zip, ou elle est abîmée") from None
    if len(members) > MOST or sum(member.file_size for member in members) > LARGEST:
        raise _refused(path, f"plus de {MOST} fichiers ou de {LARGEST // 1_000_000} Mo une fois ouverte")
    for member in members:
        if why := _danger(member):
            raise _refused(path, why)
    if len({member.filename.casefold() for member in members}) != len(members):
        raise _refused(path, "deux fichiers y ont le même nom")
    return members


def _danger(member: ZipInfo) -> str:
    name = PurePosixPath(member.filename)
    if (
        member.is_dir()
        or len(name.parts) != 1
        or name.name.startswith(".")
        or set(member.filename) & set('\\:\0"<>|?*')
    ):
        return "un de ses fichiers serait posé hors du dossier, ou dans un autre"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "elle contient un lien"
    if member.flag_bits & 0x1:
        return "elle est protégée par un mot de passe"
    if member.file_size > RATIO * max(member.compress_size, 1_000):
        return "un de ses fichiers grossit sans mesure une fois ouvert"
    return ""


def _refused(path: str, why: str) -> BusinessException:
    return BusinessException("ARCHIVE", f"Archive « {Path(path).name} » refusée : {why}. Rien n'en a été ouvert.")
