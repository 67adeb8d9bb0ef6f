"""The archive of a backup: a compressed tar of a database and files, its manifest and its seal last.

The manifest says the SHA-256 of everything; the seal is an HMAC of it under the house's own keys, which are not in the
archive: a damaged archive and another house's are both refused before anything is touched.
"""

from __future__ import annotations

import gzip
import hmac
import io
import json
import os
import tarfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import IO

from orchestrator.domain.errors import GlrError
from orchestrator.store.vault import Vault

#: Raised when older restorations could not read what is written.
FORMAT = 2
DATABASE, MANIFEST, SEAL = "base.sql", "manifeste.json", "sceau"
#: Folders of a workspace that are kept: evidence, log, bordereaux; the caisse's own scenarios, robots and keywords.
FOLDERS = ("logs", "scenarios", "robots", "keywords")
_PIECE = 1 << 20


class BadBackup(GlrError):
    """Cette sauvegarde ne peut pas être restaurée."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a backup says of itself."""

    #: The caisse whose house it is, and the fingerprint of its effect key.
    caisse: str
    effect: str
    #: The last instant that it knows of: ISO 8601, UTC.
    made_at: str
    #: Versions of Go-les-robots and PostgreSQL that made it.
    glr: str
    postgres: str
    #: SHA-256 of each member.
    members: Mapping[str, str]
    #: The number of the last change of its database; 0: not said, before format 2.
    schema: int = 0
    format: int = FORMAT

    @property
    def text(self) -> bytes:
        """The one way it is written."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def seal_of(manifest: bytes, vault: Vault) -> bytes:
    """Return what only who holds the house's keys can write."""
    return vault.blind("backup", sha256(manifest).hexdigest()).hex().encode()


def write(out: Path, members: Iterable[tuple[str, Path]], about: Manifest, vault: Vault) -> Manifest:
    """Write an archive, 0600, under its name only once it is whole and on disk; never over a file; returns its manifest.

    A file that grows meanwhile is kept as long as it was when it was opened.
    """
    digests: dict[str, str] = {}
    with _appearing(out) as file, _compressed(file) as stream, tarfile.open(fileobj=stream, mode="w") as tar:
        for name, path in members:
            with path.open("rb") as content:
                digests[name] = _add(tar, name, os.fstat(content.fileno()).st_size, content)
        manifest = Manifest(**{**asdict(about), "members": digests})
        for name, text in ((MANIFEST, manifest.text), (SEAL, seal_of(manifest.text, vault))):
            _add(tar, name, len(text), io.BytesIO(text))
    return manifest


def unpack(path: Path, folder: Path, vault: Vault, caisse: str) -> Manifest:
    """Unpack an archive into an empty folder and judge it; raises :class:`BadBackup` unless it is whole and this house's."""
    digests: dict[str, str] = {}
    try:
        with gzip.open(path) as stream:
            while stream.read(_PIECE):  # to its checksum, which a reader of members does not reach
                continue
            stream.seek(0)
            with tarfile.open(fileobj=stream, mode="r:") as tar:
                for member in tar:
                    digests[member.name] = _take(tar, member, folder)
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise BadBackup(f"{path} est abîmée ou coupée, rien n'a été touché : {type(error).__name__}.") from None
    manifest = _manifest(path, folder, vault)
    found = {name: digest for name, digest in digests.items() if name not in {MANIFEST, SEAL}}
    changed = sorted(
        name for name in found.keys() | manifest.members.keys() if found.get(name) != manifest.members.get(name)
    )
    if changed:
        raise BadBackup(f"{path} est abîmée, rien n'a été touché : « {changed[0]} » n'est pas ce qui fut sauvegardé.")
    if manifest.caisse != caisse:
        raise BadBackup(f"{path} est la sauvegarde de la caisse {manifest.caisse}, pas de {caisse} (GLR_CAISSE).")
    return manifest


def _manifest(path: Path, folder: Path, vault: Vault) -> Manifest:
    if not (folder / MANIFEST).is_file() or not (folder / SEAL).is_file():
        raise BadBackup(f"{path} est coupée, ou n'est pas une sauvegarde de Go-les-robots : rien n'a été touché.")
    text = (folder / MANIFEST).read_bytes()
    if not hmac.compare_digest((folder / SEAL).read_bytes(), seal_of(text, vault)):
        raise BadBackup(
            f"{path} n'a pas été faite avec les clés de cette maison (secrets/keys.json), ou son manifeste a été changé : rien "
            "n'a été touché. Remettre d'abord le dossier secrets/ d'origine."
        )
    said = json.loads(text)
    if said["format"] > FORMAT:
        raise BadBackup(
            f"{path} vient d'une version plus récente ({said['glr']}) : installer celle-là, puis recommencer."
        )
    return Manifest(**said)


def _add(tar: tarfile.TarFile, name: str, size: int, content: IO[bytes]) -> str:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    hashed = _Hashed(content)
    tar.addfile(entry, hashed)
    return hashed.digest.hexdigest()


def _take(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> str:
    """Write one member below the folder, 0600; returns its SHA-256."""
    parts = PurePosixPath(member.name).parts
    is_ours = member.name in {DATABASE, MANIFEST, SEAL} or (len(parts) > 1 and parts[0] in FOLDERS)
    content = tar.extractfile(member) if member.isreg() else None
    if content is None or not is_ours or ".." in parts:
        raise tarfile.ReadError(member.name)
    target, digest = folder.joinpath(*parts), sha256()
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        while piece := content.read(_PIECE):
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


class _Hashed(io.RawIOBase):
    """A file whose SHA-256 is known once it was read."""

    def __init__(self, content: IO[bytes]) -> None:
        self._content = content
        self.digest = sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self._content.read(size)
        self.digest.update(piece)
        return piece


def _compressed(file: IO[bytes]) -> gzip.GzipFile:
    return gzip.GzipFile(filename="", mode="wb", compresslevel=3, fileobj=file, mtime=0)


@contextmanager
def _appearing(out: Path) -> Iterator[IO[bytes]]:
    draft = out.with_name(f"{out.name}.{os.getpid()}.partiel")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            os.link(draft, out)
        finally:
            draft.unlink()
