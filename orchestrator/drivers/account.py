"""A robot's account at one installation of an application, as its secrets file says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from orchestrator.domain.personal import Secret


@dataclass(frozen=True, kw_only=True)
class RobotAccount:
    """Where an application is and under which declared name the robot works there."""

    #: ``http(s)://host:port`` of the application.
    address: str
    #: The robot's login, shown by the application as author.
    login: str
    #: Its password.
    password: Secret
    #: Seconds that this installation is left in peace after a doubt, where it is known better than ``screens.yaml`` says.
    quiet: float | None = None

    @classmethod
    def read(cls, item: Mapping[str, Any]) -> Self:
        """Read one account of the secrets file."""
        quiet = item.get("quiet")
        return cls(
            address=item["address"],
            login=item["login"],
            password=Secret(item["password"]),
            quiet=None if quiet is None else float(quiet),
        )
