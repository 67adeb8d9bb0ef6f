"""The secrets of a workspace that works on a test's database."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from orchestrator.store.vault import Vault


def make_secrets(workspace: Path, vault: Vault, urls: Mapping[str, str], **more: object) -> Path:
    """Write keys and passwords of the roles, and more files by their names; returns the folder."""
    secrets = workspace / "secrets"
    secrets.mkdir(parents=True, mode=0o700, exist_ok=True)
    keys = {name: base64.b64encode(getattr(vault, name)).decode() for name in ("wrap", "index", "effect")}
    roles = {role: conninfo_to_dict(url)["password"] for role, url in urls.items()}
    for name, content in {"keys": keys, "roles": roles, **more}.items():
        path = secrets / f"{name}.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(content), encoding="utf-8")
    return secrets
