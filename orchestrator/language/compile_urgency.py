"""``priority:`` and ``due:``: in which order cases are taken, from their fields, then from what the steps have read."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from fractions import Fraction

from orchestrator.domain.keywords import Kind
from orchestrator.language.compile_values import Scope, expression
from orchestrator.language.compile_wait import TODAY
from orchestrator.language.decisions import compile_decision
from orchestrator.language.expressions import ExpressionSyntaxError, names_in, parse
from orchestrator.language.forms import Words
from orchestrator.language.model import ForEach
from orchestrator.language.nodes import Items, Table, Text
from orchestrator.language.sections import Section, whole
from orchestrator.language.staged import HIGHEST_PRIORITY, Due, Staged
from orchestrator.language.templates import Value

#: What is said for the moments at which more is known.
STAGES = ("at_load", "after_steps")
#: The name of the priority in ``due``.
PRIORITY = "priority"
#: What was meant as a number, well written or not: the rest is an expression.
_NUMBER = re.compile(r"[\d.,+ -]+|\d\w*", re.ASCII)
_DELAY = re.compile(r"(\d+) ?(\w*) ?(day|jour)s?.*", re.ASCII)


def compile_urgency(section: Section, fields: Scope, words: Words) -> tuple[Staged, Staged | None]:
    """Return priority and due, once every step is known; ``fields`` is what is known when a delivery is loaded."""
    at_load = {**fields, TODAY: date}
    out = {step.id for step in words.done if isinstance(step, ForEach) or step.kind is Kind.ENTER}
    after = {**at_load, **{name: shape for name, shape in words.scope.items() if name not in {*out, "rules"}}}
    own = {PRIORITY: Fraction}
    due = _staged(section, "due", {**at_load, **own}, {**after, **own}, _compile_due) if "due" in section else None
    priority = _staged(section, PRIORITY, at_load, after, _compile_priority)
    return priority or Staged(at_load=Value(text="0", content=0)), due


def _staged(
    section: Section, key: str, at_load: Scope, after: Scope, compile_one: Callable[[Section, str, Scope], Value | None]
) -> Staged | None:
    node = section.get(key)
    if not isinstance(node, Table):
        early = node is not None and _too_early(section, key, node, at_load, after)
        found = None if early else compile_one(section, key, at_load)
        return Staged(at_load=found) if found else None
    stages = Section(node, section.faults, key, STAGES)
    for stage, example in zip(STAGES, ("10", "score.points"), strict=True):
        stages.need(stage, example)
    first, then = (compile_one(stages, stage, scope) for stage, scope in zip(STAGES, (at_load, after), strict=True))
    return Staged(at_load=first, after_steps=then) if first else None


def _too_early(section: Section, key: str, node: object, at_load: Scope, after: Scope) -> bool:
    """Note an expression that names a step where no step has been worked yet."""
    if not isinstance(node, Text):
        return False
    try:
        steps = sorted(names_in(parse(node.text.strip())) & (set(after) - set(at_load)))
    except ExpressionSyntaxError:
        return False
    if steps:
        message = f"{key} : « {steps[0]} » n'est connu qu'après les étapes, pas quand la livraison est chargée"
        section.faults.add(node, message, f"Écrire {key}: {{at_load: …, after_steps: {node.text.strip()}}}.")
    return bool(steps)


def _compile_priority(section: Section, key: str, scope: Scope) -> Value | None:
    node, number = section.get(key), whole(0, HIGHEST_PRIORITY)
    if isinstance(node, Items):
        return compile_decision(section, key, key, scope, number)
    text = section.scalar(key)
    if text is None:
        return None
    if _NUMBER.fullmatch(text.text):
        return Value(text=text.text, content=section.parsed(key, number, 0))
    compiled = expression(text, scope, Fraction, "priority", section.faults)
    return Value(text=text.text, content=compiled) if compiled else None


def _compile_due(section: Section, key: str, scope: Scope) -> Value | None:
    if isinstance(section.get(key), Items):
        return compile_decision(section, key, key, scope, Due.parse)
    text = section.scalar(key)
    if text is None:
        return None
    if text.text == Due.SAME_DAY or _DELAY.fullmatch(text.text):
        return Value(text=text.text, content=section.parsed(key, Due.parse, None))
    compiled = expression(text, scope, date, "due", section.faults)
    return Value(text=text.text, content=compiled) if compiled else None
