"""A signed file verifies as it is; whatever was changed in it is found by a checker that knows nothing of ours, and where."""

from __future__ import annotations

import io
import random
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from checker.proof import main, verify
from orchestrator.proofs.sealed import Sealed
from orchestrator.sharing.keys import fingerprint, public_text

KEY = Ed25519PrivateKey.generate()
WHEN = datetime(2026, 3, 27, 18, tzinfo=UTC)
FILES = {"rapprochement.csv": b"\xef\xbb\xbfa;b\r\n1;2\r\n", "rapprochement.pdf": bytes(range(256)) * 3}


def signed(key: Ed25519PrivateKey = KEY) -> bytes:
    about = {"unexplained": 0}
    return Sealed(kind="reconciliation", caisse="cpam-931", made_at=WHEN, about=about, files=FILES).signed(key)


def problems(content: bytes, folder: Path, expected: str = "") -> tuple[str, ...]:
    path = folder / "signed.zip"
    path.write_bytes(content)
    return verify(path, fingerprint=expected).problems


def test_it_is_intact_and_says_who_signed(tmp_path: Path) -> None:
    assert problems(signed(), tmp_path, fingerprint(public_text(KEY))) == ()
    assert main([str(tmp_path / "signed.zip")]) == 0


def test_one_byte_changed_anywhere_is_found_and_where(tmp_path: Path) -> None:
    whole = signed()
    chosen = random.Random(931)
    places = {*range(120), *range(len(whole) - 120, len(whole)), *(chosen.randrange(len(whole)) for _ in range(300))}
    for place in sorted(places):
        changed = bytearray(whole)
        changed[place] ^= 1 << chosen.randrange(8)
        found = problems(bytes(changed), tmp_path)
        assert found, f"byte {place} is not seen"
        assert any(word in each for each in found for word in ("«", "octet", "répertoire")), (place, found)


@pytest.mark.parametrize("name", ["rapprochement.csv", "rapprochement.pdf", "VERIFIER.md", "cle-publique.pem"])
def test_a_changed_file_is_named(name: str, tmp_path: Path) -> None:
    whole = signed()
    with zipfile.ZipFile(io.BytesIO(whole)) as opened:
        content = opened.read(name)
    changed = whole.replace(content, content[:-1] + bytes([content[-1] ^ 1]), 1)
    assert f"« {name} » a été changé" in problems(changed, tmp_path)


def test_what_was_added_taken_out_or_cut_is_found(tmp_path: Path) -> None:
    whole = signed()
    buffer = io.BytesIO(whole)
    with zipfile.ZipFile(buffer, "a") as opened:
        opened.writestr("autre.csv", "x")
    assert "« autre.csv » n'est pas annoncé par le manifeste" in problems(buffer.getvalue(), tmp_path)
    assert problems(whole + b"\0", tmp_path)
    assert problems(whole[:-30], tmp_path)
    assert problems(b"", tmp_path)


def test_another_key_signs_well_and_is_refused_by_its_fingerprint(tmp_path: Path) -> None:
    other = Ed25519PrivateKey.generate()
    assert problems(signed(other), tmp_path) == ()
    (problem,) = problems(signed(other), tmp_path, fingerprint(public_text(KEY)))
    assert fingerprint(public_text(KEY)) in problem
