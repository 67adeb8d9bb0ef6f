"""Keys outside the database: one data key per case, wrapped; a blind index; the memory of effects (AUDIT, Personal data).

AES-256-GCM everywhere, with ``table:column:row`` as associated data, so that a ciphertext moved elsewhere does not open.
"""

from __future__ import annotations

import base64
import hmac
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from orchestrator.domain.errors import SettingsError

_NAMES = ("wrap", "index", "effect")
_TEXT = json.JSONEncoder(ensure_ascii=False)


@dataclass(frozen=True, kw_only=True)
class Vault:
    """The three keys of a workspace, 32 bytes each; never shown."""

    #: Wraps the data key of each case.
    wrap: bytes
    #: Keys the blind index by NIR.
    index: bytes
    #: Keys the memory of what was entered: losing it would mean entering again.
    effect: bytes

    def __repr__(self) -> str:
        return "Vault(••••)"

    @property
    def fingerprints(self) -> dict[str, str]:
        """What the database keeps of each key, by its name, to refuse another one."""
        return {name: sha256(f"glr {name} key\0".encode() + getattr(self, name)).hexdigest()[:32] for name in _NAMES}

    @property
    def effect_fingerprint(self) -> str:
        """That of the effect key, by which a house is known from another."""
        return self.fingerprints["effect"]

    @cached_property
    def _wrapping(self) -> AESGCM:
        return AESGCM(self.wrap)

    def new_data_key(self, case: UUID) -> tuple[bytes, bytes]:
        """Return a fresh data key and its wrapped form."""
        key = AESGCM.generate_key(256)
        return key, _seal(self._wrapping, key, f"cases:data_key:{case}")

    def data_key(self, case: UUID, wrapped: bytes) -> bytes:
        """Unwrap the data key of a case."""
        return _open(self.wrap, wrapped, f"cases:data_key:{case}")

    def seal(self, data_key: bytes, place: str, value: Any) -> bytes:  # noqa: ANN401
        """Encrypt a JSON value for a place like ``cases:payload:<id>``."""
        return _seal(AESGCM(data_key), _TEXT.encode(value).encode(), place)

    def open(self, data_key: bytes, place: str, sealed: bytes) -> Any:  # noqa: ANN401
        """Decrypt a JSON value; raises ``cryptography.exceptions.InvalidTag`` when it was altered or moved."""
        return json.loads(_open(data_key, sealed, place))

    def approved_values(self, keyword: str, values: Sequence[Mapping[str, str]]) -> bytes:
        """Return the digest of exactly what a second person is shown and what will be entered."""
        return self.blind("approval", json.dumps([keyword, values], ensure_ascii=False))

    def blind(self, field: str, clear: str) -> bytes:
        """Return the blind index of a personal value."""
        return hmac.digest(self.index, f"{field}\0{clear}".encode(), sha256)


def open_vault(path: Path) -> Vault:
    """Read the key file, made at the first start (0600); refuses one that others may read."""
    if not path.exists():
        _create(path)
    if path.stat().st_mode & 0o077:
        raise SettingsError(f"Le fichier de clés {path} est lisible par d'autres : chmod 600 {path}")
    keys = json.loads(path.read_text(encoding="ascii"))
    return Vault(**{name: base64.b64decode(keys[name]) for name in _NAMES})


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    keys = {name: base64.b64encode(os.urandom(32)).decode() for name in _NAMES}
    draft = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        json.dump(keys, file)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)  # never over a key file that another start has just made
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _seal(key: AESGCM, clear: bytes, place: str) -> bytes:
    nonce = os.urandom(12)
    return nonce + key.encrypt(nonce, clear, place.encode())


def _open(key: bytes, sealed: bytes, place: str) -> bytes:
    return AESGCM(key).decrypt(sealed[:12], sealed[12:], place.encode())
