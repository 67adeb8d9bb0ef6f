"""What a robot that has come still lacks on this machine, and how to provide it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from orchestrator.settings import Settings
from orchestrator.sharing.lacking import lacking

PROJECT = Path(__file__).resolve().parents[3]
BOX: dict[str, Any] = {
    "smtp": "smtp://s:587", "imap": "imaps://s", "login": "l", "password": "tres-secret", "sender": "a@b",
    "addresses": {"controle": "c@d"},
}  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Receive the shipped robot in an empty workspace."""
    shutil.copytree(PROJECT / "robots", tmp_path / "robots")
    (tmp_path / "secrets").mkdir()
    return Settings(workspace=tmp_path, home=tmp_path, caisse="cpam-611")


def _write(settings: Settings, name: str, content: object, mode: int = 0o600) -> None:
    path = settings.secrets / name
    path.write_text(json.dumps(content), encoding="utf-8")
    path.chmod(mode)


def _accounts(settings: Settings) -> None:
    _write(settings, "acompte-ij.json", {name: {} for name in ("bdo", "arpege", "compta", "rniam")})


def test_a_new_workspace_is_told_each_file_to_write_and_what_goes_into_it(settings: Settings) -> None:
    accounts, mailbox = lacking(settings, "acompte-ij")
    assert accounts.startswith("comptes du robot : arpege, bdo, compta, rniam. Écrire ")
    assert mailbox.startswith(f"boîte aux lettres du robot. Écrire {settings.secrets}/acompte-ij-courriel.json")
    assert set(json.loads(mailbox.partition("\n")[2])) == set(BOX)  # what is shown serves, once filled in


@pytest.mark.parametrize(
    ("changed", "mode", "said"),
    [
        ({}, 0o600, None),
        ({"imap": None}, 0o600, "boîte aux lettres du robot (imap)."),
        ({"addresses": {"autre": "x@y"}}, 0o600, "adresses auxquelles la clôture écrit : controle."),
        ({"authority": "/nulle/part.pem"}, 0o600, "certificat de l'autorité interne : /nulle/part.pem"),
        ({}, 0o644, "un fichier que personne d'autre ne lise : chmod 600"),
    ],
)
def test_what_is_there_already_is_looked_at(settings: Settings, changed: dict[str, Any], mode: int, said: str) -> None:
    _accounts(settings)
    box = {name: value for name, value in {**BOX, **changed}.items() if value is not None}
    _write(settings, "acompte-ij-courriel.json", box, mode)
    found = lacking(settings, "acompte-ij")
    assert [each[: len(said or "")] for each in found] == ([said] if said else [])
    assert "tres-secret" not in "".join(found)


def test_a_shared_folder_that_this_machine_does_not_have_is_named(settings: Settings) -> None:
    _accounts(settings)
    _write(settings, "acompte-ij-courriel.json", BOX)
    path = settings.project / "robots" / "acompte-ij" / "robot.yaml"
    text = path.read_text(encoding="utf-8").replace("folders:", "folders:\n  partage: {path: /nulle/part}")
    path.write_text(text, encoding="utf-8")
    assert [each.partition(".")[0] for each in lacking(settings, "acompte-ij")] == ["dossier « partage » : /nulle/part"]
