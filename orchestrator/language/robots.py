"""``robots/<robot>/robot.yaml``: who a robot is, declared: name, owner, purpose, rights, accounts (AUDIT, Accountability)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from orchestrator.domain.errors import SettingsError
from orchestrator.domain.keywords import Keyword, Kind
from orchestrator.domain.labels import EXPECTED, is_label
from orchestrator.language.faults import ScenarioErrors, ScenarioFault
from orchestrator.language.model import ExtractSource, Scenario, Step
from orchestrator.language.nodes import LOADER


class Folder(BaseModel):
    """A folder that a robot's generic libraries may use, and no other."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: From the workspace, or absolute for a shared folder.
    path: Path
    #: True when files may be put there; none is ever overwritten or deleted.
    write: bool = False


class Robot(BaseModel):
    """A declared identity with rights on applications."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: Its name, that of its folder.
    robot: str
    #: The name people see.
    name: str
    #: Who answers for it.
    owner: str
    #: What it is for.
    purpose: str
    #: Why it may process personal data.
    legal_basis: str
    #: What it may do, by application.
    applications: Mapping[str, tuple[Kind, ...]]
    #: What it may do, by generic library (``files``, ``mail``…).
    libraries: Mapping[str, tuple[Kind, ...]] = {}
    #: The scenarios of which it may let a waiting case go on, with what it has filed.
    wakes: tuple[str, ...] = ()
    #: The folders of its generic libraries, by the name that keywords say.
    folders: Mapping[str, Folder] = {}
    #: The secrets file of its mailbox and of the addresses it may write to; without it, it has none.
    mail: str | None = None
    #: The secrets file of its accounts, in the workspace's ``secrets`` folder (0600).
    accounts: str
    #: The labels that a machine must have to host its sessions (``glr runner --labels``).
    runs_on: tuple[str, ...] = ()
    #: Last day it may work.
    ends_on: date
    #: Whom to ask.
    contact: str


def load_robot(path: Path) -> Robot:
    """Read a ``robot.yaml``; raises :class:`SettingsError`, or :class:`ScenarioErrors` with the place of each wrong label."""
    try:
        text = path.read_text(encoding="utf-8")
        _check_labels(f"robots/{path.parent.name}/{path.name}", yaml.compose(text, LOADER))
        return Robot.model_validate(yaml.load(text, LOADER))  # noqa: S506 - a safe one
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise SettingsError(f"{path} : déclaration de robot illisible.\n{error}") from None


def _check_labels(file: str, document: yaml.Node | None) -> None:
    entries = document.value if isinstance(document, yaml.MappingNode) else []
    for value in (value for key, value in entries if key.value == "runs_on"):
        faults = list(_label_faults(file, value))
        if faults:
            raise ScenarioErrors(faults)


def _label_faults(file: str, value: yaml.Node) -> Iterator[ScenarioFault]:
    def fault(at: yaml.Node, message: str, advice: str) -> ScenarioFault:
        mark = at.start_mark
        return ScenarioFault(file=file, line=mark.line + 1, column=mark.column + 1, message=message, advice=advice)

    if not isinstance(value, yaml.SequenceNode):
        yield fault(value, "une liste d'étiquettes est attendue", "Écrire « runs_on: [siege] ».")
        return
    seen = set()
    for item in value.value:
        text = item.value if isinstance(item, yaml.ScalarNode) else None
        if text is None or item.tag != "tag:yaml.org,2002:str" or not is_label(text):
            yield fault(item, f"« {'?' if text is None else text} » n'est pas une étiquette", f"Attendu : {EXPECTED}.")
        elif text in seen:
            yield fault(item, f"l'étiquette « {text} » est deux fois", "L'enlever ici.")
        seen.add(text)


def may(robot: Robot, keyword: Keyword) -> bool:
    """True when a robot has declared the right to a keyword; a computation needs none."""
    rights = robot.libraries if keyword.at_workshop else robot.applications
    return keyword.kind is Kind.COMPUTE or keyword.kind in rights.get(keyword.application, ())


def check_rights(robot: Robot, scenario: Scenario) -> None:
    """Refuse a scenario whose steps go beyond what its robot declared."""
    asked = [
        (_where(scenario, step, keyword), keyword, keyword.kind) for step in scenario.calls for keyword in step.uses
    ]
    asked += [
        (f"{scenario.path} : la source « {source.keyword.name} »", source.keyword, source.keyword.kind)
        for source in scenario.sources
        if isinstance(source, ExtractSource)
    ]
    _check_wakes(robot, scenario)
    for what, keyword, kind in asked:
        if not may(robot, keyword):
            raise SettingsError(
                f"{what} demande le droit « {kind} » dans « {keyword.application} », que le robot « {robot.robot} » n'a pas. "
                f"L'ajouter dans robots/{robot.robot}/robot.yaml, ou changer le scénario."
            )


def _check_wakes(robot: Robot, scenario: Scenario) -> None:
    for name, _ in scenario.wakes.cases if scenario.wakes else ():
        if name not in robot.wakes:
            raise SettingsError(
                f"{scenario.path}, wakes : le robot « {robot.robot} » n'a pas le droit de faire reprendre un dossier de "
                f"« {name} ». L'ajouter à « wakes » dans robots/{robot.robot}/robot.yaml, ou changer le scénario."
            )


def _where(scenario: Scenario, step: Step, keyword: Keyword) -> str:
    at = step.task.places[keyword.name] if step.task else None
    place = f"{scenario.path}:{step.line}" if at is None else f"{at.file}:{at.line}:{at.column}"
    return f"{place} : l'étape « {step.id} »"
