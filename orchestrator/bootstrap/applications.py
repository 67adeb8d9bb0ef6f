"""Where the keywords of each application are: the installed ones, and the workspace's own (ADR 10).

A workspace's application is imported under its own name, ``keywords.<application>``, by a finder that knows exactly the folders
found there: nothing else of the workspace becomes importable, and the ``keywords`` package itself stays the installed one.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

from orchestrator.domain.errors import SettingsError

#: Beside a workspace's applications: which of them replace an installed one, ``overrides: [bdo]``.
OVERRIDES = "overrides.yaml"


def application_folders(project: Path) -> dict[str, Path]:
    """Return the folder of each application by name; raises :class:`SettingsError` for one that is there twice unsaid."""
    installed, own = _applications(installed_folder()), _applications(project / "keywords")
    if project / "keywords" == installed_folder():
        return installed
    twice = sorted(installed.keys() & own.keys() - overrides_said(project / "keywords" / OVERRIDES))
    if twice:
        raise SettingsError(
            f"{project / 'keywords'} : {', '.join(twice)} existe déjà parmi les applications installées. Donner un autre nom, "
            f"ou dire que c'est voulu dans {OVERRIDES} : « overrides: [{', '.join(twice)}] »."
        )
    return {**installed, **own}


def import_application(name: str, folder: Path) -> ModuleType:
    """Import ``keywords.<name>`` from its folder; raises :class:`SettingsError` when this process has another one already."""
    if folder.parent != installed_folder() and not any(
        isinstance(each, _Finder) and each.knows(name, folder) for each in sys.meta_path
    ):
        sys.meta_path.insert(0, _Finder({name: folder}))
    module = import_module(f"keywords.{name}")
    found = Path(str(module.__file__)).parent
    if found != folder:
        raise SettingsError(
            f"keywords.{name} vient déjà de {found} : un processus ne sert qu'un espace de travail ({folder})."
        )
    return module


class _Finder(MetaPathFinder):
    """Finds exactly the applications it was told, each in its folder."""

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._folders = folders

    def knows(self, name: str, folder: Path) -> bool:
        """True when it would find that application there."""
        return self._folders.get(name) == folder

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: Any = None, /) -> ModuleSpec | None:  # noqa: ANN401, ARG002
        package, _, name = fullname.partition(".")
        if package != "keywords" or name not in self._folders:
            return None
        folder = self._folders[name]
        return spec_from_file_location(fullname, folder / "__init__.py", submodule_search_locations=[str(folder)])


def installed_folder() -> Path:
    """Return where the installed applications are."""
    spec = find_spec("keywords")
    if spec is None or spec.origin is None:
        raise SettingsError("Le paquet keywords n'est pas installé.")
    return Path(spec.origin).parent


def _applications(keywords: Path) -> dict[str, Path]:
    return {found.parent.name: found.parent for found in sorted(keywords.glob("*/__init__.py"))}


def overrides_said(path: Path) -> set[str]:
    """Return the applications that a workspace says it replaces; raises :class:`SettingsError`."""
    if not path.exists():
        return set()
    said = yaml.safe_load(path.read_text(encoding="utf-8"))
    names = said.get("overrides") if isinstance(said, dict) else None
    if not isinstance(names, list):
        raise SettingsError(f"{path} : « overrides: [application, …] » est attendu.")
    return {str(name) for name in names}
