"""Applying a proposed change of screens, when a person has looked at the application: exactly what was proposed, or nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.domain.errors import SettingsError

_PATH = re.compile(r"keywords/[a-z][a-z0-9_]*/(?:screens|release)(?:\.[\w-]+)?\.yaml")
_HUNK = re.compile(r"@@ -(?P<line>\d+)(?:,(?P<count>\d+))? \+\d+(?:,\d+)? @@")


@dataclass
class _Part:
    """The change of one file: where each hunk begins, and its lines."""

    path: str
    hunks: list[tuple[int, list[str]]] = field(default_factory=list)


def applied(project: Path, text: str) -> dict[Path, str]:
    """Return the new text of each file that a proposed change names; nothing is written.

    Raises :class:`SettingsError` for a file that is no description of screens, or that is not what it was.
    """
    parts = list(_parts(text))
    if not parts:
        raise SettingsError("Ce fichier n'est pas une proposition de glr screens check (aucun changement n'y est).")
    return {project / part.path: _changed(project / part.path, part) for part in parts}


def _parts(text: str) -> Iterator[_Part]:
    part: _Part | None = None
    for line in text.splitlines():
        if line.startswith("--- a/") and (part is None or part.hunks):
            if part is not None:
                yield part
            part = _Part(_named(line.removeprefix("--- a/")))
        elif part is not None and (found := _HUNK.fullmatch(line)):
            start = int(found["line"]) - (found["count"] != "0")
            part.hunks.append((start, []))
        elif part is not None and part.hunks:
            part.hunks[-1][1].append(line)
    if part is not None and part.hunks:
        yield part


def _named(path: str) -> str:
    if not _PATH.fullmatch(path):
        raise SettingsError(
            f"« {path} » n'est pas un fichier d'écrans (keywords/APPLICATION/screens….yaml, release….yaml)."
        )
    return path


def _changed(path: Path, part: _Part) -> str:
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    for start, hunk in reversed(part.hunks):
        before = [line[1:] for line in hunk if line[:1] in {" ", "-"}]
        after = [line[1:] for line in hunk if line[:1] in {" ", "+"}]
        if lines[start : start + len(before)] != before or (lines and not before):
            raise SettingsError(
                f"{path} : la ligne {start + 1} n'est plus celle que la proposition connaît. Rien n'a été changé ; refaire "
                "glr screens check."
            )
        lines[start : start + len(before)] = after
    return "".join(f"{line}\n" for line in lines)
