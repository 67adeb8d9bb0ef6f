"""Steps: the keyword, its arguments, controls, ends, dates of rules, and what makes an entry safe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Any

from orchestrator.domain.keywords import Keyword, Kind
from orchestrator.domain.rules import RulePack
from orchestrator.language.compile_values import argument, expression, template
from orchestrator.language.decisions import DECIDE, compile_decision
from orchestrator.language.expressions import CONSTANTS, Expression
from orchestrator.language.faults import Faults, suggest
from orchestrator.language.functions import FUNCTIONS
from orchestrator.language.model import ApprovalRule, Code, Control, Severity, Step
from orchestrator.language.nodes import Items, Node, Table, Text
from orchestrator.language.sections import Section
from orchestrator.language.shapes import ANY, RulesShape
from orchestrator.language.templates import Template, Value

_KINDS = {kind.value: kind for kind in Kind}
_KEYS = ("id", *_KINDS, "decide", "with", "controls", "ends", "rules_at", "when")
ENTER_KEYS = ("effect_key", "approval", "reread")
ROLES = {"supervisor": "supervisor", "accounting": "accounting"}
#: Given by the entry protocol, never by a scenario.
GIVEN = "token"
_GIVEN_ADVICE = "Il est donné par le protocole de saisie : enlever cette ligne."
#: Ends that the engine gives by itself.
_OWN_ENDS = ("entered", "already_done", "done", "rejected", "cancelled", "exception")


@dataclass(frozen=True, kw_only=True)
class Words:
    """What steps may use, and what is known so far: the scope grows with each step."""

    keywords: Mapping[str, Keyword]
    #: None when a pack could not be read.
    packs: Mapping[str, RulePack] | None
    codes: Mapping[str, Code]
    #: Fields of the key of the case, or None when the key itself is wrong.
    key: frozenset[str] | None
    #: Shape of each known name.
    scope: dict[str, Any]
    faults: Faults
    #: Where each code was used first.
    used: dict[str, Node] = field(default_factory=dict)
    done: list[Step] = field(default_factory=list)
    #: The payments, where their keyword is named.
    payments: list[Text] = field(default_factory=list)

    def name(self, key: Text, shape: Any, what: str) -> None:  # noqa: ANN401 - a shape is any annotation
        """Make a name known; no name may mean two things."""
        if key.text in self.scope or key.text in FUNCTIONS or key.text in CONSTANTS or key.text in {"rules", "run"}:
            self.faults.add(key, f"{what} : le nom « {key.text} » veut déjà dire autre chose", "En choisir un autre.")
            return
        self.scope[key.text] = shape


def compile_step(node: Node, words: Words) -> None:
    """Compile one step and make its result known to the following ones."""
    section = Section(node, words.faults, "étape", (*_KEYS, *ENTER_KEYS))
    if not isinstance(node, Table):
        return
    identifier = section.scalar("id") if section.need("id", "person") else None
    found = _keyword(section, words)
    if identifier is None or not section.identifier(identifier):
        return
    shape = found[1].returns if found else ANY
    when = _when(section, identifier, words)
    arguments = _given(section, found[1], identifier, words) if found else {}
    words.name(identifier, shape, "étape")
    rules_at = _rules_at(section, identifier, words)
    controls = _controls(section, identifier, words)
    ends = _ends(section, identifier, words)
    if found is None:
        return
    kind, keyword = found
    _check_order(section, kind, words)
    words.done.append(
        Step(
            id=identifier.text,
            kind=kind,
            keyword=keyword,
            arguments=arguments,
            controls=controls,
            ends=ends,
            rules_at=rules_at,
            when=when,
            effect_key=_effect_key(section, kind, identifier, words),
            approval=_approval(section, kind, identifier, words),
            reread=_reread(section, kind, words),
            line=node.line,
        )
    )


def _keyword(section: Section, words: Words) -> tuple[Kind, Keyword] | None:
    kinds = [name for name in section.entries if name in {*_KINDS, "decide"}]
    if len(kinds) != 1:
        node = section.entries[kinds[1]][0] if kinds else section.node
        if node is not None:
            message = "une étape fait une seule chose" if kinds else "étape : que fait-elle ?"
            words.faults.add(node, message, "Écrire check, extract, compute, decide ou enter, une fois.")
        return None
    if kinds[0] == "decide":
        return Kind.COMPUTE, DECIDE
    name = section.scalar(kinds[0])
    if name is None:
        return None
    keyword = words.keywords.get(name.text)
    if keyword is None:
        words.faults.add(name, f"mot-clé « {name.text} » inconnu", suggest(name.text, words.keywords))
        return None
    if keyword.kind is not _KINDS[kinds[0]]:
        message = f"« {name.text} » ne s'emploie pas avec {kinds[0]}"
        words.faults.add(section.entries[kinds[0]][0], message, f"Écrire {keyword.kind.value}: {name.text}")
    if keyword.entry is not None and keyword.entry.payment:
        words.payments.append(name)
    return keyword.kind, keyword


def _given(section: Section, keyword: Keyword, identifier: Text, words: Words) -> Mapping[str, Value]:
    if keyword is not DECIDE:
        return _arguments(section, keyword, identifier, words)
    if "with" in section:
        words.faults.add(section.entries["with"][0], "une table de décision n'a pas d'arguments", "Enlever « with ».")
    table = compile_decision(section, "decide", identifier.text, words.scope)
    return {"answer": table} if table else {}


def _when(section: Section, identifier: Text, words: Words) -> Expression | None:
    node = section.scalar("when")
    return expression(node, words.scope, bool, f"étape {identifier.text}, when", words.faults) if node else None


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


def _rules_at(section: Section, identifier: Text, words: Words) -> Expression | None:
    node = section.scalar("rules_at")
    if node is None:
        return None
    without = {name: shape for name, shape in words.scope.items() if name != "rules"}
    compiled = expression(node, without, date, f"étape {identifier.text}, rules_at", words.faults)
    words.scope["rules"] = ANY if words.packs is None else RulesShape(packs=words.packs)
    return compiled


def _controls(section: Section, identifier: Text, words: Words) -> tuple[Control, ...]:
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


def _ends(section: Section, identifier: Text, words: Words) -> dict[str, Expression]:
    given = section.section("ends", f"ends de {identifier.text}")
    found: dict[str, Expression] = {}
    for key, node in given.entries.values():
        if not given.identifier(key):
            continue
        if key.text in _OWN_ENDS:
            words.faults.add(key, f"la fin « {key.text} » est donnée par le robot lui-même", "Choisir un autre nom.")
        text = given.as_scalar(node, key.text)
        place = f"étape {identifier.text}, fin {key.text}"
        compiled = expression(text, words.scope, bool, place, words.faults) if text else None
        if compiled is not None:
            found[key.text] = compiled
    return found


def _check_order(section: Section, kind: Kind, words: Words) -> None:
    if kind is not Kind.ENTER and any(step.kind is Kind.ENTER for step in words.done):
        key = section.entries[kind.value if kind.value in section else "decide"][0]
        words.faults.add(key, "une étape qui lit ou calcule ne peut pas suivre une saisie", "La placer avant.")
    if kind is not Kind.ENTER:
        for name in ENTER_KEYS:
            if name in section:
                key = section.entries[name][0]
                words.faults.add(key, f"« {name} » ne vaut que pour une saisie (enter)", "Enlever cette ligne.")


def _effect_key(section: Section, kind: Kind, identifier: Text, words: Words) -> Template | None:
    if kind is not Kind.ENTER:
        return None
    section.need("effect_key", "ACP-IJ/${nir}/${stop_id}")
    node = section.scalar("effect_key")
    key = template(node, words.scope, f"étape {identifier.text}, effect_key", words.faults) if node else None
    if key is None or node is None or words.key is None:
        return key
    for name in key.names:
        if name not in words.key:
            message = f"effect_key : « {name} » n'est pas un identifiant du dossier"
            advice = "Jamais de montant, de période ni de date : la même saisie aurait une autre clé demain."
            words.faults.add(node, message, advice)
    for name in sorted(words.key - set(key.names)):
        message = f"effect_key : il manque « {name} », qui est dans la clé du dossier"
        words.faults.add(node, message, f"Ajouter ${{{name}}}.")
    if not key.pieces[0].strip("/ "):
        words.faults.add(node, "effect_key : elle commence par ce qui est saisi", "Écrire par exemple ACP-IJ/${nir}/…")
    return key


def _approval(section: Section, kind: Kind, identifier: Text, words: Words) -> ApprovalRule | None:
    if kind is not Kind.ENTER or "approval" not in section:
        return None
    given = section.section("approval", "approval", ("when", "by"))
    given.need("when", "advance.amount > approval_above")
    given.need("by", "[supervisor]")
    node = given.scalar("when")
    place = f"étape {identifier.text}, approval"
    when = expression(node, words.scope, bool, place, words.faults) if node else None
    roles = given.texts("by")
    for role in roles:
        if role.text not in ROLES:
            words.faults.add(role, f"approval : rôle « {role.text} » inconnu", suggest(role.text, ROLES))
    return ApprovalRule(when=when, by=tuple(role.text for role in roles)) if when else None


def _reread(section: Section, kind: Kind, words: Words) -> tuple[str, ...]:
    if kind is not Kind.ENTER:
        return ()
    reading = {step.id for step in words.done if step.kind in (Kind.CHECK, Kind.EXTRACT)}
    names = section.texts("reread")
    for name in names:
        if name.text not in reading:
            message = f"reread : « {name.text} » n'est pas une étape de lecture (check, extract) placée avant"
            words.faults.add(name, message, suggest(name.text, reading))
    return tuple(name.text for name in names)
