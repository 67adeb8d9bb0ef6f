"""``surveillance.yaml``: whom the house tells when something is wrong, after how long, and when it reconciles by itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from orchestrator.domain.errors import SettingsError
from orchestrator.settings import Settings

#: Its name, in the project's folder.
FILE = "surveillance.yaml"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MailChannel(_Part):
    """Alerts by mail."""

    #: Who is told.
    to: tuple[str, ...] = Field(min_length=1)
    #: The secrets file of the mailbox that sends: smtp, login, password, sender.
    account: str


class WebhookChannel(_Part):
    """Alerts by a signed request."""

    #: Where they are posted.
    url: str = Field(pattern=r"^https?://")
    #: The secrets file with ``key``: what the signature is made with.
    account: str


class Surveillance(_Part):
    """What an installation watches."""

    #: Absent: no mail is sent.
    mail: MailChannel | None = None
    #: Absent: nothing is posted.
    webhook: WebhookChannel | None = None
    #: Minutes after its look that an entry in doubt is told of.
    doubt_minutes: int = Field(default=30, ge=0)
    #: Hours after which a backup is too old.
    backup_hours: int = Field(default=26, ge=1)
    #: Minutes after a planned start without a run.
    run_minutes: int = Field(default=30, ge=1)
    #: Civil time of the daily reconciliation, by scenario, each working day.
    reconcile: Mapping[str, str] = {}

    @field_validator("reconcile")
    @classmethod
    def _are_times(cls, asked: Mapping[str, str]) -> Mapping[str, str]:
        for scenario, at in asked.items():
            try:
                time.fromisoformat(at)
            except ValueError:
                raise ValueError(f'{scenario} : heure attendue, comme « "19:00" »') from None
        return asked

    @property
    def channels(self) -> tuple[str, ...]:
        """The names of the channels that are set up."""
        return tuple(name for name in ("mail", "webhook") if getattr(self, name) is not None)

    @property
    def doubt_after(self) -> timedelta:
        """How long people have to settle a doubt."""
        return timedelta(minutes=self.doubt_minutes)


def load_surveillance(settings: Settings) -> Surveillance:
    """Read the file; without one nobody is told and nothing is reconciled by itself. Raises ``SettingsError``."""
    path = settings.project / FILE
    if not path.exists():
        return Surveillance()
    try:
        return Surveillance.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise SettingsError(f"{path} : surveillance illisible.\n{error}") from None


def secret_of(settings: Settings, name: str, *wanted: str) -> dict[str, Any]:
    """Read a secrets file (0600) that must say these things; its content is in no message."""
    path: Path = settings.secrets / name
    if not path.is_file():
        raise SettingsError(f"Secrets des alertes introuvables : {path}")
    if path.stat().st_mode & 0o077:
        raise SettingsError(f"Le fichier {path} est lisible par d'autres : chmod 600 {path}")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(found.get(each), str) and found[each] for each in wanted):
        raise SettingsError(f"{path} : un objet JSON avec {', '.join(wanted)} est attendu.")
    return found
