"""What an import would change, file by file: decided over the author's text, ours, and what was imported before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from orchestrator.sharing.archive import digest


class Kind(Enum):
    """What becomes of one file."""

    #: The author has it, we do not.
    NEW = "nouveau"
    #: We have an earlier one of an import, untouched.
    CHANGED = "changé"
    #: We changed it here, or made it ourselves, and the author has another: theirs is written, ours is kept beside.
    CONFLICT = "changé chez l'auteur et ici"
    #: We changed it here and the author did not: ours stays.
    OURS = "changé ici seulement"
    #: The author no longer has it, and we never changed it.
    REMOVED = "retiré"
    #: The author no longer has it, but we changed it here: it is kept beside.
    REMOVED_CONFLICT = "retiré chez l'auteur, changé ici"


#: Kinds whose old text is kept beside.
KEPT_BESIDE = frozenset({Kind.CONFLICT, Kind.REMOVED_CONFLICT})
#: Kinds that write nothing.
NOTHING = frozenset({Kind.OURS})


@dataclass(frozen=True, kw_only=True)
class Change:
    """One file that an import concerns."""

    kind: Kind
    path: str
    #: Ours, before; None when we have none.
    before: bytes | None
    #: The author's; None when they have none.
    after: bytes | None


def changes(
    theirs: Mapping[str, bytes],
    ours: Mapping[str, bytes],
    last: Mapping[str, str],
    others: Mapping[str, frozenset[str]],
) -> tuple[Change, ...]:
    """Return what an import would do, nothing for files that are the same.

    :param theirs: the files of the archive.
    :param ours: the files that we have under those paths, and under those of the last import.
    :param last: digests of the last import of this robot.
    :param others: by path, the digests that imports of other robots brought.
    """
    found = []
    for path in sorted({*theirs, *(path for path in last if _is_this_robots(path, theirs))}):
        kind = _kind(theirs.get(path), ours.get(path), last.get(path), others.get(path, frozenset()))
        if kind is not None:
            found.append(Change(kind=kind, path=path, before=ours.get(path), after=theirs.get(path)))
    return tuple(found)


def _is_this_robots(path: str, theirs: Mapping[str, bytes]) -> bool:
    """False for what scenarios of ours may rely on too: dated rules, and applications that the archive no longer holds."""
    match path.split("/"):
        case ["scenarios", "rules", *_]:
            return False
        case ["keywords", name, *_]:
            return any(each.startswith(f"keywords/{name}/") for each in theirs)
    return True


def _kind(theirs: bytes | None, ours: bytes | None, last: str | None, others: frozenset[str]) -> Kind | None:
    if ours is None or theirs is None:
        return _one_sided(theirs, ours, last, others)
    now = digest(ours)
    if theirs == ours:
        return None
    if now == last or now in others:
        return Kind.CHANGED
    return Kind.OURS if digest(theirs) == last else Kind.CONFLICT


def _one_sided(theirs: bytes | None, ours: bytes | None, last: str | None, others: frozenset[str]) -> Kind | None:
    if theirs is not None:
        return Kind.NEW
    if ours is None or others:
        return None
    return Kind.REMOVED if digest(ours) == last else Kind.REMOVED_CONFLICT
