"""What a version of a scenario is made of: the files and declarations whose change makes another version.

A version is kept as texts by path, as they stand in a project, so that it can run again when the files on disk have
changed. The code of keywords is not kept, only what they declare: :data:`DECLARATIONS` shows it.
"""

from __future__ import annotations

import difflib
import hashlib
import inspect
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from orchestrator.domain.keywords import Keyword
from orchestrator.language.nodes import Items, Node, Table, Text

#: The name under which the declarations of keywords stand among the files of a version.
DECLARATIONS = "keywords/declarations.json"


@dataclass(frozen=True, kw_only=True)
class Version:
    """A version: its hash, and the texts that make it."""

    #: SHA-256 of everything that decides; comments and layout of the scenario and its rules do not.
    hash: str
    #: Every text by its path in a project, in the order in which people read them.
    files: Mapping[str, str]


def version_of(
    scenario: Sequence[tuple[str, Path, Table]],
    used: Iterable[Keyword],
    known: Mapping[str, Keyword],
    screens: Path | None = None,
) -> Version:
    """Return the version of a scenario.

    :param scenario: scenario, the caisse's values and rule packs: path in a project, file, what was read in it.
    :param used: the keywords of its steps; those that an entry looks up and reconciles with are added.
    :param screens: the folder that holds one folder per application; by default that of the keywords' own code.
    """
    words = _with_their_own(used, known)
    files = {name: _text(path) for name, path, _ in scenario}
    contracts = {name: _text(path) for word in words.values() for name, path in _contracts(word, screens)}
    shown = json.dumps({name: _declaration(words[name]) for name in sorted(words)}, ensure_ascii=False, indent=1) + "\n"
    others = {**{name: contracts[name] for name in sorted(contracts)}, DECLARATIONS: shown}
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
        what = {"screens": "Écrans", "release": "Formulaires connus"}.get(found.stem, found.name)
        return f"{what} de {found.parent.name.upper()}"
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


def _contracts(word: Keyword, screens: Path | None) -> Iterable[tuple[str, Path]]:
    code = Path(inspect.getfile(word.function)).parent
    folder = code if screens is None else screens / code.name
    return [(f"keywords/{code.name}/{path.name}", path) for path in sorted(folder.glob("*.yaml"))]


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
