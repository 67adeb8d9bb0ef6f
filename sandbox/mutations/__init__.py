"""Changes that a release of an application might bring to a screen, by seed; `mutations.json` asks for one.

`{"compta": {"screen": "nouvelle-avance", "kind": "swap_labels", "seed": 3}}`. The page changes and, where its meaning did,
so does what the application makes of its form. What was really served is in `mutations.served.json`.
"""

import json
import random
from pathlib import Path
from typing import Any

from sandbox.mutations.meaning import read_otherwise
from sandbox.mutations.parts import Page, UnfitError
from sandbox.mutations.plan import KINDS, asked

__all__ = ["KINDS", "asked", "delay", "mutate", "received", "wanted_change"]


def mutate(page: str, screen: str, application: str, folder: Path) -> str:
    """The page as the asked mutation leaves it."""
    asked_for = wanted_change(folder, application)
    if not asked_for or asked_for["screen"] != screen:
        return page
    changed = Page.of(page)
    title = changed.root.findtext(".//title")
    try:
        KINDS[asked_for["kind"]](changed, random.Random(asked_for["seed"]))
    except UnfitError:
        return page
    served = {
        "application": application,
        **asked_for,
        "title": title,
        "touched": changed.touched,
        "meaning": changed.meaning,
    }
    (folder / "mutations.served.json").write_text(json.dumps(served))
    return changed.text


def received(form: dict[str, str], application: str, folder: Path) -> dict[str, str]:
    """The form as the application understands it once the meaning of its fields has changed."""
    return read_otherwise(form, _served(folder, application).get("meaning", {}))


def delay(application: str, folder: Path) -> float:
    """Seconds that each answer of the application takes longer."""
    return float(_served(folder, application).get("meaning", {}).get("seconds", 0))


def _served(folder: Path, application: str) -> dict[str, Any]:
    """What was served last, while it is still what is asked for."""
    asked_for = wanted_change(folder, application)
    if not asked_for:
        return {}
    served = _read(folder / "mutations.served.json")
    same = all(served.get(name) == value for name, value in {"application": application, **asked_for}.items())
    return served if same else {}


def wanted_change(folder: Path, application: str) -> dict[str, Any]:
    """The change that is asked for: its screen, kind and seed; nothing when none is."""
    found: dict[str, Any] = _read(folder / "mutations.json").get(application) or {}
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError):  # not there, or being written
        return {}
    return found
