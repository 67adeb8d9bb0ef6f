"""A robot's workshop: its declared folders and nothing beside them, its mailbox, its helper process.

Every path that a generic library sees comes from here, so that a name can never lead out of a folder, and no file is
ever written over another.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any
from uuid import uuid4

from orchestrator.domain.errors import AlreadyThere, ApplicationException, BusinessException, SettingsError
from orchestrator.domain.personal import personal_form
from orchestrator.drivers.deposit import Deposit
from orchestrator.drivers.helper import Helper

#: Characters of a file name.
LONGEST_NAME = 150
#: What the secrets file of a mailbox says, besides ``authority``.
MAILBOX = frozenset({"smtp", "imap", "login", "password", "sender", "addresses"})
_TEMPLATES = "modeles"


@dataclass(frozen=True, kw_only=True)
class DeclaredFolder:
    """A folder that a robot may use."""

    path: Path
    #: False for one that is only read.
    write: bool


@dataclass
class RobotWorkshop:
    """What ``robot.yaml`` declares, as generic libraries use it; closed when done."""

    #: ``robots/<robot>``.
    home: Path
    folders: Mapping[str, DeclaredFolder]
    #: What a letter says of the robot.
    about: Mapping[str, str]
    #: The secrets file of its mailbox (0600); None when it has none.
    mail: Path | None = None
    helper: Helper = field(default_factory=Helper)
    _drafts: TemporaryDirectory[str] = field(default_factory=lambda: TemporaryDirectory(prefix="glr-atelier-"))

    async def close(self) -> None:
        """End the helper process and throw the drafts away."""
        await self.helper.close()
        self._drafts.cleanup()

    async def run(self, work: Callable[..., Any], **given: object) -> Any:  # noqa: ANN401 - JSON
        """Run a function in the helper process."""
        return await self.helper.run(work, given)

    def found(self, folder: str, pattern: str) -> list[Path]:
        """Return the plain files of a folder whose name has this form, sorted."""
        if set(pattern) & set("/\\\0") or pattern.startswith("."):
            raise BusinessException("DOSSIER", f"« {pattern} » : la forme d'un nom est attendue, sans chemin.")
        place = self._folder(folder).path
        files = place.iterdir() if place.is_dir() else ()
        return sorted(each for each in files if _is_plain(each) and fnmatchcase(each.name, pattern))

    def existing(self, folder: str, name: str) -> Path:
        """Return a plain file of a folder."""
        path = self._folder(folder).path / _checked(name)
        if not _is_plain(path):
            raise BusinessException("FICHIER-ABSENT", f"« {name} » n'est pas dans « {folder} ».")
        return path

    def place(self, folder: str, name: str, draft: Path) -> Path:
        """Copy a draft beside its place, then give it its name at once, if nothing has that name."""
        into = self._writable(folder)
        final, part = into / _checked(name), into / f".{uuid4().hex}.part"
        try:
            into.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.copyfile(draft, part)
            part.chmod(0o640)
            os.link(part, final)
        except OSError as error:
            if isinstance(error, FileExistsError) and final.exists():
                raise AlreadyThere(folder, name) from None
            why = f"« {name} » n'a pas pu être posé dans « {folder} » ({error.strerror}). Rien n'y a été écrit."
            raise ApplicationException(why) from None
        finally:
            with suppress(OSError):  # what was said above stays true
                part.unlink()
        return final

    def prepare(self, folder: str, name: str, draft: Path) -> Deposit:
        """Return the deposit of a draft, not yet made; what would refuse it for certain is said now."""
        self._writable(folder)
        return Deposit(workshop=self, folder=folder, name=_checked(name), draft=draft)

    def withdraw(self, folder: str, name: str) -> None:
        """Take a file out of a folder."""
        (self._writable(folder) / _checked(name)).unlink()

    def drafts(self) -> Path:
        """Return a new, empty folder."""
        return Path(mkdtemp(dir=self._drafts.name))

    def template(self, name: str) -> str:
        """Return a text of ``robots/<robot>/modeles``."""
        path = self.home / _TEMPLATES / _checked(name)
        if not _is_plain(path):
            raise BusinessException("MODELE", f"Pas de modèle « {name} » dans {self.home.name}/{_TEMPLATES}.")
        return path.read_text(encoding="utf-8")

    def mailbox(self) -> Mapping[str, str]:
        """Return addresses of servers, login, password and sender."""
        return {name: str(said) for name, said in self._mail().items() if name != "addresses"}

    def address(self, name: str) -> str:
        """Return a declared address."""
        known: Mapping[str, str] = self._mail()["addresses"]
        if name not in known:
            said = ", ".join(sorted(known)) or "aucune"
            raise BusinessException("DESTINATAIRE", f"Aucune adresse « {name} » n'est déclarée (déclarées : {said}).")
        return known[name]

    def addresses(self) -> list[str]:
        """Return the names of the declared addresses; none without a mailbox."""
        return sorted(self._mail()["addresses"]) if self.mail is not None and self.mail.exists() else []

    def _mail(self) -> dict[str, Any]:
        if self.mail is None or not self.mail.exists():
            raise SettingsError(f"Le robot « {self.home.name} » n'a pas de boîte aux lettres ({self.mail or 'mail:'}).")
        if self.mail.stat().st_mode & 0o077:
            raise SettingsError(f"Le fichier {self.mail} est lisible par d'autres : chmod 600 {self.mail}")
        said: dict[str, Any] = json.loads(self.mail.read_text(encoding="utf-8"))
        if absent := MAILBOX - said.keys():
            raise SettingsError(f"{self.mail} : il manque {', '.join(sorted(absent))}.")
        return said

    def _folder(self, name: str) -> DeclaredFolder:
        if name not in self.folders:
            known = ", ".join(sorted(self.folders)) or "aucun"
            raise BusinessException("DOSSIER", f"Le robot n'a pas de dossier « {name} » (déclarés : {known}).")
        return self.folders[name]

    def _writable(self, name: str) -> Path:
        folder = self._folder(name)
        if not folder.write:
            raise BusinessException("DOSSIER", f"« {name} » n'est déclaré qu'en lecture (write: true dans robot.yaml).")
        return folder.path


def _is_plain(path: Path) -> bool:
    """True for a file that is itself in its folder: no link, no folder, nothing hidden."""
    return path.is_file() and not path.is_symlink() and not path.name.startswith(".")


def _checked(name: str) -> str:
    """Return the name of a file that stays in its folder and says nothing of anybody; raises ``BusinessException``."""
    if personal_form(name.replace("_", " ")):
        raise BusinessException("PERSONNEL", "Un nom de fichier ne porte ni NIR ni IBAN.")
    if (
        not name
        or name.startswith(".")
        or set(name) & set("/\\:")
        or not name.isprintable()
        or len(name) > LONGEST_NAME
    ):
        raise BusinessException("DOSSIER", "Un nom de fichier simple est attendu, sans chemin.")
    return name
