"""``wakes:``: what a case has entered is what cases of other scenarios wait for; they go on (ADR 46)."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.language.compile_controls import OWN_ENDS
from orchestrator.language.compile_values import template
from orchestrator.language.fields import FIELD_TYPES, Field
from orchestrator.language.forms import Words
from orchestrator.language.nodes import Node
from orchestrator.language.sections import Section
from orchestrator.language.templates import Template
from orchestrator.language.wakes import Wakes

WAKES_KEYS = ("cases", "woken", "otherwise")
WOKEN_KEYS = ("scenario", "key")


def compile_wakes(top: Section, words: Words, fields: Mapping[str, Field]) -> Wakes | None:
    """Return what goes on after the entry of a case; None when nothing does."""
    node = top.get("wakes")
    if node is None:
        return None
    said = top.section("wakes", "wakes", WAKES_KEYS)
    said.need("cases", '[{scenario: ij-acompte, key: "${nir}/${stop_id}"}]')
    if not any(call.entries for step in words.done for call in step.calls):
        words.faults.add(node, "wakes : ce scénario ne saisit rien, donc rien ne peut être attendu", "Enlever wakes.")
    found = [_case(item, words, fields) for item in said.items("cases")]
    return Wakes(
        cases=tuple(one for one in found if one is not None),
        woken=_end(said, "woken"),
        otherwise=_end(said, "otherwise"),
    )


def _case(node: Node, words: Words, fields: Mapping[str, Field]) -> tuple[str, Template] | None:
    case = Section(node, words.faults, "wakes, cases", WOKEN_KEYS)
    scenario = case.needed_text("scenario", "ij-acompte")
    case.need("key", '"${nir}/${stop_id}"')
    text = case.scalar("key")
    key = template(text, words.scope, "wakes, key", words.faults) if text else None
    if key is None or text is None:
        return None
    for name in key.names:  # what a step has read may be unknown to the session that ends a case which another worked
        if name not in fields or not FIELD_TYPES[fields[name].type].identifier:
            words.faults.add(text, f"wakes : « {name} » n'est pas un identifiant de la livraison", "Un champ de case.")
    return scenario, key


def _end(said: Section, name: str) -> str:
    said.need(name, "case_woken")
    node = said.scalar(name)
    if node is None or not said.identifier(node):
        return ""
    if node.text in OWN_ENDS:
        said.faults.add(node, f"la fin « {node.text} » est donnée par le robot lui-même", "Choisir un autre nom.")
    return node.text
