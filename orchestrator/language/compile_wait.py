"""``wait:``: the case waits for a civil date, held by nobody, and goes on at a later step."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from orchestrator.domain.keywords import Argument, Keyword, Kind
from orchestrator.language.compile_controls import compile_when
from orchestrator.language.compile_values import expression
from orchestrator.language.faults import suggest
from orchestrator.language.forms import Form, Words
from orchestrator.language.model import Step
from orchestrator.language.nodes import Node, Table, Text
from orchestrator.language.sections import Section
from orchestrator.language.templates import Value

#: What ``wait:`` says.
WAIT_KEYS = ("until", "then")
#: The civil day on which an expression is evaluated; known where the answer may change with the day.
TODAY = "today"
_BACK = (
    "Un dossier ne revient pas en arrière : nommer une étape placée après (pour relire, un contrôle severity: retry)."
)


def _until(*, until: date) -> date:
    return until


#: What a waiting step calls: it gives the date for which the case waited.
WAIT = Keyword(
    name="wait",
    title="Attente d'une date.",
    kind=Kind.COMPUTE,
    function=_until,
    arguments={"until": Argument(name="until", type=date, required=True)},
    returns=date,
    doc="",
)


def compile_wait(section: Section, identifier: Text, words: Words) -> Step | None:
    """Compile a waiting step; where it goes on is checked once every step is known (:func:`check_waits`)."""
    for name in ("with", "controls", "ends", "rules_at"):
        if name in section:
            key = section.entries[name][0]
            words.faults.add(key, f"une attente (wait) n'a pas de « {name} »", "Le dire à l'étape qui suit.")
    when = compile_when(section, identifier, words)
    given = section.section("wait", f"wait de {identifier.text}", WAIT_KEYS)
    given.need("until", f"add_days({TODAY}, 3)")
    given.need("then", "person")
    node, then = given.scalar("until"), given.scalar("then")
    place = f"étape {identifier.text}, until"
    until = expression(node, {**words.scope, TODAY: date}, date, place, words.faults) if node else None
    words.step_name(identifier, date)
    if then is not None:
        words.waits[identifier.text] = then
    if section.node is None:
        return None
    return Step(  # a faulty one too: what follows it is no mistake
        id=identifier.text,
        kind=Kind.COMPUTE,
        keyword=WAIT,
        arguments={"until": Value(text=until.text, content=until)} if until else {},
        controls=(),
        ends={},
        rules_at=None,
        when=when,
        effect_key=None,
        approval=None,
        reread=(),
        line=section.node.line,
        then=then.text if then else "?",
    )


def check_waits(nodes: Sequence[Node], words: Words) -> None:
    """Check that every wait goes on at a later step, and leaves no step that is never reached."""
    known = [name for name in (_id(node) for node in nodes) if name is not None]
    places = {name.text: place for place, name in enumerate(known)}
    for step in words.done:
        then, here = words.waits.get(step.id), places.get(step.id, 0)
        if then is None:
            continue
        later = [name.text for name in known[here + 1 :]]
        if then.text not in places:
            words.faults.add(then, f"wait : aucune étape « {then.text} »", suggest(then.text, later))
        elif then.text not in later:
            words.faults.add(then, f"wait : l'étape « {then.text} » n'est pas placée après cette attente", _BACK)
        elif step.when is None and (skipped := known[here + 1 : places[then.text]]):
            message = f"cette étape n'est jamais atteinte : l'attente « {step.id} » reprend à « {then.text} »"
            words.faults.add(skipped[0], message, f"Reprendre ici (then: {skipped[0].text}), ou l'enlever.")


def _id(node: Node) -> Text | None:
    if not isinstance(node, Table):
        return None
    return next((value for key, value in node.entries if key.text == "id" and isinstance(value, Text)), None)


#: The form of this module.
WAITS = (Form(word="wait", title="une attente (wait)", compile=compile_wait),)
