"""Keys outside the database: what they open, and what they refuse."""

from __future__ import annotations

import stat
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography.exceptions import InvalidTag

from orchestrator.domain.errors import SettingsError
from orchestrator.store.vault import Vault, open_vault


def test_a_payload_opens_only_in_its_own_place(vault: Vault) -> None:
    case = uuid4()
    key, wrapped = vault.new_data_key(case)
    sealed = vault.seal(key, f"cases:payload:{case}", {"nir": "185026199900189"})
    assert b"185026199900189" not in sealed
    assert vault.open(vault.data_key(case, wrapped), f"cases:payload:{case}", sealed) == {"nir": "185026199900189"}
    with pytest.raises(InvalidTag):
        vault.open(key, f"cases:findings:{case}", sealed)
    with pytest.raises(InvalidTag):
        vault.data_key(uuid4(), wrapped)


def test_the_key_file_is_private_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "keys.json"
    first = open_vault(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert open_vault(path) == first
    assert "wrap" not in repr(first)
    path.chmod(0o640)
    with pytest.raises(SettingsError, match="chmod 600"):
        open_vault(path)


def test_the_blind_index_finds_a_person_without_naming_her(vault: Vault) -> None:
    assert vault.blind("nir", "185026199900189") == vault.blind("nir", "185026199900189")
    assert vault.blind("nir", "185026199900189") != vault.blind("other", "185026199900189")
