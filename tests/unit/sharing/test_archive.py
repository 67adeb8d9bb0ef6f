"""An archive that is not exactly what a trusted author signed is refused with its reason, before anybody sees a byte of it."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from orchestrator.domain.errors import SettingsError
from orchestrator.sharing.archive import (
    Manifest,
    RefusedArchive,
    canonical_json,
    digest,
    may_travel,
    pack,
    read_archive,
)
from orchestrator.sharing.keys import fingerprint, make_key, open_key, public_text, trust, trusted_keys
from orchestrator.sharing.zips import MANIFEST, SIGNATURE

KEY = Ed25519PrivateKey.generate()
FILES = {"robots/verif/robot.yaml": b"robot: verif\n", "scenarios/verif.yaml": "scenario: vérif\n".encode()}
Entries = list[tuple[str, bytes]]


def manifest(files: dict[str, bytes], **changed: Any) -> Manifest:
    said = {
        "format": 1, "robot": "verif", "author": "cpam-931", "key": public_text(KEY), "glr": "0.1.0", "versions": {},
        "overrides": (), "installed": {}, "files": {name: digest(content) for name, content in files.items()},
    }  # fmt: skip
    return Manifest.model_validate({**said, **changed})


def archive(files: dict[str, bytes] = FILES, **changed: Any) -> bytes:
    return pack(manifest(files, **changed), files, KEY)


def received(content: bytes, tmp_path: Path, trusted: Mapping[str, tuple[str, ...]] | None = None) -> dict[str, bytes]:
    path = tmp_path / "robot.zip"
    path.write_bytes(content)
    known = {"cpam-931": (public_text(KEY),)} if trusted is None else trusted
    return dict(read_archive(path, known).files)


def rewritten(change: Callable[[Entries], Entries], *, compressed: bool = False, mode: int = 0o100644) -> bytes:
    """Write an archive again with other entries, as somebody on the way could."""
    with zipfile.ZipFile(io.BytesIO(archive())) as opened:
        entries = [(each.filename, opened.read(each)) for each in opened.infolist()]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED) as out:
        for name, content in change(entries):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr, info.compress_type = 3, mode << 16, out.compression
            out.writestr(info, content)
    return buffer.getvalue()


def with_manifest(**changed: Any) -> bytes:
    """Write another manifest under the signature of the first."""

    def change(entries: Entries) -> Entries:
        said = {**json.loads(dict(entries)[MANIFEST]), **changed}
        return [(name, canonical_json(said) if name == MANIFEST else content) for name, content in entries]

    return rewritten(change)


def test_what_was_packed_comes_back_and_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    assert received(archive(), tmp_path) == FILES
    assert archive() == archive(dict(reversed(FILES.items())))


def test_each_changed_byte_is_refused(tmp_path: Path) -> None:
    whole = archive()
    for place in range(0, len(whole), 7):
        changed = bytearray(whole)
        changed[place] ^= 0x20
        with pytest.raises(SettingsError, match=r"Archive refusée|clé"):
            received(bytes(changed), tmp_path)


SAID: list[tuple[str, Callable[[], bytes]]] = [
    ("pas une archive lisible", lambda: b"bonjour"),
    ("pas une archive lisible", lambda: archive()[:-30]),
    ("autre chose que ce qui est signé", lambda: archive() + b"\0"),
    ("autre chose que ce qui est signé", lambda: rewritten(lambda each: each, mode=0o100755)),
    ("a été modifié", lambda: rewritten(lambda each: [(n, c.replace(b"robot: v", b"robot: w")) for n, c in each])),
    ("ne sont pas ceux que son manifeste annonce", lambda: rewritten(lambda each: each[:-1])),
    ("ne sont pas ceux", lambda: rewritten(lambda each: [*each, ("robots/verif/plus.py", b"")])),
    ("manifeste est absent", lambda: rewritten(lambda each: each[1:])),
    ("signature est fausse", lambda: rewritten(lambda each: [(n, c) for n, c in each if n != SIGNATURE])),
    ("signature est fausse", lambda: with_manifest(robot="autre")),
    ("chemin qui sort", lambda: rewritten(lambda each: [*each, ("../../etc/cron", b"")])),
    ("chemin qui sort", lambda: rewritten(lambda each: [*each, ("/etc/cron", b"")])),
    ("chemin qui sort", lambda: rewritten(lambda each: [*each, ("robots/verif/../../x.py", b"")])),
    ("chemin qui sort", lambda: rewritten(lambda each: [*each, ("robots\\verif.py", b"")])),
    ("lien symbolique", lambda: rewritten(lambda each: each, mode=0o120777)),
    ("comprimé", lambda: rewritten(lambda each: [*each, ("robots/verif/zéro.txt", b"0" * 10**6)][2:], compressed=True)),
    ("deux fois le même nom", lambda: rewritten(lambda each: [*each, ("Robots/verif/robot.yaml", b"")])),
    ("plus de 2000 fichiers", lambda: rewritten(lambda each: [(f"robots/verif/{n}.py", b"") for n in range(2001)])),
    ("plus de 20 Mo", lambda: b"0" * 20_000_001),
    ("plus récent que celui de ce glr", lambda: with_manifest(format=2)),
    ("manifeste est absent ou illisible", lambda: with_manifest(format=0.5)),
    ("manifeste est absent ou illisible", lambda: with_manifest(author="../x")),
    ("manifeste est absent ou illisible", lambda: with_manifest(plus=1)),
]  # fmt: skip


@pytest.mark.parametrize(("why", "made"), SAID, ids=[f"{n}-{why[:20]}" for n, (why, _) in enumerate(SAID)])
def test_an_archive_that_was_tampered_with_is_refused_with_its_reason(
    tmp_path: Path, why: str, made: Callable[[], bytes]
) -> None:
    with pytest.raises(RefusedArchive, match=why) as refused:
        received(made(), tmp_path)
    assert "Rien n'a été écrit" in str(refused.value)


def test_a_manifest_that_is_signed_but_not_canonical_is_refused(tmp_path: Path) -> None:
    signed = json.dumps(json.loads(manifest(FILES).canonical), indent=1).encode()

    def change(entries: Entries) -> Entries:
        new = {MANIFEST: signed, SIGNATURE: base64.b64encode(KEY.sign(signed))}
        return [(name, new.get(name, content)) for name, content in entries]

    with pytest.raises(RefusedArchive, match="canonique"):
        received(rewritten(change), tmp_path)


def test_another_caisse_another_key_or_none_is_refused_with_the_fingerprint_to_compare(tmp_path: Path) -> None:
    shown = fingerprint(public_text(KEY))
    other = public_text(Ed25519PrivateKey.generate())
    trials: tuple[Mapping[str, tuple[str, ...]], ...] = ({}, {"cpam-931": (other,)}, {"cpam-611": (public_text(KEY),)})
    for trusted in trials:
        with pytest.raises(RefusedArchive, match=f"ne connaît pas.*{shown}"):
            received(archive(), tmp_path, trusted)


#: Signed by a trusted caisse, and still refused: a trusted key does not let anybody write everywhere.
NEVER = (
    "robots/autre/robot.yaml", "robots/verif/imported.json", "robots/trusted.yaml", "scenarios/verif.cpam-611.yaml",
    "scenarios/rules/ij.cpam-611.yaml", "keywords/overrides.yaml", "keywords/bdo/screens.cpam-611.yaml", "secrets/keys.json",
    "orchestrator/cli/__init__.py", "robots/verif/run.sh", "robots/verif/.env", "scenarios/notes.txt", "robots/verif",
)  # fmt: skip


@pytest.mark.parametrize("path", NEVER)
def test_a_path_that_is_no_part_of_a_robot_is_refused_even_signed(tmp_path: Path, path: str) -> None:
    assert not may_travel(path, "verif")
    with pytest.raises(RefusedArchive, match=r"n'a rien à faire|chemin"):
        received(archive({**FILES, path: b"x: 1\n"}), tmp_path)


def test_a_key_is_made_once_is_ours_alone_and_is_trusted_by_name(tmp_path: Path) -> None:
    secrets, project = tmp_path / "secrets", tmp_path / "project"
    first = public_text(make_key(secrets))
    assert public_text(make_key(secrets)) == first
    assert (secrets / "sharing.key").stat().st_mode & 0o077 == 0
    trust(project, "cpam-931", first)
    trust(project, "cpam-931", public_text(KEY))
    trust(project, "cpam-931", first)
    assert trusted_keys(project) == {"cpam-931": (first, public_text(KEY))}
    with pytest.raises(SettingsError, match="44 caractères"):
        trust(project, "cpam-931", "AAAA")
    (secrets / "sharing.key").chmod(0o644)
    with pytest.raises(SettingsError, match="lisible par d'autres"):
        open_key(secrets)
