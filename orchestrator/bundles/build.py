"""A bundle: our source at a commit, what it needs, what all of it is and under which licence, sums, signature."""

from __future__ import annotations

import json
import platform
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from orchestrator.bundles.component import Component, bill, digest_of
from orchestrator.bundles.debian import fetch_packages
from orchestrator.bundles.programs import CannotBundle, said_by
from orchestrator.bundles.wheels import fetch_wheels

SUMS, SIGNATURE = "SHA256SUMS", "SHA256SUMS.sig"


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """What was written."""

    #: The name of its folder, which is that of the version once installed.
    name: str
    #: What it holds of others.
    components: tuple[Component, ...]


def build(
    project: Path, out: Path, key: Ed25519PrivateKey | None, *, debian: bool, say: Callable[[str], object]
) -> Bundle:
    """Write the bundle of the commit that a clone stands at; raises ``CannotBundle``, and writes nothing then.

    :param key: signs the sums; None: nobody does.
    :param debian: with the distribution's packages too.
    """
    commit, seconds, moment = _commit(project)
    with tempfile.TemporaryDirectory(prefix=".paquet-", dir=out.parent) as draft:
        name = f"go-les-robots-{version('go-les-robots')}-{commit[:10]}"
        folder = Path(draft) / name
        folder.mkdir()
        archive = ["git", "-C", str(project), "archive", "--format=tar", f"--output={folder / 'source.tar'}", commit]
        said_by(archive, "les sources n'ont pas été lues")
        installer = said_by(["git", "-C", str(project), "show", f"{commit}:deploy/install.py"], "sans installeur")
        (folder / "install.py").write_bytes(installer)
        say("Bibliothèques du verrou…")
        components = fetch_wheels(project / "locks" / "runtime.txt", folder / "wheels")
        if debian:
            say("Paquets de la distribution…")
            components += fetch_packages(folder / "debian")
        _describe(folder, commit, moment, components)
        _sign(folder, key)
        partial = Path(draft) / "paquet.tar"
        _pack(folder, partial, seconds)
        partial.rename(out)
    return Bundle(name=name, components=tuple(components))


def _commit(project: Path) -> tuple[str, int, str]:
    """Return the commit of a clone, its instant in seconds and as ISO 8601; the lock must be the commit's own."""
    if not (project / ".git").exists():
        raise CannotBundle(f"{project} n'est pas un clone du projet : un paquet se fait à partir d'un commit.")
    changed = said_by(["git", "-C", str(project), "status", "--porcelain", "--untracked-files=no"], "git status")
    if changed:
        raise CannotBundle("des fichiers suivis ont été modifiés : le paquet ne serait celui d'aucun commit.")
    said = said_by(["git", "-C", str(project), "log", "-1", "--format=%H %ct %cI"], "git log").decode().split()
    return said[0], int(said[1]), said[2]


def _describe(folder: Path, commit: str, moment: str, components: Iterable[Component]) -> None:
    listed = list(components)
    (folder / "sbom.cdx.json").write_bytes(bill(version("go-les-robots"), commit, moment, listed))
    about = {
        "name": folder.name,
        "commit": commit,
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "machine": platform.machine(),
    }
    (folder / "bundle.json").write_text(json.dumps(about, indent=1) + "\n", encoding="ascii")
    for each in listed:
        kind = each.file.partition("/")[0]
        for name, text in each.texts.items():
            path = folder / "licences" / kind / f"{each.name}-{each.version}".replace(":", "_") / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)


def _sign(folder: Path, key: Ed25519PrivateKey | None) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    sums = "".join(f"{digest_of(path)}  {path.relative_to(folder).as_posix()}\n" for path in files).encode()
    (folder / SUMS).write_bytes(sums)
    if key is not None:
        (folder / SIGNATURE).write_bytes(key.sign(sums))


def _pack(folder: Path, out: Path, seconds: int) -> None:
    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        member.uname = member.gname = "root"
        member.mtime = seconds
        member.mode = 0o755 if member.isdir() else 0o644
        return member

    with tarfile.open(out, "x", format=tarfile.PAX_FORMAT) as archive:
        archive.add(folder, folder.name, filter=plain)  # in the order of the names
