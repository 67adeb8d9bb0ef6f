"""What every form of step may have: when it is skipped, its controls, its ends, and the date that chooses the rules."""

from __future__ import annotations

from datetime import date
from itertools import groupby

from orchestrator.language.compile_values import expression
from orchestrator.language.expressions import Expression
from orchestrator.language.forms import Words
from orchestrator.language.model import Control, Severity
from orchestrator.language.nodes import Items, Node, Table, Text
from orchestrator.language.sections import Section
from orchestrator.language.shapes import ANY, RulesShape

#: Ends that the engine gives by itself.
OWN_ENDS = ("entered", "already_done", "done", "rejected", "cancelled", "exception")


def compile_when(section: Section, identifier: Text, words: Words) -> Expression | None:
    """Return the condition without which the step is skipped."""
    node = section.scalar("when")
    return expression(node, words.scope, bool, f"étape {identifier.text}, when", words.faults) if node else None


def compile_rules_at(section: Section, identifier: Text, words: Words) -> Expression | None:
    """Return the date that chooses the rules; ``rules`` is known from here on."""
    node = section.scalar("rules_at")
    if node is None:
        return None
    without = {name: shape for name, shape in words.scope.items() if name != "rules"}
    compiled = expression(node, without, date, f"étape {identifier.text}, rules_at", words.faults)
    words.scope["rules"] = ANY if words.packs is None else RulesShape(packs=words.packs)
    return compiled


def compile_controls(section: Section, identifier: Text, words: Words) -> tuple[Control, ...]:
    """Return the controls of a step, in the order of the file."""
    given = section.section("controls", f"controls de {identifier.text}")
    found: list[Control] = []
    for key, node in given.entries.values():
        code = words.codes.get(key.text)
        words.used.setdefault(key.text, key)
        if code is None:
            message = f"le code « {key.text} » n'a pas de titre"
            words.faults.add(key, message, f"Ajouter sous exceptions, codes : {key.text}: {{title: …}}")
        usual = code.severity if code else Severity.BLOCK
        place = f"étape {identifier.text}, {key.text}"
        items = node.items if isinstance(node, Items) else (node,)
        compiled = [_control(key.text, item, usual, place, given, words) for item in items]
        found.extend(_together([control for control in compiled if control is not None]))
    return tuple(found)


def _together(controls: list[Control]) -> list[Control]:
    """Join the conditions of one code that have the same severity: the first that fails is enough, and says it once."""
    joined: list[Control] = []
    for severity, same in groupby(controls, key=lambda control: control.severity):
        conditions = [control.condition for control in same]
        joined.append(Control(code=controls[0].code, condition=Expression.all_of(conditions), severity=severity))
    return joined


def _control(code: str, node: Node, usual: Severity, place: str, given: Section, words: Words) -> Control | None:
    """Compile one condition; ``{must: condition, severity: block}`` says another severity than that of the code."""
    severity = usual
    condition: Text | None
    if isinstance(node, Table):
        long = Section(node, words.faults, f"contrôle {code}", ("must", "severity"))
        long.need("must", "person.found == 1")
        severity = long.choice("severity", {known.value: known for known in Severity}, usual)
        condition = long.scalar("must")
    else:
        condition = given.as_scalar(node, code)
    compiled = expression(condition, words.scope, bool, place, words.faults) if condition else None
    return Control(code=code, condition=compiled, severity=severity) if compiled else None


def compile_ends(section: Section, identifier: Text, words: Words) -> dict[str, Expression]:
    """Return the ends that a step may give the case, by name."""
    given = section.section("ends", f"ends de {identifier.text}")
    found: dict[str, Expression] = {}
    for key, node in given.entries.values():
        if not given.identifier(key):
            continue
        if key.text in OWN_ENDS:
            words.faults.add(key, f"la fin « {key.text} » est donnée par le robot lui-même", "Choisir un autre nom.")
        text = given.as_scalar(node, key.text)
        place = f"étape {identifier.text}, fin {key.text}"
        compiled = expression(text, words.scope, bool, place, words.faults) if text else None
        if compiled is not None:
            found[key.text] = compiled
    return found
