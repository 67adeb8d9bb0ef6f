"""The world of a command: database, keys, scenarios, robots, keywords, screen contracts, read and checked once."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.bootstrap.applications import application_folders, import_application
from orchestrator.bootstrap.noticed import notice_older_database, refuse_older_database
from orchestrator.domain.errors import SettingsError
from orchestrator.domain.keywords import Keyword, collect
from orchestrator.drivers.account import RobotAccount
from orchestrator.drivers.applications import AnyContract, load_application
from orchestrator.language.load import load_scenario
from orchestrator.language.model import Scenario
from orchestrator.language.robots import Robot, check_rights, load_robot
from orchestrator.settings import VARIABLES, Settings
from orchestrator.store import embedded
from orchestrator.store.addresses import Addresses, checked, opened
from orchestrator.store.keys import NoKeys, refuse_new_keys, try_keys
from orchestrator.store.known_schema import check_schema
from orchestrator.store.migrate import migrate
from orchestrator.store.roles import ROLES, role_urls
from orchestrator.store.vault import Vault, open_vault


@dataclass(frozen=True, kw_only=True)
class World:
    """Everything a command needs, read and checked."""

    settings: Settings
    #: One connection string per database role, and the owner's.
    urls: Mapping[str, str]
    vault: Vault
    keywords: Mapping[str, Keyword]

    def stop_database(self) -> None:
        """Stop the embedded database; an external one is not ours to stop."""
        if self.settings.embedded:
            embedded.stop(self.settings.workspace)

    async def restart_database(self) -> None:
        """Start the embedded database if it is down; does nothing when it runs or is not ours."""
        if self.settings.embedded:
            await asyncio.to_thread(embedded.start, self.settings.workspace)

    def scenario(self, name: str) -> Scenario:
        """Load and check a scenario of the project by its name, as it stands on disk."""
        path = self.settings.project / "scenarios" / f"{name}.yaml"
        if not path.exists():
            known = ", ".join(sorted(self.scenario_names())) or "aucun"
            raise SettingsError(f"Scénario « {name} » introuvable ({path}). Scénarios : {known}.")
        scenario = load_scenario(path, keywords=self.keywords, caisse=self.settings.caisse)
        check_rights(self.robot(scenario.robot), scenario)
        return scenario

    def scenario_names(self) -> list[str]:
        """Return the names of the project's scenarios (files with a caisse's own values are not scenarios)."""
        files = (self.settings.project / "scenarios").glob("*.yaml")
        return sorted(path.stem for path in files if "." not in path.stem)

    def robot(self, name: str) -> Robot:
        """Load the declaration of a robot."""
        return load_robot(self.settings.project / "robots" / name / "robot.yaml")

    def contract(self, application: str) -> AnyContract:
        """Load the screen contract of an application, with what differs in our caisse."""
        folder = application_folders(self.settings.project).get(application)
        if folder is None:
            raise SettingsError(
                f"Application « {application} » inconnue : il n'y a pas de dossier keywords/{application}."
            )
        local = self.settings.project / "keywords" / application
        return load_application(folder / "screens.yaml", caisse=self.settings.caisse, local=local)

    def works_here(self, robot: str) -> bool:
        """Say whether a robot has accounts in this house: without them it enters nothing in any application."""
        return (self.settings.secrets / self.robot(robot).accounts).exists()

    def accounts(self, robot: Robot) -> dict[str, RobotAccount]:
        """Read the accounts of a robot from its secrets file (0600)."""
        path = self.settings.secrets / robot.accounts
        if not path.exists():
            raise SettingsError(f"Comptes du robot « {robot.robot} » introuvables : {path}")
        if path.stat().st_mode & 0o077:
            raise SettingsError(f"Le fichier {path} est lisible par d'autres : chmod 600 {path}")
        raw = json.loads(path.read_text(encoding="utf-8"))
        return {application: RobotAccount.read(item) for application, item in raw.items()}


async def build_world(settings: Settings, *, force: bool = False) -> World:
    """Find the database and read keys and keywords: as its owner bring it to the current schema, else look whether we may run.

    :param force: as owner, change it even under living runners of an older version.
    """
    settings.workspace.mkdir(parents=True, exist_ok=True, mode=0o700)
    if settings.by_role:
        return await _world_of_roles(settings)
    owner = await asyncio.to_thread(owner_url, settings)
    if not settings.keys.exists():
        await refuse_new_keys(owner)
    vault = open_vault(settings.keys)
    urls = _urls(settings, owner)
    await migrate(owner, {role: urls[role] for role in ROLES}, vault.fingerprints, settings.caisse, force=force)
    await notice_older_database(owner, settings)
    return World(settings=settings, urls=urls, vault=vault, keywords=load_keywords(settings))


def running_world(settings: Settings) -> World:
    """Read the world of a database that another process has started and migrated (for robot sessions).

    Its keys are tried again: who has changed the file meanwhile works with none of them.
    """
    urls = addresses(settings)
    vault = open_vault(settings.keys)
    try_keys(next(iter(urls.values())), vault.fingerprints)
    return World(settings=settings, urls=urls, vault=vault, keywords=load_keywords(settings))


async def _world_of_roles(settings: Settings) -> World:
    """Read the world of a process that owns nothing: it changes no schema, makes no keys, and says what to do if it should."""
    urls = _urls(settings, None)
    for url in urls.values():
        async with opened(url) as connection:
            await check_schema(connection)
    if not settings.keys.exists():
        raise NoKeys(settings.keys)
    vault = open_vault(settings.keys)
    await asyncio.to_thread(try_keys, next(iter(urls.values())), vault.fingerprints)
    if "glr_orchestrator" in urls:
        await refuse_older_database(urls["glr_orchestrator"], settings)
    return World(settings=settings, urls=urls, vault=vault, keywords=load_keywords(settings))


def addresses(settings: Settings) -> Addresses:
    """Return every address that this machine has; the embedded database is started if need be."""
    return _urls(settings, None if settings.by_role else owner_url(settings))


def _urls(settings: Settings, owner: str | None) -> Addresses:
    """Return the address of each role: those that are given, and with the owner's all others."""
    given = {
        role: checked(VARIABLES[role], url, clear=settings.database_clear, authority=settings.ca_file)
        for role, url in settings.role_urls.items()
    }
    made = {} if owner is None else {"owner": owner, **role_urls(owner, settings.secrets)}
    return Addresses({**made, **given}, VARIABLES)


def offline_world(settings: Settings) -> World:
    """Read the project without any database: nothing can be remembered, so nothing can be entered."""
    vault = Vault(wrap=os.urandom(32), index=os.urandom(32), effect=os.urandom(32))
    return World(settings=settings, urls={}, vault=vault, keywords=load_keywords(settings))


def load_keywords(settings: Settings) -> dict[str, Keyword]:
    """Import the keywords that are installed and the workspace's own; a name declared twice is an error."""
    found: dict[str, Keyword] = {}
    for application, folder in sorted(application_folders(settings.project).items()):
        for name, keyword in collect(import_application(application, folder)).items():
            if name in found:
                raise SettingsError(f"Le mot-clé « {name} » est déclaré deux fois (keywords/{application}).")
            found[name] = keyword
    return found


def owner_url(settings: Settings) -> str:
    """Return the owner's address: the database that is given, or the workspace's own, started if need be; blocks."""
    if settings.database_url is not None:
        given, clear = settings.database_url, settings.database_clear
        return checked(VARIABLES["owner"], given, clear=clear, authority=settings.ca_file)
    return embedded.start(settings.workspace).superuser_dsn
