"""A robot in one signed file: a zip written in one way only, its manifest in canonical JSON, an Ed25519 signature.

Everything is checked in memory before a caller sees a byte of it; an archive that our own writer would not have written
byte for byte is refused.
"""

from __future__ import annotations

import base64
import io
import json
import re
import stat
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestrator.domain.errors import SettingsError
from orchestrator.sharing.keys import fingerprint, public_key
from orchestrator.sharing.zips import MANIFEST, SIGNATURE, write_zip

#: Raised when older versions could not read what is written.
FORMAT = 1
#: Bytes of an archive, and files in it: texts alone travel.
LARGEST, MOST = 20_000_000, 2_000
#: What is known to be text; anything else does not travel.
KINDS = {".yaml", ".py", ".robot", ".resource", ".json", ".csv", ".html", ".md", ".txt"}
#: What an import leaves beside a robot: which archive it came from.
RECEIPT = "imported.json"
_NAME = r"^[a-z0-9]+(-[a-z0-9]+)*$"
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")


class RefusedArchive(SettingsError):
    """Une archive ne peut pas être reçue : rien n'a été écrit."""

    def __init__(self, why: str) -> None:
        super().__init__(f"Archive refusée : {why}. Rien n'a été écrit.")


class Manifest(BaseModel):
    """What an archive says of itself; signed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: Of the archive, :data:`FORMAT`.
    format: int
    #: The robot it holds.
    robot: str = Field(pattern=_NAME)
    #: The caisse that signs.
    author: str = Field(pattern=_NAME)
    #: Its public key.
    key: str
    #: The version of glr that wrote it.
    glr: str
    #: The hash of each scenario's version, with the author's own values.
    versions: Mapping[str, str]
    #: Applications of the archive that replace installed ones.
    overrides: tuple[str, ...]
    #: Digests of the screens that the author has installed and that do not travel, by path.
    installed: Mapping[str, str]
    #: SHA-256 of each file by path.
    files: Mapping[str, str]

    @property
    def canonical(self) -> bytes:
        """The bytes that are signed: sorted keys, no spaces, UTF-8."""
        return canonical_json(self.model_dump(mode="json"))


@dataclass(frozen=True, kw_only=True)
class Archive:
    """An archive that was verified whole."""

    manifest: Manifest
    files: Mapping[str, bytes]


def canonical_json(value: Any) -> bytes:  # noqa: ANN401 - JSON
    """Return the one way a value is written."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def digest(content: bytes) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    return sha256(content).hexdigest()


def may_travel(path: str, robot: str) -> bool:
    """True for a path that an archive of a robot may hold; never a caisse's own values or screens, nor what is hidden."""
    parts = PurePosixPath(path).parts
    if len(parts) > 8 or "/".join(parts) != path or not all(_PART.fullmatch(part) for part in parts):
        return False
    name = PurePosixPath(path)
    if name.suffix not in KINDS:
        return False
    match parts:
        case ("robots", owner, *rest):
            return owner == robot and bool(rest) and name.name != RECEIPT
        case ("scenarios", _) | ("scenarios", "rules", _):
            return name.suffix == ".yaml" and "." not in name.stem
        case ("keywords", _, _, *_):
            return "." not in name.stem
    return False


def pack(manifest: Manifest, files: Mapping[str, bytes], key: Ed25519PrivateKey) -> bytes:
    """Write an archive; the same content gives the same bytes."""
    signed = manifest.canonical
    return write_zip(signed, base64.b64encode(key.sign(signed)), files)


def read_archive(path: Path, trusted: Mapping[str, tuple[str, ...]]) -> Archive:
    """Verify an archive whole and return it; raises :class:`RefusedArchive` with the reason.

    :param trusted: the public keys that are trusted, by caisse.
    """
    if path.stat().st_size > LARGEST:
        raise RefusedArchive(f"plus de {LARGEST // 1_000_000} Mo")
    content = path.read_bytes()
    entries = _entries(content)
    signed, signature = entries.pop(MANIFEST, b""), entries.pop(SIGNATURE, b"")
    manifest = _manifest(signed)
    _check_signature(manifest, signed, signature, trusted)
    _check_files(manifest, entries)
    if write_zip(signed, signature, entries) != content:
        raise RefusedArchive("elle contient autre chose que ce qui est signé ; en demander une neuve à son auteur")
    return Archive(manifest=manifest, files=entries)


def _entries(content: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as opened:
            listed = opened.infolist()
            for entry in listed:
                _check_entry(entry)
            names = {entry.filename.casefold() for entry in listed}
            if len(listed) > MOST or len(names) != len(listed):
                raise RefusedArchive(f"plus de {MOST} fichiers, ou deux fois le même nom")
            return {entry.filename: opened.read(entry) for entry in listed}
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError, OSError):
        raise RefusedArchive("ce n'est pas une archive lisible, ou elle a été coupée") from None


def _check_entry(entry: zipfile.ZipInfo) -> None:
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise RefusedArchive("elle contient un lien symbolique")
    if entry.filename not in {MANIFEST, SIGNATURE} and not _is_safe(entry.filename):
        raise RefusedArchive("elle contient un chemin qui sort de l'espace de travail, ou impossible")
    if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
        raise RefusedArchive("elle contient un fichier comprimé, ce que glr robot export n'écrit jamais")


def _is_safe(name: str) -> bool:
    return all(_PART.fullmatch(part) for part in name.split("/"))


def _manifest(signed: bytes) -> Manifest:
    try:
        raw = json.loads(signed)
        version = raw.get("format") if isinstance(raw, dict) else None
        if isinstance(version, int) and version > FORMAT:
            raise RefusedArchive(
                f"format {version}, plus récent que celui de ce glr ({FORMAT}) ; mettre glr à jour avant de la recevoir"
            )
        return Manifest.model_validate(raw)
    except (ValueError, ValidationError, RecursionError):
        raise RefusedArchive("son manifeste est absent ou illisible") from None


def _check_signature(
    manifest: Manifest, signed: bytes, signature: bytes, trusted: Mapping[str, tuple[str, ...]]
) -> None:
    if manifest.key not in trusted.get(manifest.author, ()):
        shown = fingerprint(manifest.key)
        raise RefusedArchive(
            f"signée par « {manifest.author} » avec une clé que cet espace ne connaît pas (empreinte {shown}) ; comparer "
            f"l'empreinte avec cette caisse, puis glr robot trust {manifest.author} CLÉ"
        )
    try:
        public_key(manifest.key).verify(base64.b64decode(signature), signed)
    except (InvalidSignature, ValueError):
        raise RefusedArchive("sa signature est fausse : elle a été modifiée après son auteur") from None
    if manifest.canonical != signed:
        raise RefusedArchive("son manifeste n'est pas écrit sous sa forme canonique")


def _check_files(manifest: Manifest, files: Mapping[str, bytes]) -> None:
    if set(files) != set(manifest.files):
        raise RefusedArchive("ses fichiers ne sont pas ceux que son manifeste annonce")
    for name, content in files.items():
        if digest(content) != manifest.files[name]:
            raise RefusedArchive(f"« {name} » a été modifié après la signature")
        if not may_travel(name, manifest.robot):
            raise RefusedArchive(f"« {name} » n'a rien à faire dans l'archive d'un robot")
