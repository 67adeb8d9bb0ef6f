"""Applications of both kinds, web and terminal: their contracts."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import ValidationError

from orchestrator.domain.errors import SettingsError
from orchestrator.drivers.contracts import ApplicationContract, load_contract, overlaid
from orchestrator.drivers.plain_yaml import plain
from orchestrator.drivers.terminal_contracts import TerminalContract

AnyContract = ApplicationContract | TerminalContract


def load_application(path: Path, *, caisse: str | None = None, local: Path | None = None) -> AnyContract:
    """Read a ``screens.yaml`` of either kind, with what differs in a caisse; see :func:`load_contract`.

    :raises SettingsError: it names the file and each fault.
    """
    own = (local or path.parent) / f"screens.{caisse}.yaml"
    try:
        raw = plain(path.read_text(encoding="utf-8"))
        if not isinstance(raw, dict) or raw.get("kind") != "terminal":
            return load_contract(path, caisse=caisse, local=local)
        differs = plain(own.read_text(encoding="utf-8")) if own.exists() else {}
        return TerminalContract.model_validate(overlaid(raw, differs))
    except (yaml.YAMLError, ValidationError) as error:
        raise SettingsError(f"{path} : contrat d'écran illisible.\n{error}") from None
