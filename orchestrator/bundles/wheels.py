"""The wheels of the lock, fetched by pip under its hashes, and what each says of itself."""

from __future__ import annotations

import re
import sys
import zipfile
from collections.abc import Iterator, Sequence
from email.message import Message
from email.parser import BytesParser
from pathlib import Path

from packaging.markers import Marker

from orchestrator.bundles.component import Component, digest_of
from orchestrator.bundles.programs import said_by

_TEXT = re.compile(r"\.dist-info/(?:licenses/.*[^/]|(?:LICEN[CS]E|COPYING|NOTICE|AUTHORS)[^/]*)$", re.IGNORECASE)
#: A licence named by a whole text is no name.
_LONGEST_NAME = 100
#: More patches than a minor version of Python ever had.
_PATCHES = 40


def fetch_wheels(lock: Path, folder: Path) -> list[Component]:
    """Fetch the wheels of a lock for this machine and any patch of this Python; raises ``CannotBundle`` for one not to be had.

    The distribution's Python is seldom the patch that a bundle is made with, and the lock may tell them apart.
    """
    folder.mkdir()
    for number, pins in enumerate(rounds(lock.read_text(encoding="utf-8"))):
        asked = folder.with_name(f"asked-{number}.txt")
        asked.write_text("\n".join(pins) + "\n", encoding="utf-8")
        pip = [sys.executable, "-I", "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"]
        options = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--requirement", str(asked)]
        said_by([*pip, *options, "--dest", str(folder)], "les bibliothèques du verrou n'ont pas été obtenues")
        asked.unlink()
    return [_component(path) for path in sorted(folder.glob("*.whl"))]


def rounds(lock: str, minor: tuple[int, int] = sys.version_info[:2]) -> Sequence[Sequence[str]]:
    """Return the pins of a lock that some patch of a Python needs, without their conditions, no name twice in a round."""
    found: list[dict[str, str]] = []
    for block in re.split(r"\n(?=[\w.\-\[\],]+==)", lock.strip()):
        name, _, _ = block.partition("==")
        condition = re.match(r"\S+ ; (.+?)(?: \\)?$", block, re.MULTILINE)
        if condition and not any(Marker(condition[1]).evaluate(_python(*minor, patch)) for patch in range(_PATCHES)):
            continue
        pin = block.replace(f" ; {condition[1]}", "", 1) if condition else block
        room = next((each for each in found if name not in each), None)
        if room is None:
            found.append(room := {})
        room[name] = pin
    return [list(each.values()) for each in found]


def _python(major: int, minor: int, patch: int) -> dict[str, str]:
    return {"python_version": f"{major}.{minor}", "python_full_version": f"{major}.{minor}.{patch}"}


def _component(path: Path) -> Component:
    with zipfile.ZipFile(path) as wheel:
        names = wheel.namelist()
        about = next(name for name in names if re.fullmatch(r"[^/]+\.dist-info/METADATA", name))
        said = BytesParser().parsebytes(wheel.read(about), headersonly=True)
        texts = {name.partition(".dist-info/")[2]: wheel.read(name) for name in names if _TEXT.search(name)}
    name, version = str(said["Name"]), str(said["Version"])
    return Component(
        name=name,
        version=version,
        purl=f"pkg:pypi/{re.sub(r'[-_.]+', '-', name).lower()}@{version}",
        file=f"{path.parent.name}/{path.name}",
        sha256=digest_of(path),
        licence=next(_licences(said), "non déclarée"),
        texts=texts,
    )


def _licences(said: Message) -> Iterator[str]:
    if said["License-Expression"]:
        yield str(said["License-Expression"])
    named = str(said["License"] or "").strip()
    if named and len(named) <= _LONGEST_NAME and "\n" not in named and named != "UNKNOWN":
        yield named
    found = [str(each).rpartition(" :: ")[2] for each in said.get_all("Classifier", []) if "License ::" in str(each)]
    if found:
        yield ", ".join(found)
