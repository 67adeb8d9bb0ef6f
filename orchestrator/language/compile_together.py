"""``together`` and ``undo``: the entries of a repeated step are all made, or those that were made are taken back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from orchestrator.domain.keywords import GIVEN, Keyword, Kind
from orchestrator.language.expressions import Expression, parse
from orchestrator.language.faults import suggest
from orchestrator.language.forms import Words
from orchestrator.language.model import Step
from orchestrator.language.nodes import Text
from orchestrator.language.sections import Section
from orchestrator.language.templates import Template, Value

#: What a keyword that takes back is told: the application's own number of the entry.
REFERENCE = "reference"
#: What the effect key of an entry begins with when it is that of taking it back.
_UNDO = "UNDO/"


def compile_together(section: Section, steps: tuple[Step, ...], words: Words) -> Mapping[str, Step]:
    """Return what takes back the entry of each entering step, by its id; nothing when each is made for itself."""
    together = section.choice("together", {"true": True, "false": False}, default=False)
    if not together and "undo" in section:
        key = section.entries["undo"][0]
        words.faults.add(key, "undo ne sert qu'avec together: true", "Ajouter together: true, ou enlever cette ligne.")
    if not together or not section.need("undo", "compta.cancel_advance"):
        return {}
    name = section.scalar("undo")
    keyword = words.keywords.get(name.text) if name else None
    if name is None or keyword is None or keyword.entry is None:
        known = [each for each, word in words.keywords.items() if word.kind is Kind.ENTER]
        if name is not None:
            words.faults.add(name, f"undo : « {name.text} » n'est pas une saisie", suggest(name.text, known))
        return {}
    entering = [step for step in steps if step.kind is Kind.ENTER]
    if not entering:
        words.faults.add(
            name, "together ne sert qu'à des saisies : aucune n'est répétée ici", "Enlever together et undo."
        )
    return {step.id: undo for step in entering if (undo := _undo(name, keyword, step, words)) is not None}


def _undo(name: Text, keyword: Keyword, step: Step, words: Words) -> Step | None:
    """Return the step that takes back the entry of another: what it is told is what was entered, and its number."""
    if keyword.application != step.keyword.application:
        message = f"undo : « {keyword.name} » n'est pas de la même application que « {step.keyword.name} »"
        words.faults.add(name, message, "Une saisie s'annule là où elle a été faite.")
        return None
    wanted = [each for each, item in keyword.arguments.items() if item.required and each != GIVEN]
    lacking = [each for each in wanted if each != REFERENCE and not _same(keyword, step.keyword, each)]
    if lacking or REFERENCE not in keyword.arguments:
        what = lacking[0] if lacking else REFERENCE
        message = f"undo : « {keyword.name} » ne peut pas annuler « {step.keyword.name} » : « {what} » ne va pas"
        words.faults.add(name, message, f"Une annulation prend « {REFERENCE} » et des valeurs de la saisie.")
        return None
    arguments = {each: step.arguments[each] for each in wanted if each in step.arguments}
    number = Expression(text=REFERENCE, place=f"étape {step.id}, undo", line=name.line, tree=parse(REFERENCE))
    return replace(
        step,
        keyword=keyword,
        arguments={**arguments, REFERENCE: Value(text=f"${{{REFERENCE}}}", content=number)},
        when=None,
        effect_key=_key(step.effect_key),
        approval=None,
        reread=(),
        line=name.line,
    )


def _same(undo: Keyword, entry: Keyword, argument: str) -> bool:
    known = entry.arguments.get(argument)
    return known is not None and known.type == undo.arguments[argument].type


def _key(entered: Template | None) -> Template | None:
    if entered is None:
        return None
    first, *rest = entered.pieces
    return replace(entered, text=_UNDO + entered.text, pieces=(_UNDO + first, *rest))
