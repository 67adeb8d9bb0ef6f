"""Every form of step by its key word: the one place where a new form is made known."""

from __future__ import annotations

from orchestrator.language.compile_call import CALLS
from orchestrator.language.compile_for_each import FOR_EACH
from orchestrator.language.compile_suite import SUITE
from orchestrator.language.compile_wait import WAITS
from orchestrator.language.forms import Words, compile_form
from orchestrator.language.nodes import Node

#: What may be written as a step.
FORMS = {form.word: form for form in (*CALLS, FOR_EACH, *WAITS, SUITE)}


def compile_step(node: Node, words: Words) -> None:
    """Compile one step and make its result known to the following ones."""
    compile_form(node, words, FORMS)
