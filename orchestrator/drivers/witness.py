"""The witness of an application: a person that a caisse has chosen for the walk, and what the screens show of it.

Its file, ``canary.json`` among the secrets, is written by people (``values``) and by ``glr screens record`` (``known``). What
is known is kept as typed values, not as texts: another format of the same date is told from another date.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.domain.canonical import canonical
from orchestrator.domain.errors import SettingsError
from orchestrator.domain.personal import Nir


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The typed values of a screen, canonical; None for an empty one."""

    fields: Mapping[str, str | None] = field(default_factory=dict)
    tables: Mapping[str, Sequence[Mapping[str, str | None]]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Witness:
    """What the walk types, and what it must find again."""

    #: What people noted to reach the witness: ``nir``, ``nobody``…
    values: Mapping[str, str] = field(default_factory=dict)
    #: What each screen showed when a person looked.
    known: Mapping[str, Shown] = field(default_factory=dict)


def canonical_or_none(value: object) -> str | None:
    """Return the canonical text of a typed value."""
    return None if value is None or value == "" else canonical(value)


def load_witnesses(path: Path) -> dict[str, Witness]:
    """Read ``canary.json``, by application; none when there is no file. Raises :class:`SettingsError`."""
    if not path.exists():
        return {}
    if path.stat().st_mode & 0o077:
        raise SettingsError(f"Le fichier {path} est lisible par d'autres : chmod 600 {path}")
    try:
        raw: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return {name: _witness(item) for name, item in raw.items()}
    except (ValueError, TypeError, AttributeError):
        raise SettingsError(
            f"{path} illisible : on attend, par application, « values » et « known » (docs/screens.md)."
        ) from None


def numbers_of(witnesses: Mapping[str, Witness]) -> frozenset[str]:
    """Return the NIRs of these witnesses, canonical and clear; a value that is none is no person's."""
    found = set()
    for one in witnesses.values():
        with suppress(ValueError):
            found.add(Nir.parse(one.values.get("nir", "")).reveal())
    return frozenset(found)


def save_witnesses(path: Path, witnesses: Mapping[str, Witness]) -> None:
    """Write ``canary.json``, 0600, whole or not at all."""
    raw = {
        name: {
            "values": dict(one.values),
            "known": {screen: vars(shown) for screen, shown in one.known.items()},
        }
        for name, one in witnesses.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(raw, file, ensure_ascii=False, indent=1)
    draft.replace(path)


def _witness(item: Mapping[str, Any]) -> Witness:
    known = {screen: Shown(**shown) for screen, shown in item.get("known", {}).items()}
    return Witness(values=dict(item["values"]), known=known)
