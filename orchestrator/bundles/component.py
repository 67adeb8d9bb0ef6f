"""One thing that others made and that a bundle holds, and the list of all (CycloneDX)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Component:
    """A library or a package of the distribution."""

    #: Its name where it comes from.
    name: str
    version: str
    #: Its name for everybody: ``pkg:pypi/…``, ``pkg:deb/…``.
    purl: str
    #: Its file in the bundle.
    file: str
    #: SHA-256 of that file, hexadecimal.
    sha256: str
    #: What it says of its licence, in its own words.
    licence: str
    #: The texts of its licence, by file name.
    texts: Mapping[str, bytes] = field(repr=False)


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def bill(version: str, commit: str, moment: str, components: Sequence[Component]) -> bytes:
    """Return the list of everything in the bundle as CycloneDX 1.5, JSON.

    :param moment: of the commit, ISO 8601; the same content gives the same bytes.
    """
    ours = {"type": "application", "name": "go-les-robots", "version": version, "bom-ref": f"go-les-robots@{commit}"}
    said = {
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"timestamp": moment, "component": {**ours, "licenses": [{"license": {"id": "Apache-2.0"}}]}},
        "components": [_listed(each) for each in components],
        "dependencies": [{"ref": ours["bom-ref"], "dependsOn": [each.purl for each in components]}],
    }
    return json.dumps(said, ensure_ascii=False, indent=1).encode() + b"\n"


def _listed(each: Component) -> dict[str, Any]:
    return {
        "type": "library",
        "bom-ref": each.purl,
        "name": each.name,
        "version": each.version,
        "purl": each.purl,
        "hashes": [{"alg": "SHA-256", "content": each.sha256}],
        "licenses": [{"license": {"name": each.licence}}],
        "properties": [{"name": "go-les-robots:file", "value": each.file}],
    }
