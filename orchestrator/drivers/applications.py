"""Applications of both kinds, web and terminal: their contracts, and a robot's desks at them."""

from __future__ import annotations

from pathlib import Path

import yaml
from playwright.async_api import Browser
from pydantic import ValidationError

from orchestrator.domain.errors import SettingsError
from orchestrator.drivers.account import RobotAccount
from orchestrator.drivers.contracts import ApplicationContract, load_contract, overlaid
from orchestrator.drivers.desk import WebDesk
from orchestrator.drivers.terminal_contracts import TerminalContract
from orchestrator.drivers.terminal_desk import TerminalDesk

AnyContract = ApplicationContract | TerminalContract
AnyDesk = WebDesk | TerminalDesk


def load_application(path: Path, *, caisse: str | None = None, local: Path | None = None) -> AnyContract:
    """Read a ``screens.yaml`` of either kind, with what differs in a caisse; see :func:`load_contract`.

    :raises SettingsError: it names the file and each fault.
    """
    own = (local or path.parent) / f"screens.{caisse}.yaml"
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        if not isinstance(raw, dict) or raw.get("kind") != "terminal":
            return load_contract(path, caisse=caisse, local=local)
        differs = yaml.safe_load(own.read_text(encoding="utf-8")) if own.exists() else {}
        return TerminalContract.model_validate(overlaid(raw, differs))
    except (yaml.YAMLError, ValidationError) as error:
        raise SettingsError(f"{path} : contrat d'écran illisible.\n{error}") from None


def desk_at(browser: Browser, contract: AnyContract, account: RobotAccount, *, pages_only: bool = False) -> AnyDesk:
    """Return a desk, not yet logged in; its owner discards it at the end."""
    if isinstance(contract, TerminalContract):
        return TerminalDesk(contract, account, browser)
    return WebDesk(browser, contract, account, pages_only=pages_only)
