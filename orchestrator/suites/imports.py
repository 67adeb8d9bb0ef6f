"""The libraries that a suite imports, looked for before it runs: Robot Framework would only miss their keywords."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from orchestrator.language.faults import Faults, ScenarioErrors

_STANDARD = "robot.libraries"
_IMPORTS = {"LIBRARY", "RESOURCE", "VARIABLES"}


def check_imports(suite: Path) -> None:
    """Raise :class:`ScenarioErrors` that names each absent library and file, in French, at its line and column."""
    from robot.api import get_model  # noqa: PLC0415 - only processes that run a suite import Robot Framework
    from robot.api.parsing import SettingSection  # noqa: PLC0415

    faults = Faults(file=suite.name)
    sections = [section for section in get_model(suite).sections if isinstance(section, SettingSection)]
    for statement in (found for section in sections for found in section.body):
        name = getattr(statement, "name", None)
        if statement.type not in _IMPORTS or not name or _there(name, statement.type, suite.parent):
            continue
        column = statement.get_token("NAME").col_offset + 1
        advice = "L'ajouter à l'installation, ou lire par les mots-clés de la maison."
        if statement.type == "RESOURCE" or is_path(name):
            faults.add_at(statement.lineno, column, f"fichier « {name} » introuvable", "Vérifier son chemin.")
        else:
            faults.add_at(statement.lineno, column, f"la bibliothèque « {name} » n'est pas installée", advice)
    if faults.found:
        raise ScenarioErrors(faults.found)


def is_path(name: str) -> bool:
    """True for a file, as against an installed library."""
    return name.endswith((".py", "/", ".resource", ".robot", ".yaml", ".yml", ".json"))


def local_path(name: str, folder: Path) -> Path:
    """Return where a file named in a suite of that folder is."""
    return folder / name.replace("${CURDIR}", str(folder)).replace("${/}", "/")


def _there(name: str, kind: str, folder: Path) -> bool:
    path = str(local_path(name, folder)) if is_path(name) else name
    if "${" in path:
        return True  # known only when it runs
    if kind == "RESOURCE" or is_path(name):
        return (folder / path).exists()
    return any(_importable(each) for each in (f"{_STANDARD}.{name}", name, name.rpartition(".")[0]) if each)


def _importable(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False
