"""What a version of a scenario is made of: the files and declarations whose change makes another version.

A version is kept as texts by path, as they stand in a project, so that it can run again when the files on disk have
changed. Of the installed keywords only what they declare is kept (:data:`DECLARATIONS` shows it); of a workspace's own the code
as well, since it comes from a person or an archive and not from an installation (ADR 19).
"""

from __future__ import annotations

import difflib
import hashlib
import inspect
import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Any

from orchestrator.domain.keywords import Keyword
from orchestrator.language.nodes import Items, Node, Table, Text

#: The name under which the declarations of keywords stand among the files of a version.
DECLARATIONS = "keywords/declarations.json"
_IMPORTED = re.compile(r"\bkeywords\.([a-z][a-z0-9_]*)")


@dataclass(frozen=True, kw_only=True)
class Version:
    """A version: its hash, and the texts that make it."""

    #: SHA-256 of everything that decides; comments and layout of the scenario and its rules do not.
    hash: str
    #: Every text by its path in a project, in the order in which people read them.
    files: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Screens:
    """Where the screen contracts of a version are: folders of one folder per application."""

    #: The shared ones; None: beside their keywords.
    shared: Path | None
    #: What differs in the caisse (``screens.<caisse>.yaml``).
    local: Path
    #: The caisse.
    caisse: str

    def files(self, code: Path) -> Iterable[tuple[str, Path]]:
        """Return the contracts of the application whose code is there, by their path in a project."""
        shared = sorted((self.shared / code.name if self.shared else code).glob("*.yaml"))
        own = sorted((self.local / code.name).glob(f"*.{self.caisse}.yaml"))
        return [(f"keywords/{code.name}/{path.name}", path) for path in [p for p in shared if "." not in p.stem] + own]


def version_of(
    scenario: Sequence[tuple[str, Path, Table]],
    used: Iterable[Keyword],
    known: Mapping[str, Keyword],
    screens: Screens,
    suites: Mapping[str, str] | None = None,
) -> Version:
    """Return the version of a scenario.

    :param scenario: scenario, the caisse's values and rule packs: path in a project, file, what was read in it.
    :param used: the keywords of its steps; those that an entry looks up and reconciles with are added.
    :param suites: the texts of Robot Framework suites and of the files they use, by path in a project.
    """
    words = _with_their_own(used, known)
    files = {name: _text(path) for name, path, _ in scenario}
    folders = sorted({Path(inspect.getfile(word.function)).parent for word in words.values()})
    contracts = {name: _text(path) for folder in folders for name, path in [*screens.files(folder), *_own_code(folder)]}
    shown = json.dumps({name: _declaration(words[name]) for name in sorted(words)}, ensure_ascii=False, indent=1) + "\n"
    others = {**{name: contracts[name] for name in sorted(contracts)}, DECLARATIONS: shown}
    others = {**(suites or {}), **others}
    decides = {**{name: _plain(node) for name, _, node in scenario}, **others}
    digest = hashlib.sha256(json.dumps(decides, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    return Version(hash=digest, files={**files, **others})


def heading(path: str) -> str:
    """Return what a file of a version is, in French."""
    found = PurePosixPath(path)
    if path == DECLARATIONS:
        return "Mots-clés (déclarations)"
    if found.parent.name == "rules":
        return f"Règles datées « {found.stem} »"
    if found.parts[0] == "keywords":
        stem, _, caisse = found.stem.partition(".")
        what = {"screens": "Écrans", "release": "Formulaires connus"}.get(stem, f"Fichier {found.name}")
        return f"{what} de {found.parent.name.upper()}" + (f" à la caisse {caisse}" if caisse else "")
    if found.parts[0] == "robots":
        return f"Robot « {found.parts[1]} », {'/'.join(found.parts[2:])}"
    scenario, _, caisse = found.stem.partition(".")
    return f"Valeurs de la caisse {caisse}" if caisse else f"Scénario « {scenario} »"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What differs in one file between two versions."""

    #: What the file is, in French.
    heading: str
    #: Its path in a project.
    path: str
    #: The lines of a unified diff, without its head.
    lines: tuple[str, ...]


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Difference, ...]:
    """Return what differs between the texts of two versions, file by file, in the order in which people read them."""
    names = [*after, *(name for name in before if name not in after)]
    found = []
    for name in names:
        old, new = before.get(name, "").splitlines(), after.get(name, "").splitlines()
        lines = tuple(difflib.unified_diff(old, new, lineterm=""))[2:]
        if lines:
            found.append(Difference(heading=heading(name), path=name, lines=lines))
    return tuple(found)


def _with_their_own(used: Iterable[Keyword], known: Mapping[str, Keyword]) -> dict[str, Keyword]:
    words = {word.name: word for word in used}
    named = [name for word in words.values() if word.entry for name in (word.entry.look_up, word.entry.made_by)]
    return words | {name: known[name] for name in named if name in known}


def _own_code(folder: Path) -> Iterable[tuple[str, Path]]:
    """Return the code of a workspace's own application, with that of its own others that it imports."""
    found: dict[str, Path] = {}
    wanted = [folder]
    while wanted:
        code = wanted.pop()
        if not _is_own(code) or f"keywords/{code.name}/__init__.py" in found:
            continue
        files = {f"keywords/{code.name}/{path.name}": path for path in sorted(code.glob("*.py"))}
        found |= files
        names = {name for path in files.values() for name in _IMPORTED.findall(_text(path))}
        modules = [sys.modules.get(f"keywords.{name}") for name in sorted(names)]
        wanted += [Path(str(module.__file__)).parent for module in modules if module is not None]
    return found.items()


def _is_own(code: Path) -> bool:
    """True for an application that was imported from a workspace (``bootstrap/applications.py``)."""
    installed, module = find_spec("keywords"), sys.modules.get(f"keywords.{code.name}")
    if installed is None or installed.origin is None or module is None:
        return False
    return Path(str(module.__file__)).parent == code != Path(installed.origin).parent / code.name


def _declaration(word: Keyword) -> dict[str, str]:
    return {
        "kind": word.kind.value,
        "takes": str(inspect.signature(word.function)),
        "says": word.doc,
        "entry": repr(word.entry),
    }


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8-sig")


def _plain(node: Node) -> Any:  # noqa: ANN401 - JSON
    match node:
        case Table(entries=entries):
            return {key.text: _plain(value) for key, value in entries}
        case Items(items=items):
            return [_plain(item) for item in items]
        case Text(text=text):
            return text
    return None
