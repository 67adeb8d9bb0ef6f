"""``for_each``: steps repeated for each item of a list; the result is the list of what they gave."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from orchestrator.domain.keywords import Kind
from orchestrator.language.compile_call import CALLS
from orchestrator.language.compile_controls import compile_controls, compile_ends, compile_rules_at, compile_when
from orchestrator.language.compile_together import compile_together
from orchestrator.language.compile_values import inserted
from orchestrator.language.forms import Form, Words, compile_form
from orchestrator.language.model import ForEach, Step
from orchestrator.language.nodes import Text
from orchestrator.language.sections import Section
from orchestrator.language.shapes import ANY, ItemShape, french, list_of, row_of

WORD = "for_each"
KEYS = ("as", "steps", "together", "undo")
#: What may be repeated.
NESTED = {form.word: form for form in CALLS}
_ROWS = "Une saisie ne se répète que sur les lignes du dossier (case, rows), ou sur ce qu'une étape en a lu."


def compile_for_each(section: Section, identifier: Text, words: Words) -> ForEach | None:
    """Compile a repeated step; what is wrong with a nested step is said at its own place."""
    if "with" in section:
        words.faults.add(section.entries["with"][0], "for_each n'a pas d'arguments", "Les mettre aux étapes répétées.")
    when = compile_when(section, identifier, words)
    over, row = _list(section, identifier, words)
    item = section.scalar("as") if section.need("as", "member") else None
    inner = _inner(section, item, row, words)
    section.need("steps", "[{id: person, check: bdo.person, …}]")
    for node in section.items("steps"):
        compile_form(node, inner, NESTED)
    steps = tuple(step for step in inner.done if isinstance(step, Step))
    _check_entries(section, steps, row, words)
    words.step_name(identifier, list_of(_result(item, row, inner)))
    rules_at = compile_rules_at(section, identifier, words)
    controls, ends = compile_controls(section, identifier, words), compile_ends(section, identifier, words)
    undo = compile_together(section, steps, words)
    if over is None or item is None or not steps or section.node is None:
        return None
    return ForEach(
        id=identifier.text,
        over=over,
        item=item.text,
        steps=steps,
        controls=controls,
        ends=ends,
        rules_at=rules_at,
        when=when,
        line=section.node.line,
        undo=undo,
    )


def _list(section: Section, identifier: Text, words: Words) -> tuple[Any, Any]:
    """Return the list as an expression, and the shape of its items."""
    node = section.scalar(WORD)
    found = inserted(node, words.scope, f"étape {identifier.text}, for_each", words.faults) if node else None
    if node is None or found is None:
        return None, ANY
    over, shape = found
    row = row_of(shape)
    if row is None:
        words.faults.add(node, f"for_each attend une liste, « {node.text} » est {french(shape)}")
    return over, ANY if row is None else row


def _inner(section: Section, item: Text | None, row: Any, words: Words) -> Words:  # noqa: ANN401
    """Return what the nested steps may use: all that is known here, and the item."""
    around = row if isinstance(row, ItemShape) else ItemShape(values={})
    inner = replace(
        words, scope=dict(words.scope), done=[], outer=words.before, item=(item.text if item else "", around)
    )
    if item is not None and section.identifier(item):
        inner.name(item, row, "as")
    return inner


def _result(item: Text | None, row: Any, inner: Words) -> ItemShape:  # noqa: ANN401
    name = item.text if item else ""
    results = {step.id: inner.scope[step.id] for step in inner.done if step.id in inner.scope}
    around = row if isinstance(row, ItemShape) else ItemShape(values={})
    return replace(around.within(name, results), values={name: row, **results})


def _check_entries(section: Section, steps: tuple[Step, ...], row: Any, words: Words) -> None:  # noqa: ANN401
    """An effect must be known before anything is read, so that a repeat knows it: only rows say what they are."""
    for step in steps if words.key is not None else ():
        if step.kind is Kind.ENTER and row is not ANY and not (isinstance(row, ItemShape) and row.key):
            node = section.entries[WORD][1]
            words.faults.add(node, f"étape {step.id} : cette liste ne dit pas ce qui identifie un élément", _ROWS)


#: The form of this module.
FOR_EACH = Form(word=WORD, title="une répétition (for_each)", compile=compile_for_each, keys=KEYS)
