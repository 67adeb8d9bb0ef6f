"""``glr new application``: walk, draft, write a folder that is valid at once; nothing is left behind when it would not be."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from orchestrator.bootstrap.applications import application_folders
from orchestrator.bootstrap.world import World
from orchestrator.domain.errors import SettingsError
from orchestrator.drafting.code import models_text, module_text, readable
from orchestrator.drafting.contract import contract_text
from orchestrator.drafting.screens import ApplicationDraft, draft
from orchestrator.drafting.walk import Limits, walk
from orchestrator.drivers.account import RobotAccount
from orchestrator.drivers.browser import open_browser
from orchestrator.drivers.contracts import load_contract
from orchestrator.drivers.release import Release, ScreenFacts, written
from orchestrator.sharing.contents import suspicious

_NAME = re.compile(r"[a-z][a-z0-9]{1,30}")
_HEAD = "# Premier jet de glr new application : après l'avoir regardé, l'écrire à nouveau par glr screens record.\n"


@dataclass(frozen=True, kw_only=True)
class Drafted:
    """What was written."""

    folder: Path
    draft: ApplicationDraft

    @property
    def keywords(self) -> list[str]:
        """The screens that the drafted keywords read."""
        return [screen.name for screen in readable(self.draft)]


async def new_application(
    world: World, name: str, start: str, robot: str, also: Sequence[str], limits: Limits
) -> Drafted:
    """Draft ``keywords/<name>`` from the pages of an application.

    Raises :class:`SettingsError` for a bad or taken name, an account that is missing or elsewhere, ``LoginRefused``;
    nothing is written then.
    """
    folder = world.settings.project / "keywords" / name
    _check_name(world, name, folder)
    account = _account(world, robot, name, start)
    addresses = [urlsplit(each)._replace(scheme="", netloc="").geturl() for each in also]
    async with open_browser(world.settings.network) as browser:
        walked = await walk(browser, start, account, addresses, limits)
    drafted = draft(name, walked, addresses)
    _write(folder, _texts(drafted))
    return Drafted(folder=folder, draft=drafted)


def _check_name(world: World, name: str, folder: Path) -> None:
    if not _NAME.fullmatch(name):
        raise SettingsError(
            f"« {name} » n'est pas un nom d'application : des minuscules et des chiffres, comme « fichier »."
        )
    if name in application_folders(world.settings.project) or folder.exists():
        raise SettingsError(f"L'application « {name} » existe déjà : rien n'a été écrit. Donner un autre nom.")


def _account(world: World, robot: str, name: str, start: str) -> RobotAccount:
    accounts = world.accounts(world.robot(robot))
    if name not in accounts:
        path = world.settings.secrets / world.robot(robot).accounts
        raise SettingsError(
            f'{path} n\'a pas de compte « {name} » : y ajouter "{name}": {{"address": …, "login": …, "password": …}}.'
        )
    account = accounts[name]
    if urlsplit(account.address)[:2] != urlsplit(start)[:2]:
        raise SettingsError(
            f"Le compte « {name} » est pour {account.address} : il n'est pas donné à une autre adresse."
        )
    return account


def _texts(drafted: ApplicationDraft) -> dict[str, str]:
    filled = {form.screen for form in drafted.forms}
    version = drafted.version[1] if drafted.version else "?"
    forms = {screen.name: ScreenFacts(forms=screen.forms) for screen in drafted.screens if screen.name in filled}
    release = written(Release(application=drafted.name, version=version, screens=forms))
    return {
        "screens.yaml": contract_text(drafted),
        "release.yaml": _HEAD + release.partition("\n")[2],
        "models.py": models_text(drafted),
        "__init__.py": module_text(drafted),
    }


def _write(folder: Path, texts: dict[str, str]) -> None:
    personal = suspicious({name: text.encode() for name, text in texts.items()})
    if personal:
        raise SettingsError(f"Le premier jet dirait quelque chose d'une personne, rien n'a été écrit :\n{personal}")
    folder.mkdir(parents=True)
    try:
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
        load_contract(folder / "screens.yaml")
        for name in ("models.py", "__init__.py"):
            compile(texts[name], name, "exec")
    except BaseException:
        shutil.rmtree(folder)
        raise
