"""Steps that call a keyword (check, extract, compute, enter), and decision tables, which are computations too."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.domain.keywords import GIVEN, Keyword, Kind
from orchestrator.language.compile_controls import compile_controls, compile_ends, compile_rules_at, compile_when
from orchestrator.language.compile_entry import ENTER_KEYS, compile_approval, compile_effect_key, compile_reread
from orchestrator.language.compile_values import argument
from orchestrator.language.decisions import DECIDE, compile_decision
from orchestrator.language.faults import suggest
from orchestrator.language.forms import Form, Words
from orchestrator.language.model import Step
from orchestrator.language.nodes import Text
from orchestrator.language.sections import Section
from orchestrator.language.shapes import ANY
from orchestrator.language.templates import Value

_GIVEN_ADVICE = "Il est donné par le protocole de saisie : enlever cette ligne."


def compile_call(section: Section, identifier: Text, words: Words) -> Step | None:
    """Compile a step that calls one keyword, or a decision table; its result is known to the following steps."""
    keyword = _keyword(section, words)
    when = compile_when(section, identifier, words)
    arguments = _given(section, keyword, identifier, words) if keyword else {}
    words.step_name(identifier, keyword.returns if keyword else ANY)
    rules_at = compile_rules_at(section, identifier, words)
    controls = compile_controls(section, identifier, words)
    ends = compile_ends(section, identifier, words)
    if keyword is None or section.node is None:
        return None
    enters = keyword.kind is Kind.ENTER
    if not enters:
        _check_order(section, words)
    return Step(
        id=identifier.text,
        kind=keyword.kind,
        keyword=keyword,
        arguments=arguments,
        controls=controls,
        ends=ends,
        rules_at=rules_at,
        when=when,
        effect_key=compile_effect_key(section, identifier, words) if enters else None,
        approval=compile_approval(section, identifier, words) if enters else None,
        reread=compile_reread(section, words) if enters else (),
        line=section.node.line,
    )


def _keyword(section: Section, words: Words) -> Keyword | None:
    if DECIDE.name in section:
        return DECIDE
    word = next(kind.value for kind in Kind if kind.value in section)
    name = section.scalar(word)
    if name is None:
        return None
    keyword = words.keywords.get(name.text)
    if keyword is None:
        words.faults.add(name, f"mot-clé « {name.text} » inconnu", suggest(name.text, words.keywords))
        return None
    if keyword.kind is Kind.HAND_OVER:
        message = f"« {name.text} » est une remise : aucune étape n'en fait"
        words.faults.add(name, message, "La faire à la clôture de l'exécution, dans cloture.robot du robot.")
    elif keyword.kind.value != word:
        message = f"« {name.text} » ne s'emploie pas avec {word}"
        words.faults.add(section.entries[word][0], message, f"Écrire {keyword.kind.value}: {name.text}")
    if keyword.entry is not None and keyword.entry.payment:
        words.payments.append(name)
    return keyword


def _given(section: Section, keyword: Keyword, identifier: Text, words: Words) -> Mapping[str, Value]:
    if keyword is not DECIDE:
        return _arguments(section, keyword, identifier, words)
    if "with" in section:
        words.faults.add(section.entries["with"][0], "une table de décision n'a pas d'arguments", "Enlever « with ».")
    table = compile_decision(section, "decide", identifier.text, words.scope)
    return {"answer": table} if table else {}


def _arguments(section: Section, keyword: Keyword, identifier: Text, words: Words) -> dict[str, Value]:
    wanted = dict(keyword.arguments)
    given = section.section("with", f"with de {identifier.text}")
    if keyword.kind is Kind.ENTER:
        wanted.pop(GIVEN, None)
    values: dict[str, Value] = {}
    unknown = [key for key, _ in given.entries.values() if key.text not in wanted]
    for key in unknown:
        message = f"« {keyword.name} » n'a pas d'argument « {key.text} »"
        words.faults.add(key, message, _GIVEN_ADVICE if key.text == GIVEN else suggest(key.text, wanted))
    for key, node in given.entries.values():
        if key.text not in wanted:
            continue
        text = given.as_scalar(node, key.text)
        place = f"étape {identifier.text}, {key.text}"
        value = argument(text, wanted[key.text], words.scope, place, words.faults) if text else None
        if value is not None:
            values[key.text] = value
    for name, expected in wanted.items():
        if expected.required and name not in given and not unknown:
            message = f"étape {identifier.text} : « {keyword.name} » a besoin de « {name} »"
            words.faults.add(identifier, message, f"Ajouter sous with: {name}: ${{…}}")
    return values


def _check_order(section: Section, words: Words) -> None:
    entered = [place for place, step in enumerate(words.before) if step.kind is Kind.ENTER]
    if not entered:
        return
    if not any(step.then for step in words.before[entered[-1] :]):
        key = next(section.entries[form.word][0] for form in CALLS if form.word in section)
        advice = "La placer avant, ou après une attente (wait)."
        words.faults.add(key, "une étape qui lit ou calcule ne peut pas suivre une saisie", advice)
    if "ends" in section:
        message = "une étape placée après une saisie ne donne pas de fin : le dossier finit saisi"
        words.faults.add(section.entries["ends"][0], message, "Enlever « ends », ou en faire un contrôle.")


#: The forms of this module, in the order in which messages name them.
CALLS = (
    Form(word="check", title="une vérification (check)", compile=compile_call),
    Form(word="extract", title="une extraction (extract)", compile=compile_call),
    Form(word="compute", title="un calcul (compute)", compile=compile_call),
    Form(word="decide", title="une table de décision (decide)", compile=compile_call),
    Form(word="enter", title="une saisie (enter)", compile=compile_call, keys=ENTER_KEYS),
)
