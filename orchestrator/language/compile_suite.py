"""``robot: suite.robot#Task``: a task of a Robot Framework suite of the robot, as a step."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from pydantic import BaseModel, ConfigDict, Field, create_model

from orchestrator.domain.keywords import Argument, Keyword, Kind
from orchestrator.language.compile_controls import compile_controls, compile_ends, compile_rules_at, compile_when
from orchestrator.language.compile_enters import compile_enters
from orchestrator.language.compile_values import shaped
from orchestrator.language.faults import suggest
from orchestrator.language.fields import FIELD_TYPES
from orchestrator.language.forms import Form, Words
from orchestrator.language.model import Mode, Step
from orchestrator.language.nodes import Text
from orchestrator.language.sections import Section
from orchestrator.language.shapes import ANY, PackShape, RulesShape
from orchestrator.language.suite_checks import check_task
from orchestrator.language.suite_files import text_of, too_much, with_files_named
from orchestrator.language.suites import SuiteNotRead, SuiteRead, SuiteTask, TaskRead, read_suite
from orchestrator.language.templates import Value

_EXAMPLE = "verifier.robot#Vérifier"


def compile_suite(section: Section, identifier: Text, words: Words) -> Step | None:
    """Compile a step that runs a task; what the task returns is known to the following steps."""
    when = compile_when(section, identifier, words)
    arguments, shapes = _given(section, identifier, words)
    result = _result(section, words)
    found = _task(section, words)
    enters = compile_enters(section, identifier, words, found[1] if found else None)
    words.step_name(identifier, result or ANY)
    rules_at = compile_rules_at(section, identifier, words)
    controls = compile_controls(section, identifier, words)
    ends = compile_ends(section, identifier, words)
    _check_order(section, words)
    if found is None or section.node is None:
        return None
    suite, read = found
    node = section.scalar("robot")
    name = node.text if node else ""
    check_task(section, words, suite, read, shapes, result)
    task = _suite_task(name, suite, read, result, words)
    return Step(
        id=identifier.text,
        kind=Kind.ENTER if enters else Kind.EXTRACT,
        keyword=_keyword(name, read, shapes, result),
        arguments=arguments,
        controls=controls,
        ends=ends,
        rules_at=rules_at,
        when=when,
        effect_key=None,
        approval=None,
        reread=(),
        line=section.node.line,
        task=task,
        enters=enters,
    )


def check_suites(mode: Mode, words: Words) -> None:
    """Refuse, in a live scenario that pays, what acts outside the guarantee; a suite that enters comes last."""
    last = words.done[-1:]
    for step in words.before:
        if step.enters and step not in last:
            message = f"l'étape « {step.id} » est une suite qui saisit : rien ne peut la suivre"
            words.faults.add_at(step.line, 1, message, "La placer en dernier.")
    outside = [step for step in words.before if step.task is not None and step.task.outside]
    for step in outside if mode is Mode.LIVE and words.payments else ():
        message = f"l'étape « {step.id} » est hors de la garantie : un scénario réel qui paie ne l'emploie pas"
        words.faults.add_at(step.line, 1, message, "Lire par les mots-clés de la maison, ou écrire mode: shadow.")


def _given(section: Section, identifier: Text, words: Words) -> tuple[dict[str, Value], dict[str, Any]]:
    """Return the variables of the task, and their shapes."""
    given = section.section("with", f"with de {identifier.text}")
    values: dict[str, Value] = {}
    shapes: dict[str, Any] = {}
    for key, node in given.entries.values():
        text = given.as_scalar(node, key.text) if given.identifier(key) else None
        found = shaped(text, words.scope, f"étape {identifier.text}, {key.text}", words.faults) if text else None
        shapes[key.text] = found[1] if found else ANY
        if isinstance(shapes[key.text], RulesShape | PackShape):
            words.faults.add(
                key, "with : les règles datées ne se donnent pas à une suite", "Y écrire Rules At    ${…}."
            )
        if found is not None:
            values[key.text] = found[0]
    return values, shapes


def _result(section: Section, words: Words) -> type[BaseModel] | None:
    """Return what the task gives back: each field of a type of the language, or what a keyword returns."""
    if "result" not in section:
        return None
    given = section.section("result", "result")
    shapes: dict[str, Any] = {}
    for key, node in given.entries.values():
        kind = given.as_scalar(node, key.text) if given.identifier(key) else None
        if kind is None:
            continue
        if kind.text in FIELD_TYPES:
            shapes[key.text] = FIELD_TYPES[kind.text].python
        elif kind.text in words.keywords:
            shapes[key.text] = words.keywords[kind.text].returns
        else:
            message = f"result : « {kind.text} » n'est ni un type ni un mot-clé"
            words.faults.add(kind, message, suggest(kind.text, [*FIELD_TYPES, *words.keywords]))
            shapes[key.text] = ANY
    fields: dict[str, Any] = {name: (shape, Field(title=name)) for name, shape in shapes.items()}
    return create_model("SuiteResult", __config__=ConfigDict(frozen=True, extra="forbid"), **fields)


def _task(section: Section, words: Words) -> tuple[SuiteRead, TaskRead] | None:
    node = section.scalar("robot")
    if node is None:
        return None
    file, _, name = node.text.partition("#")
    path = words.robot / file
    if not name or path.suffix != ".robot" or ".." in Path(file).parts:
        words.faults.add(node, "robot : une suite et une de ses tâches sont attendues", f"Écrire robot: {_EXAMPLE}")
        return None
    if not path.is_file():
        suites = sorted(str(each.relative_to(words.robot)) for each in words.robot.rglob("*.robot"))
        message = f"suite « {file} » introuvable dans robots/{words.robot.name}"
        words.faults.add(node, message, suggest(file, suites))
        return None
    try:
        suite = read_suite(path.resolve(), words.keywords)
    except SuiteNotRead as error:
        words.faults.add(node, str(error), "L'essayer : glr robot run.")
        return None
    for told in suite.faults:
        words.faults.of_file(told.place.file).add_at(told.place.line, told.place.column, told.message, told.advice)
    if name not in suite.tasks and not suite.faults:
        words.faults.add(node, f"la suite {file} n'a pas de tâche « {name} »", suggest(name, suite.tasks))
    return (suite, suite.tasks[name]) if name in suite.tasks else None


def _suite_task(name: str, suite: SuiteRead, read: TaskRead, result: type[BaseModel] | None, words: Words) -> SuiteTask:
    file, _, task = name.partition("#")
    project = words.robot.parent.parent.resolve()
    texts = {}
    used = with_files_named(map(Path, suite.files))
    refused = dict(too_much(used))
    for each in used:
        if not each.is_relative_to(project):
            words.faults.of_file(file).add_at(1, 1, f"« {each.name} » est hors du projet", "Le placer dans robots/.")
        elif each in refused:
            advice = "Lire un grand fichier par les mots-clés « files »."
            words.faults.of_file(file).add_at(1, 1, f"« {each.name} » {refused[each]}", advice)
        else:
            texts[each.relative_to(project).as_posix()] = text_of(each)
    return SuiteTask(
        suite=f"robots/{words.robot.name}/{file}",
        task=task,
        files=texts,
        keywords={call.keyword: words.keywords[call.keyword] for call in read.calls},
        places={call.keyword: call.place for call in reversed(read.calls)},
        result=result,
        outside=tuple(library.name for library in suite.outside),
    )


def _keyword(name: str, task: TaskRead, shapes: Mapping[str, Any], result: type[BaseModel] | None) -> Keyword:
    """Return the task as the engine knows what it calls: a reading, whose arguments are its variables."""
    return Keyword(
        name=f"robot.{name}",
        title=task.title,
        kind=Kind.EXTRACT,
        function=_by_robot_framework,
        arguments={each: Argument(name=each, type=shape, required=True) for each, shape in shapes.items()},
        returns=result or type(None),
        doc=task.title,
    )


def _by_robot_framework(**_: object) -> NoReturn:
    raise TypeError("une tâche n'est pas appelée : Robot Framework l'exécute")


def _check_order(section: Section, words: Words) -> None:
    if any(step.kind is Kind.ENTER for step in words.before):
        key = section.entries["robot"][0]
        words.faults.add(key, "une suite ne peut pas suivre une saisie", "La placer avant.")


#: The form of this module.
SUITE = Form(
    word="robot", title="une suite Robot Framework (robot)", compile=compile_suite,
    keys=("result", "enters", "outside_guarantee"),
)  # fmt: skip
