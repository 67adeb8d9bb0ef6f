"""First drafts of what owners write: valid from the first line, never over something that is there."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path

from orchestrator.bootstrap.world import World
from orchestrator.domain.errors import GlrError, SettingsError

#: The kinds of source that a draft may begin with.
SOURCES = ("csv", "excel", "fixed_width", "xml", "extract", "api")
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST_NAME = 60


def new_scenario(world: World, name: str, robot: str | None, title: str | None, source: str = "csv") -> Path:
    """Write ``scenarios/<name>.yaml`` of the project; returns its path.

    Raises :class:`SettingsError` for a bad or taken name, or ``ScenarioErrors`` when the draft would not hold in this project
    (no such robot, no right to read BDO); nothing is written then.
    """
    check_name(name)
    folder = world.settings.project / "scenarios"
    taken = sorted(path.name for path in folder.glob(f"{name}.*"))
    if taken:
        raise SettingsError(f"{folder / taken[0]} existe déjà : rien n'a été écrit. Donner un autre nom.")
    robot = robot or _only_robot(world.settings.project / "robots")
    said = {"NAME": name, "TITLE": json.dumps(title or name, ensure_ascii=False), "CAISSE": world.settings.caisse}
    said["SOURCE"] = _filled(f"source-{source}.yaml", {}).rstrip("\n")
    text = _filled("scenario.yaml", {**said, "ROBOT": robot, "QUEUE": name})
    path = folder / f"{name}.yaml"
    folder.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
    try:
        world.scenario(name)
    except GlrError:
        path.unlink()
        raise
    return path


def check_name(name: str) -> None:
    """Refuse what cannot be a file name and a word of the command line everywhere."""
    if not _NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise SettingsError(
            f"« {name} » n'est pas un nom : des minuscules sans accent, des chiffres et des tirets, {LONGEST_NAME} au plus, "
            "comme « verifier-identites »."
        )


def _only_robot(folder: Path) -> str:
    robots = sorted(path.parent.name for path in folder.glob("*/robot.yaml"))
    if len(robots) != 1:
        known = ", ".join(robots) or f"aucun dans {folder}"
        raise SettingsError(f"Dire quel robot travaille, avec --robot. Robots : {known}.")
    return robots[0]


def _filled(template: str, said: dict[str, str]) -> str:
    text = files("orchestrator.bootstrap").joinpath("scaffold", template).read_text(encoding="utf-8")
    for name, value in said.items():
        text = text.replace(f"@{name}@", value)
    return text
