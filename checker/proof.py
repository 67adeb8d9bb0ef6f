"""Verifies a signed file (a reconciliation, the evidence of sampled cases) without anything of who made it.

Standard library and ``cryptography`` alone: ``python -m checker.proof FILE [--fingerprint "…"] [--log FOLDER]``. Whatever was
changed after the signature is found, and where: a file, a line of the log, a byte of the archive.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import stat
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from checker.proof_cases import altered_log, judge

#: The newest format that is understood.
FORMAT = 1
MANIFEST, SIGNATURE, PUBLIC_KEY = "manifest.json", "signature", "cle-publique.pem"
_DATE = (1980, 1, 1, 0, 0, 0)
#: Bytes of a local header of a zip before its name.
_HEADER = 30


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What was found."""

    #: What the file says of itself; empty when its manifest cannot be read.
    manifest: Mapping[str, Any]
    #: The fingerprint of the key that signed: six groups of four.
    fingerprint: str
    #: What was changed and where, in French; empty: intact.
    problems: tuple[str, ...]


def verify(path: Path, *, fingerprint: str = "", log: Path | None = None) -> Verdict:
    """Judge a signed file.

    :param fingerprint: of the key that is expected; empty: any key, so that only a change after the signature is found.
    :param log: the folder of the audit log as it is now, to compare with what the file says of it.
    """
    raw = path.read_bytes()
    try:
        entries = _entries(raw)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        why = f"archive illisible : son répertoire (à la fin du fichier) a été changé ou coupé ({error})"
        return Verdict(manifest={}, fingerprint="", problems=(why,))
    manifest = _manifest(entries.get(MANIFEST, b""))
    if not manifest:
        return Verdict(manifest={}, fingerprint="", problems=(f"« {MANIFEST} » est absent ou illisible",))
    found = _fingerprint(manifest.get("key"))
    problems = [*_signed(manifest, entries, found, fingerprint), *_files(manifest, entries), *_layout(raw, entries)]
    if manifest.get("kind") == "evidence":
        problems += judge(manifest, entries)
    if log is not None:
        problems += altered_log(manifest, log)
    return Verdict(manifest=manifest, fingerprint=found, problems=tuple(problems))


def _entries(raw: bytes) -> dict[str, bytes]:
    """Return every file as it lies there, whatever its checksum says: the digests judge."""
    with zipfile.ZipFile(io.BytesIO(raw)) as opened:
        return {entry.filename: _content(raw, entry) for entry in opened.infolist()}


def _content(raw: bytes, entry: zipfile.ZipInfo) -> bytes:
    header = raw[entry.header_offset : entry.header_offset + _HEADER]
    start = (
        entry.header_offset
        + _HEADER
        + int.from_bytes(header[26:28], "little")
        + int.from_bytes(header[28:30], "little")
    )
    return raw[start : start + entry.file_size]


def _manifest(text: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _fingerprint(key: object) -> str:
    raw = _bytes(key)
    digest = sha256(raw).hexdigest() if len(raw) == 32 else ""
    return " ".join(digest[place : place + 4] for place in range(0, 24, 4)) if digest else ""


def _bytes(text: object) -> bytes:
    try:
        return base64.b64decode(text, validate=True) if isinstance(text, str | bytes) else b""
    except ValueError:
        return b""


def _signed(manifest: Mapping[str, Any], entries: Mapping[str, bytes], found: str, expected: str) -> list[str]:
    """Judge the signature, the key, and that the manifest is written in the one way that is signed."""
    problems = []
    if manifest.get("format") != FORMAT:
        problems.append(f"« {MANIFEST} » : format {FORMAT} attendu, {manifest.get('format')!r} trouvé")
    if expected and "".join(expected.split()).lower() != found.replace(" ", ""):
        problems.append(f"« {MANIFEST} » : signé par la clé {found or 'illisible'}, {expected} attendue")
    raw = _bytes(manifest.get("key"))
    try:
        key = Ed25519PublicKey.from_public_bytes(raw)
        key.verify(_bytes(entries.get(SIGNATURE, b"")), entries[MANIFEST])
        if entries.get(PUBLIC_KEY) != key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo):
            problems.append(f"« {PUBLIC_KEY} » n'est pas la clé du manifeste")
    except (InvalidSignature, ValueError):
        problems.append(f"la signature ne vaut pas pour ce manifeste : « {MANIFEST} » ou « {SIGNATURE} » a été changé")
    return problems


def _files(manifest: Mapping[str, Any], entries: Mapping[str, bytes]) -> list[str]:
    listed = manifest.get("files")
    listed = listed if isinstance(listed, dict) else {}
    there = {name: content for name, content in entries.items() if name not in {MANIFEST, SIGNATURE}}
    return [
        *(f"« {name} » manque" for name in sorted(listed.keys() - there.keys())),
        *(f"« {name} » n'est pas annoncé par le manifeste" for name in sorted(there.keys() - listed.keys())),
        *(
            f"« {name} » a été changé"
            for name in sorted(listed.keys() & there.keys())
            if sha256(there[name]).hexdigest() != listed[name]
        ),
    ]


def _layout(raw: bytes, entries: Mapping[str, bytes]) -> list[str]:
    """Compare the archive with the only one that holds exactly these files; says where it begins to differ."""
    buffer = io.BytesIO()
    rest = sorted((name, content) for name, content in entries.items() if name not in {MANIFEST, SIGNATURE})
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as out:
        for name, content in [(each, entries.get(each, b"")) for each in (MANIFEST, SIGNATURE)] + rest:
            entry = zipfile.ZipInfo(name, _DATE)
            entry.create_system, entry.external_attr = 3, (stat.S_IFREG | 0o644) << 16
            out.writestr(entry, content)
    expected = buffer.getvalue()
    if raw == expected:
        return []
    pairs = zip(raw, expected, strict=False)
    place = next((n for n, (one, other) in enumerate(pairs) if one != other), min(len(raw), len(expected)))
    return [f"octet {place} de l'archive : sa structure n'est pas celle qui fut écrite"]


def told(verdict: Verdict) -> list[str]:
    """Return what a person reads of a verdict."""
    about = verdict.manifest
    lines = []
    if verdict.fingerprint:
        lines.append(f"{about.get('kind')} de {about.get('caisse')}, fait le {about.get('made_at')}.")
        lines.append(
            f"Signé par la clé d'empreinte {verdict.fingerprint} : à comparer avec celle que la caisse a donnée."
        )
    lines += [f"CHANGÉ : {problem}" for problem in verdict.problems]
    return [*lines, "ALTÉRÉ." if verdict.problems else "Intact."]


def main(arguments: Sequence[str] | None = None) -> int:
    """Verify a file of the command line; returns 0 when it is intact, 1 when it was changed."""
    parser = argparse.ArgumentParser(description="Vérifie un fichier signé.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--fingerprint", default="", help="empreinte attendue de la clé")
    parser.add_argument("--log", type=Path, help="dossier du journal d'aujourd'hui, à comparer avec ce qui fut signé")
    given = parser.parse_args(arguments)
    verdict = verify(given.file, fingerprint=given.fingerprint, log=given.log)
    sys.stdout.write("".join(f"{line}\n" for line in told(verdict)))
    return 1 if verdict.problems else 0


if __name__ == "__main__":
    sys.exit(main())
