"""``enters:``: the entries that a suite may make, each with the key of its effect, given by the scenario."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import create_model

from orchestrator.domain.keywords import GIVEN, EntryRules, Keyword, Kind
from orchestrator.language.compile_entry import compile_approval, compile_effect_key
from orchestrator.language.compile_values import argument
from orchestrator.language.expressions import Expression, parse
from orchestrator.language.faults import suggest
from orchestrator.language.forms import Words
from orchestrator.language.model import Step
from orchestrator.language.nodes import Text
from orchestrator.language.sections import Section
from orchestrator.language.suites import TaskRead
from orchestrator.language.templates import Value

#: How conditions call what the suite is about to enter: ``entry.amount``.
ENTRY = "entry"


def compile_enters(section: Section, identifier: Text, words: Words, task: TaskRead | None) -> Mapping[str, Step]:
    """Return the entries by keyword, each as a step of its own for the entry protocol.

    Whom and what an entry is about (the arguments of its look-up, its subject) is the scenario's to say: a suite that
    enters for somebody else is refused. Every entry that the task calls must be there.
    """
    given = section.section("enters", f"enters de {identifier.text}")
    called = {call.keyword: call for call in task.calls} if task else {}
    steps: dict[str, Step] = {}
    for key, _ in given.entries.values():
        keyword = words.keywords.get(key.text)
        if keyword is None or keyword.entry is None:
            entering = [name for name, known in words.keywords.items() if known.kind is Kind.ENTER]
            words.faults.add(key, f"enters : « {key.text} » n'est pas une saisie", suggest(key.text, entering))
            continue
        if task is not None and key.text not in called:
            words.faults.add(key, f"enters : la tâche n'appelle pas « {key.text} »", "Enlever cette saisie.")
        if keyword.entry.payment:
            words.payments.append(key)
        steps[key.text] = _entry(given, key, identifier, keyword, keyword.entry, words)
    for name, call in called.items():
        if words.keywords[name].kind is Kind.ENTER and name not in given:
            message = f"« {name} » est une saisie que l'étape « {identifier.text} » ne déclare pas"
            advice = f"Écrire dans le scénario, sous enters : {name}: {{with: …, effect_key: …}}"
            words.faults.of_file(call.place.file).add_at(call.place.line, call.place.column, message, advice)
    return steps


def _entry(given: Section, key: Text, identifier: Text, keyword: Keyword, rules: EntryRules, words: Words) -> Step:
    own = given.section(key.text, f"enters, {key.text}", ("with", "effect_key", "approval"))
    if ENTRY in words.scope:
        words.faults.add(key, f"le nom « {ENTRY} » veut déjà dire autre chose", "Renommer l'étape ou le champ.")
    fields: dict[str, Any] = {name: (item.type, ...) for name, item in keyword.arguments.items() if name != GIVEN}
    seen = replace(words, scope={**words.scope, ENTRY: create_model("Entry", **fields)})
    return Step(
        id=identifier.text,
        kind=Kind.ENTER,
        keyword=keyword,
        arguments={name: _of_suite(name, identifier, key) for name in fields} | _about(own, key, keyword, rules, words),
        controls=(),
        ends={},
        rules_at=None,
        when=None,
        effect_key=compile_effect_key(own, identifier, words),
        approval=compile_approval(own, identifier, seen),
        reread=(),
        line=key.line,
    )


def _about(own: Section, key: Text, keyword: Keyword, rules: EntryRules, words: Words) -> dict[str, Value]:
    """Return the arguments that say whom and what the entry is about."""
    wanted = dict.fromkeys((*rules.look_up_with, rules.subject))
    given = own.section("with", f"with de {key.text}", tuple(wanted))
    values = {}
    for name in wanted:
        if not given.need(name, f"${{{name}}}"):
            continue
        text = given.scalar(name)
        place = f"enters, {key.text}, {name}"
        value = argument(text, keyword.arguments[name], words.scope, place, words.faults) if text else None
        if value is not None:
            values[name] = value
    return values


def _of_suite(name: str, identifier: Text, key: Text) -> Value:
    text = f"{ENTRY}.{name}"
    place = f"étape {identifier.text}, {key.text}"
    return Value(text=f"${{{text}}}", content=Expression(text=text, place=place, line=key.line, tree=parse(text)))
