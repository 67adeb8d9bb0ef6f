"""What a robot is made of, gathered for an archive: texts of the workspace, none of which names a person or holds a secret."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import yaml

from orchestrator.bootstrap.applications import application_folders, installed_folder
from orchestrator.bootstrap.world import World
from orchestrator.domain.errors import SettingsError
from orchestrator.sharing.archive import FORMAT, RECEIPT, Manifest, digest, may_travel
from orchestrator.sharing.suspicions import suspicions

#: Shown at once of what is refused.
SHOWN = 10
_SHORTEST_SECRET = 6


class CannotShare(SettingsError):
    """Un robot ne peut pas partir tel qu'il est."""


@dataclass(frozen=True, kw_only=True)
class Contents:
    """Everything of a robot, before it is signed."""

    manifest: Manifest
    files: Mapping[str, bytes]


def gather(world: World, name: str, key: str) -> Contents:
    """Gather a robot of the project; raises :class:`CannotShare` for what must not leave, ``ScenarioErrors`` for what is wrong.

    :param key: the public key of who will sign.
    """
    robot = world.robot(name)
    scenarios = [world.scenario(each) for each in _scenarios(world, name)]
    texts = {path: text for each in scenarios for path, text in each.version.files.items()}
    own = _own_applications(world, {*robot.applications, *(path.split("/")[1] for path in texts)})
    found = {
        path: text.encode() for path, text in texts.items() if path.startswith("scenarios/") and may_travel(path, name)
    }
    for place in [Path("robots", name), *(Path("keywords", each) for each in own)]:
        found |= dict(_folder(world.settings.project, place, name))
    personal = suspicious(found, _secrets(world.settings.secrets))
    if personal:
        raise CannotShare(f"Ce robot ne peut pas être partagé, rien n'a été écrit :\n{personal}")
    screens = {path: text for path, text in texts.items() if path.startswith("keywords/") and path.endswith(".yaml")}
    manifest = Manifest(
        format=FORMAT,
        robot=name,
        author=world.settings.caisse,
        key=key,
        glr=version("go-les-robots"),
        versions={each.name: each.hash for each in scenarios},
        overrides=tuple(sorted(each for each in own if (installed_folder() / each / "__init__.py").exists())),
        installed={
            path: digest(text.encode())
            for path, text in screens.items()
            if path not in found and may_travel(path, name)
        },
        files={path: digest(content) for path, content in found.items()},
    )
    return Contents(manifest=manifest, files=found)


def suspicious(files: Mapping[str, bytes], known: frozenset[str] = frozenset()) -> str:
    """Return, line by line, what looks like a person's number, an account or a secret; nothing when all is well."""
    found = [
        each for path, content in sorted(files.items()) for each in suspicions(path, decoded(path, content), known)
    ]
    rest = [f"… et {len(found) - SHOWN} autres lignes"] if len(found) > SHOWN else []
    return "\n".join(f"  - {each}" for each in [*found[:SHOWN], *rest])


def decoded(path: str, content: bytes) -> str:
    """Return the text of a file; deliveries may be in cp1252. Raises :class:`CannotShare` for what is no text."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        if not path.endswith(".csv"):
            raise CannotShare(f"{path} n'est pas un texte en UTF-8 : seuls des textes se partagent.") from None
        return content.decode("cp1252", "replace")


def _scenarios(world: World, robot: str) -> list[str]:
    folder = world.settings.project / "scenarios"
    heads = {name: yaml.safe_load((folder / f"{name}.yaml").read_text("utf-8")) for name in world.scenario_names()}
    found = [name for name, head in heads.items() if isinstance(head, dict) and head.get("robot") == robot]
    if not found:
        raise CannotShare(f"Aucun scénario de {folder} ne travaille avec le robot « {robot} » : rien à partager.")
    return found


def _own_applications(world: World, used: set[str]) -> list[str]:
    folders = application_folders(world.settings.project)
    return sorted(each for each in used if each in folders and folders[each].parent != installed_folder())


def _folder(project: Path, place: Path, robot: str) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a folder by their path in the project, but for what is made by running and what stays local."""
    for path in sorted((project / place).rglob("*")):
        name = path.relative_to(project).as_posix()
        if path.is_symlink():
            raise CannotShare(f"{name} est un lien symbolique : seuls des fichiers se partagent.")
        if path.is_dir() or _stays(path):
            continue
        if not may_travel(name, robot):
            raise CannotShare(f"{name} ne se partage pas : ni son nom, ni son genre ne sont ceux d'un texte de robot.")
        yield name, path.read_bytes()


def _stays(path: Path) -> bool:
    """True for what never travels: caches, receipts, what an import kept beside, what is one caisse's own."""
    made = path.parent.name == "__pycache__" or path.name == RECEIPT or ".avant-" in path.name
    return made or (path.suffix == ".yaml" and "." in path.stem)


def _secrets(folder: Path) -> frozenset[str]:
    """Return every secret of the workspace, so that none of them leaves."""
    found: set[str] = set()
    for path in folder.glob("*"):
        text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        try:
            found |= set(_texts(json.loads(text)))
        except ValueError:
            found.add(text.strip())
    return frozenset(each for each in found if len(each) >= _SHORTEST_SECRET and "://" not in each)


def _texts(value: object, name: str = "") -> Iterator[str]:
    match value:
        case str() if name != "login":
            yield value
        case dict():
            for key, inner in value.items():
                yield from _texts(inner, str(key))
        case list():
            for inner in value:
                yield from _texts(inner, name)
