"""Every setting, read in one place; environment variables ``GLR_…``."""

from __future__ import annotations

import os
import re
from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from orchestrator.domain.errors import SettingsError
from orchestrator.domain.network import Network

#: Where the address of each role of the database is read; the owner's first.
VARIABLES = {
    "owner": "GLR_DATABASE_URL",
    "glr_orchestrator": "GLR_ORCHESTRATOR_URL",
    "glr_console": "GLR_CONSOLE_URL",
    "glr_exporter": "GLR_EXPORTER_URL",
    "glr_runner": "GLR_RUNNER_URL",
}


def default_workspace() -> Path:
    """Return a folder of the user's."""
    home = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return home / "go-les-robots"


class Settings(BaseSettings):
    """What an installation may set."""

    model_config = SettingsConfigDict(env_prefix="GLR_", extra="ignore")

    #: Where data lives: database, keys, evidence, audit log.
    workspace: Path = Field(default_factory=default_workspace)
    #: Where scenarios, robots and keywords are; the workspace's own when it has some, else the project's.
    home: Path | None = None
    #: Any PostgreSQL ≥ 15, as its owner; without it one is started in the workspace.
    database_url: str | None = None
    #: The same as one of its roles: a process that is given one, and no owner, changes nothing of the schema.
    runner_url: str | None = None
    orchestrator_url: str | None = None
    console_url: str | None = None
    exporter_url: str | None = None
    #: True to let a database that is not on this machine be reached without TLS.
    database_clear: bool = False
    #: The internal authority (PEM) that signs certificates of applications, mail, webhook and database.
    ca_file: Path | None = None
    #: ``http://host:port`` through which applications and the webhook are reached; database and mail never.
    proxy: str | None = None
    #: What is reached without it, by commas: hosts, or suffixes that begin with a dot.
    no_proxy: str = ""
    #: The caisse this installation works for.
    caisse: str = "cpam-931"
    #: How many robot sessions this machine hosts.
    sessions: int = Field(default=2, ge=1, le=64)
    #: What robots may ask of this machine, separated by commas: its labels.
    labels: str = ""
    #: Seconds a session gets to finish its case when its runner is asked to stop.
    grace: float = Field(default=20.0, ge=1, le=600)
    #: True to read every screen through pages, even those proven to read the same through plain requests.
    pages_only: bool = False
    #: Where the console listens.
    console_host: str = "127.0.0.1"
    console_port: int = Field(default=8100, ge=0, le=65535)
    #: True when the console is behind TLS: its cookies are then ``__Host-`` and ``Secure``.
    secure_cookies: bool = False
    #: Shown as a ribbon on every page of the console.
    environment_name: str = "démonstration"

    @field_validator("ca_file")
    @classmethod
    def _is_there(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_file():
            raise SettingsError(
                f"GLR_CA_FILE ({path}) n'est pas un fichier : le certificat de l'autorité interne (PEM)."
            )
        return path

    @field_validator("proxy")
    @classmethod
    def _is_open(cls, proxy: str | None) -> str | None:
        if proxy is not None and not re.fullmatch(r"http://[\w.-]+:\d{1,5}/?", proxy):
            raise SettingsError(
                "GLR_PROXY : http://serveur:port attendu, sans identifiant : un mot de passe serait lisible dans "
                "l'environnement des processus. Faire admettre ce serveur par son adresse."
            )
        return proxy.rstrip("/") if proxy else None

    @property
    def network(self) -> Network:
        """How other machines are reached."""
        direct = tuple(part.strip() for part in self.no_proxy.split(",") if part.strip())
        return Network(authority=self.ca_file, proxy=self.proxy, direct=direct, store=self.workspace / "browser")

    @property
    def role_urls(self) -> dict[str, str]:
        """The addresses that are given, by role of the database."""
        given = {
            "glr_orchestrator": self.orchestrator_url,
            "glr_console": self.console_url,
            "glr_exporter": self.exporter_url,
            "glr_runner": self.runner_url,
        }
        return {role: url for role, url in given.items() if url is not None}

    @property
    def by_role(self) -> bool:
        """True for a process that is given the address of a role and not the owner's."""
        return self.database_url is None and bool(self.role_urls)

    @property
    def embedded(self) -> bool:
        """True when the database is the workspace's own."""
        return self.database_url is None and not self.role_urls

    @property
    def secrets(self) -> Path:
        """Keys, role passwords and robot accounts; 0700."""
        return self.workspace / "secrets"

    @property
    def keys(self) -> Path:
        """The keys of this installation; 0600."""
        return self.secrets / "keys.json"

    @property
    def witnesses(self) -> Path:
        """The witness of each application, for the walk before a run; 0600."""
        return self.secrets / "canary.json"

    @property
    def patches(self) -> Path:
        """Proposed changes of screens, for people to read and to apply."""
        return self.workspace / "logs" / "ecrans"

    @property
    def evidence(self) -> Path:
        """Masked captures, by digest."""
        return self.workspace / "logs" / "evidence"

    @property
    def bordereaux(self) -> Path:
        """The workbook of each closed run."""
        return self.workspace / "logs" / "bordereaux"

    @property
    def audit_log(self) -> Path:
        """The exported audit log."""
        return self.workspace / "logs" / "audit"

    @property
    def project(self) -> Path:
        """The folder with ``scenarios/``, ``robots/`` and ``keywords/``."""
        if self.home is not None:
            return self.home
        own = self.workspace / "scenarios"
        return self.workspace if own.is_dir() else Path(__file__).resolve().parent.parent

    @property
    def environment(self) -> dict[str, str]:
        """What a child process needs to read the same settings."""
        given = {"GLR_WORKSPACE": str(self.workspace), "GLR_CAISSE": self.caisse, "GLR_SESSIONS": str(self.sessions)}
        given |= {"GLR_LABELS": self.labels, "GLR_GRACE": str(self.grace)}
        given |= {"GLR_CONSOLE_HOST": self.console_host, "GLR_CONSOLE_PORT": str(self.console_port)}
        given |= {
            "GLR_PAGES_ONLY": str(self.pages_only).lower(),
            "GLR_DATABASE_CLEAR": str(self.database_clear).lower(),
        }
        optional: dict[str, object] = {"GLR_HOME": self.home, "GLR_DATABASE_URL": self.database_url}
        optional |= {"GLR_CA_FILE": self.ca_file, "GLR_PROXY": self.proxy, "GLR_NO_PROXY": self.no_proxy or None}
        optional |= {VARIABLES[role]: url for role, url in self.role_urls.items()}
        return {**given, **{name: str(value) for name, value in optional.items() if value is not None}}
