"""What a robot still lacks in this workspace once it has come: accounts, mailbox, folders, screens that no longer fit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from orchestrator.bootstrap.applications import application_folders
from orchestrator.domain.errors import SettingsError
from orchestrator.drivers.applications import load_application
from orchestrator.drivers.contracts import stray
from orchestrator.drivers.workshop import MAILBOX
from orchestrator.language.compile_closing import CLOSING
from orchestrator.language.robots import Robot, load_robot
from orchestrator.settings import Settings

#: How the file of a mailbox begins; what stands in capitals is the caisse's own.
_EXAMPLE: Mapping[str, object] = {
    "smtp": "smtp://SERVEUR:587",
    "imap": "imaps://SERVEUR",
    "login": "IDENTIFIANT",
    "password": "MOT DE PASSE",
    "sender": "ADRESSE DU ROBOT",
}
_RECIPIENT = re.compile(r"\bto=(\w+)")


def lacking(settings: Settings, robot: str) -> list[str]:
    """Say in French what a robot still lacks here and how to provide it; a secret is never shown."""
    declared = load_robot(settings.project / "robots" / robot / "robot.yaml")
    found = [*_accounts(settings, declared), *_mailbox(settings, declared), *_folders(declared)]
    return found + [each for name in sorted(declared.applications) for each in _own_screens(settings, name)]


def _accounts(settings: Settings, robot: Robot) -> Iterator[str]:
    path = settings.secrets / robot.accounts
    missing = sorted(set(robot.applications) - set(_read(path)))
    if missing:
        account = {"address": "ADRESSE", "login": "IDENTIFIANT", "password": "MOT DE PASSE"}
        yield f"comptes du robot : {', '.join(missing)}. {_to_write(path, dict.fromkeys(missing, account))}"
    yield from _open_to_others(path)


def _mailbox(settings: Settings, robot: Robot) -> Iterator[str]:
    if robot.mail is None:
        return
    path, wanted = settings.secrets / robot.mail, _recipients(settings, robot)
    known = _read(path)
    if missing := sorted(MAILBOX - known.keys()):
        example = {**_EXAMPLE, "addresses": dict.fromkeys(wanted, "ADRESSE")}
        which = f" ({', '.join(missing)})" if known else ""
        yield f"boîte aux lettres du robot{which}. {_to_write(path, example)}"
    elif unknown := [name for name in wanted if name not in known["addresses"]]:
        yield f"adresses auxquelles la clôture écrit : {', '.join(unknown)}. Les ajouter sous « addresses » dans {path}"
    if (authority := known.get("authority")) and not Path(authority).is_file():
        yield f"certificat de l'autorité interne : {authority}, que nomme {path}. Le demander au service informatique"
    yield from _open_to_others(path)


def _recipients(settings: Settings, robot: Robot) -> list[str]:
    """Return the names of addresses that the robot's closing writes to, as far as they are written out."""
    suite = settings.project / "robots" / robot.robot / CLOSING
    return sorted(set(_RECIPIENT.findall(suite.read_text(encoding="utf-8")))) if suite.exists() else []


def _folders(robot: Robot) -> Iterator[str]:
    """Name the shared folders that are not on this machine; those of the workspace are made when something is put there."""
    for name, folder in sorted(robot.folders.items()):
        if folder.path.is_absolute() and not folder.path.is_dir():
            yield (
                f"dossier « {name} » : {folder.path}. Le monter sur cette machine, ou changer son chemin dans "
                f"robots/{robot.robot}/robot.yaml"
            )


def _to_write(path: Path, example: Mapping[str, object]) -> str:
    return f"Écrire {path}, puis chmod 600 :\n    {json.dumps(example, ensure_ascii=False)}"


def _open_to_others(path: Path) -> Iterator[str]:
    if path.exists() and path.stat().st_mode & 0o077:
        yield f"un fichier que personne d'autre ne lise : chmod 600 {path}"


def _read(path: Path) -> dict[str, Any]:
    """Return what a file of secrets holds; nothing when it is not there or cannot be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _own_screens(settings: Settings, application: str) -> Iterator[str]:
    """Say where the caisse's own screens no longer fit the contract that has come."""
    local = settings.project / "keywords" / application
    shared = application_folders(settings.project).get(application, local) / "screens.yaml"
    own = local / f"screens.{settings.caisse}.yaml"
    if not own.exists() or not shared.exists():
        return
    try:
        load_application(shared, caisse=settings.caisse, local=local)
    except SettingsError as error:
        yield str(error)
        return
    for place in stray(*(yaml.safe_load(each.read_text(encoding="utf-8")) for each in (shared, own))):
        yield f"{own} parle de {place}, que le contrat partagé n'a pas : nouveau chez vous, ou renommé par l'auteur ?"
