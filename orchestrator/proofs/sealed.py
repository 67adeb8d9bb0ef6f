"""A signed file for others to keep: a manifest with the digest of everything in it, signed as archives of robots are (ADR 25).

``checker/proof.py`` verifies it, without anything of ours; ``VERIFIER.md`` inside says how, with and without it.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from orchestrator.audit.events import instant
from orchestrator.sharing.archive import canonical_json, digest
from orchestrator.sharing.keys import public_text
from orchestrator.sharing.zips import write_zip

#: Raised when older verifiers could not judge what is written.
FORMAT = 1
GUIDE, PUBLIC_KEY = "VERIFIER.md", "cle-publique.pem"


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """What a signed file says of itself, beside its files."""

    #: ``reconciliation`` or ``evidence``.
    kind: str
    #: The caisse that signs.
    caisse: str
    made_at: datetime
    #: Facts of this kind of file, JSON without floats.
    about: Mapping[str, Any]
    files: Mapping[str, bytes]

    def signed(self, key: Ed25519PrivateKey) -> bytes:
        """Return the file, with the guide of who verifies it and the public key."""
        pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        content = {**self.files, GUIDE: _guide(), PUBLIC_KEY: pem}
        manifest = canonical_json(
            {
                "format": FORMAT,
                "kind": self.kind,
                "caisse": self.caisse,
                "made_at": instant(self.made_at),
                "glr": version("go-les-robots"),
                "key": public_text(key),
                "about": self.about,
                "files": {name: digest(each) for name, each in content.items()},
            }
        )
        return write_zip(manifest, base64.b64encode(key.sign(manifest)), content)


def _guide() -> bytes:
    return files("orchestrator.proofs").joinpath(GUIDE).read_bytes()
