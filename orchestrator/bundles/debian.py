"""Packages of the distribution with all they need, as a repository that apt reads from a folder."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Sequence
from email.parser import Parser
from pathlib import Path
from urllib.parse import quote

from orchestrator.bundles.component import Component, digest_of
from orchestrator.bundles.programs import said_by

#: What a fresh server lacks: a browser for the robots with what Playwright's driver needs, what drives a green screen, the
#: database, and what makes an environment.
WANTED = ("chromium-headless-shell", "s3270", "postgresql", "python3-venv", "openssl", "libnss3-tools", "libatomic1")


def fetch_packages(folder: Path, wanted: Sequence[str] = WANTED) -> list[Component]:
    """Fetch packages and everything they need, as for a machine that has nothing; writes the index beside them.

    apt checks each against the signed lists of the distribution. Raises ``CannotBundle``.
    """
    (folder / "partial").mkdir(parents=True)
    nothing = folder / "nothing-installed"
    nothing.touch()
    options = {
        "Dir::State::status": str(nothing),
        "Dir::Cache::archives": f"{folder}/",
        "APT::Sandbox::User": "root",
        "APT::Install-Recommends": "false",
        "Debug::NoLocking": "true",
    }
    said = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
    what = "les paquets de la distribution n'ont pas été obtenus (apt-get update d'abord ? sinon --no-debian)"
    said_by(["apt-get", "-qq", *said, "--download-only", "--yes", "install", *wanted], what)
    nothing.unlink()
    for rest in (folder / "lock", folder / "partial" / "lock"):
        rest.unlink(missing_ok=True)
    (folder / "partial").rmdir()
    return _indexed(folder)


def _indexed(folder: Path) -> list[Component]:
    """Write ``Packages``, apt's index, and return what is there."""
    found, index = [], []
    for path in sorted(folder.glob("*.deb")):
        control = said_by(["dpkg-deb", "--field", str(path)], f"{path.name} ne se lit pas").decode().rstrip("\n")
        digest = digest_of(path)
        index.append(f"{control}\nFilename: ./{path.name}\nSize: {path.stat().st_size}\nSHA256: {digest}\n")
        said = Parser().parsestr(control)
        name, version = str(said["Package"]), str(said["Version"])
        found.append(
            Component(
                name=name,
                version=version,
                purl=f"pkg:deb/debian/{name}@{quote(version, safe='.-+~')}?arch={said['Architecture']}",
                file=f"{folder.name}/{path.name}",
                sha256=digest,
                licence="voir copyright",
                texts=_copyright(path, name),
            )
        )
    (folder / "Packages").write_text("\n".join(index), encoding="utf-8")
    return found


def _copyright(path: Path, name: str) -> dict[str, bytes]:
    """Return the copyright file of a package; one that shares another's documentation has none of its own."""
    content = said_by(["dpkg-deb", "--fsys-tarfile", str(path)], f"{path.name} ne se lit pas")
    with tarfile.open(fileobj=io.BytesIO(content)) as files:
        wanted = f"./usr/share/doc/{name}/copyright"
        member = next((each for each in files if each.name == wanted and each.isfile()), None)
        text = files.extractfile(member) if member else None
        return {"copyright": text.read()} if text else {}
