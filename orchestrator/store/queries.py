"""Every query by name, from the ``.sql`` files beside this module: Python never builds SQL.

A file holds sections ``-- name: what it is for`` followed by one statement; ``cases.sql`` gives ``cases.claim`` and so on.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_SECTION = re.compile(r"^-- (?P<name>[a-z_0-9]+): .*$", re.MULTILINE)


@cache
def query(name: str) -> str:
    """Return the statement of a name like ``cases.claim``; raises ``KeyError`` when no file has it."""
    group, _, section = name.partition(".")
    return _sections(group)[section]


def names(group: str) -> list[str]:
    """Return the names of a file's statements, in its order: ``cases.claim`` and so on."""
    return [f"{group}.{section}" for section in _sections(group)]


@cache
def _sections(group: str) -> dict[str, str]:
    text = files("orchestrator.store").joinpath("queries", f"{group}.sql").read_text(encoding="utf-8")
    marks = list(_SECTION.finditer(text))
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    return {mark["name"]: text[mark.end() : end].strip() for mark, end in zip(marks, ends, strict=True)}
