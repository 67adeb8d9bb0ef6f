"""The archive of a backup: whole and this house's own, or refused before anything is touched."""

from __future__ import annotations

import gzip
import os
import tarfile
from pathlib import Path
from random import Random

import pytest

from orchestrator.backups.archive import BadBackup, Manifest, unpack, write
from orchestrator.store.vault import Vault

ABOUT = Manifest(
    caisse="cpam-931", effect="e" * 32, made_at="2026-03-27T06:00:00.000000Z", glr="1", postgres="18.4", members={}
)


def _vault() -> Vault:
    return Vault(wrap=os.urandom(32), index=os.urandom(32), effect=os.urandom(32))


@pytest.fixture
def house(tmp_path: Path) -> dict[str, Path]:
    content = {
        "base.sql": b"select 1;\n" * 40,
        "logs/audit/2026-03-27.jsonl": b"{}\n",
        "logs/evidence/ab/cd.png": os.urandom(300),
    }
    paths = {name: tmp_path / "house" / name for name in content}
    for name, path in paths.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content[name])
    return paths


def _unpacked(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_goes_in_comes_out_and_nobody_else_may_read_it(house: dict[str, Path], tmp_path: Path) -> None:
    out, into, vault = tmp_path / "maison.glr", tmp_path / "into", _vault()
    into.mkdir()
    manifest = write(out, house.items(), ABOUT, vault)
    assert out.stat().st_mode & 0o077 == 0
    assert unpack(out, into, vault, "cpam-931") == manifest
    found = _unpacked(into)
    assert {name: found[name] for name in house} == {name: path.read_bytes() for name, path in house.items()}
    with pytest.raises(FileExistsError):
        write(out, house.items(), ABOUT, vault)
    assert [path.name for path in tmp_path.iterdir() if "partiel" in path.name] == []


def test_every_damage_is_refused(house: dict[str, Path], tmp_path: Path) -> None:
    out, vault, chosen = tmp_path / "maison.glr", _vault(), Random(931)
    write(out, house.items(), ABOUT, vault)
    whole = out.read_bytes()
    damaged = [whole[:size] for size in (0, 10, len(whole) // 2, len(whole) - 1)]
    places = chosen.sample(range(len(whole)), 80)
    damaged += [whole[:n] + bytes([whole[n] ^ 1 << chosen.randrange(8)]) + whole[n + 1 :] for n in places]
    refused = 0
    for number, content in enumerate(damaged):
        out.write_bytes(content)
        into = tmp_path / str(number)
        into.mkdir()
        try:
            unpack(out, into, vault, "cpam-931")
        except BadBackup:
            refused += 1
        else:  # the same content can be compressed otherwise: zeros from one place or another
            assert gzip.decompress(content) == gzip.decompress(whole)
    assert refused > len(damaged) / 2


def test_another_houses_archive_is_refused_and_says_what_is_missing(house: dict[str, Path], tmp_path: Path) -> None:
    out, vault = tmp_path / "maison.glr", _vault()
    write(out, house.items(), ABOUT, vault)
    for name, keys, caisse, words in (("a", _vault(), "cpam-931", "secrets/"), ("b", vault, "cpam-932", "GLR_CAISSE")):
        (tmp_path / name).mkdir()
        with pytest.raises(BadBackup, match=words):
            unpack(out, tmp_path / name, keys, caisse)


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "secrets/keys.json", "logs/../../evil"])
def test_a_name_that_leads_elsewhere_is_refused(name: str, tmp_path: Path) -> None:
    out, into = tmp_path / "evil.glr", tmp_path / "into"
    into.mkdir()
    with tarfile.open(out, "w:gz") as tar:
        tar.addfile(tarfile.TarInfo(name))
    with pytest.raises(BadBackup):
        unpack(out, into, _vault(), "cpam-931")
    assert list(into.iterdir()) == []
    assert not (tmp_path / "evil").exists()
