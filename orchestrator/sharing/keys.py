"""The keys by which caisses know each other's archives: a private one per workspace, public ones trusted by name."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from orchestrator.domain.errors import SettingsError

#: In ``secrets/``, 0600: 32 bytes, in base64.
PRIVATE = "sharing.key"
#: In ``robots/``: ``keys: {caisse: [public key]}``.
TRUSTED = "trusted.yaml"
_HEAD = (
    "# Caisses dont cet espace accepte les robots, chacune avec ses clés publiques (glr robot trust).\n"
    "# Comparer l'empreinte de vive voix avec la caisse avant d'ajouter une clé.\n"
)


def make_key(secrets: Path) -> Ed25519PrivateKey:
    """Make the key of a workspace, unless it has one; return it."""
    path = secrets / PRIVATE
    if not path.exists():
        secrets.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode())
    return open_key(secrets)


def open_key(secrets: Path) -> Ed25519PrivateKey:
    """Read the key of a workspace; raises :class:`SettingsError` when it has none or others may read it."""
    path = secrets / PRIVATE
    if not path.exists():
        raise SettingsError("Cet espace de travail n'a pas de clé pour signer : la faire une fois par glr robot key.")
    if path.stat().st_mode & 0o077:
        raise SettingsError(f"Le fichier {path} est lisible par d'autres : chmod 600 {path}")
    return Ed25519PrivateKey.from_private_bytes(_raw(path.read_text(encoding="ascii"), str(path)))


def public_text(key: Ed25519PrivateKey) -> str:
    """Return the public key as it is written in files, base64."""
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def public_key(text: str) -> Ed25519PublicKey:
    """Read a public key; raises :class:`SettingsError`."""
    return Ed25519PublicKey.from_public_bytes(_raw(text, "clé publique"))


def fingerprint(text: str) -> str:
    """Return what two people read to each other to compare a public key: six groups of four."""
    digest = sha256(_raw(text, "clé publique")).hexdigest()
    return " ".join(digest[place : place + 4] for place in range(0, 24, 4))


def trusted_keys(project: Path) -> dict[str, tuple[str, ...]]:
    """Return the trusted public keys by caisse; raises :class:`SettingsError` for a file that says something else."""
    path = project / "robots" / TRUSTED
    if not path.exists():
        return {}
    said = yaml.safe_load(path.read_text(encoding="utf-8"))
    keys = said.get("keys") if isinstance(said, dict) else None
    if not isinstance(keys, dict) or not all(isinstance(each, list) for each in keys.values()):
        raise SettingsError(f"{path} : « keys: {{caisse: [clé publique]}} » est attendu.")
    return {str(caisse): tuple(map(str, each)) for caisse, each in keys.items()}


def trust(project: Path, caisse: str, text: str) -> Path:
    """Add a public key of a caisse to those that are trusted; returns the file."""
    public_key(text)
    known = trusted_keys(project)
    path = project / "robots" / TRUSTED
    if text not in known.get(caisse, ()):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_HEAD + _written({**known, caisse: (*known.get(caisse, ()), text)}), encoding="utf-8")
    return path


def _written(keys: Mapping[str, tuple[str, ...]]) -> str:
    content = {"keys": {caisse: list(each) for caisse, each in sorted(keys.items())}}
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False)


def _raw(text: str, where: str) -> bytes:
    try:
        raw = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 32:
        raise SettingsError(f"{where} : une clé Ed25519 (44 caractères en base64) est attendue.")
    return raw
