"""Forms of step: what each may use of the scenario, and how one is chosen by its key word.

A new form is a module with a :class:`Form`, and one line in :data:`~.compile_steps.FORMS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.domain.keywords import Keyword
from orchestrator.domain.rules import RulePack
from orchestrator.language.expressions import CONSTANTS
from orchestrator.language.faults import Faults
from orchestrator.language.functions import FUNCTIONS
from orchestrator.language.model import AnyStep, Code, Step
from orchestrator.language.nodes import Node, Table, Text
from orchestrator.language.sections import Section
from orchestrator.language.shapes import ItemShape

#: Names that the language gives itself; nothing else may have them.
RESERVED = frozenset({"rules", "run", "today", "priority"})
#: Keys that every form may have.
COMMON_KEYS = ("id", "with", "controls", "ends", "rules_at", "when")


@dataclass(frozen=True, kw_only=True)
class Words:
    """What steps may use, and what is known so far: the scope grows with each step."""

    keywords: Mapping[str, Keyword]
    #: None when a pack could not be read.
    packs: Mapping[str, RulePack] | None
    codes: Mapping[str, Code]
    #: Fields of the key of the case, or None when that key, or that of its rows, is wrong.
    key: frozenset[str] | None
    #: Shape of each known name.
    scope: dict[str, Any]
    faults: Faults
    #: The item of the repeated step around, as conditions name it, and its shape; None outside of any.
    item: tuple[str, ItemShape] | None = None
    #: The calls before the repeated step around: what its entries may have read again.
    outer: tuple[Step, ...] = ()
    #: Every name of a step, nested ones included: none is given twice.
    ids: set[str] = field(default_factory=set)
    #: Where each code was used first.
    used: dict[str, Node] = field(default_factory=dict)
    done: list[AnyStep] = field(default_factory=list)
    #: The payments, where their keyword is named.
    payments: list[Text] = field(default_factory=list)
    #: Where each waiting step goes on, as written.
    waits: dict[str, Text] = field(default_factory=dict)
    #: The folder of the robot, which holds its suites.
    robot: Path = Path()

    @property
    def before(self) -> tuple[Step, ...]:
        """The calls made before, in order."""
        return (*self.outer, *(call for step in self.done for call in step.calls))

    def name(self, key: Text, shape: Any, what: str) -> None:  # noqa: ANN401 - a shape is any annotation
        """Make a name known; no name may mean two things."""
        taken = key.text in self.scope or key.text in self.ids
        if taken or key.text in FUNCTIONS or key.text in CONSTANTS or key.text in RESERVED:
            self.faults.add(key, f"{what} : le nom « {key.text} » veut déjà dire autre chose", "En choisir un autre.")
            return
        self.scope[key.text] = shape

    def step_name(self, key: Text, shape: Any) -> None:  # noqa: ANN401
        """Make the result of a step known."""
        self.name(key, shape, "étape")
        self.ids.add(key.text)


@dataclass(frozen=True, kw_only=True)
class Form:
    """One form of step."""

    #: Its key word, by which it is known: ``check``.
    word: str
    #: What it is, in French, for messages: ``une vérification (check)``.
    title: str
    #: Compiles it: makes its result known (:meth:`Words.step_name`) and returns the step, or None (the faults say why).
    compile: Callable[[Section, Text, Words], AnyStep | None]
    #: Keys that only this form has, besides its word.
    keys: tuple[str, ...] = ()


#: What owners try, and how the same is said.
_TAUGHT = {
    "python": (
        "une étape n'appelle pas de Python par son nom",
        "L'écrire comme mot-clé dans keywords/ de votre espace, puis extract: ou compute: son nom.",
    ),
}


def compile_form(node: Node, words: Words, forms: Mapping[str, Form]) -> None:
    """Compile one step, which must be of one of these forms, and note it as done."""
    own = dict.fromkeys(key for form in forms.values() for key in (form.word, *form.keys))
    section = Section(node, words.faults, "étape", (*COMMON_KEYS, *own, *_TAUGHT))
    if not isinstance(node, Table):
        return
    identifier = section.scalar("id") if section.need("id", "person") else None
    form = _form(section, words, forms)
    if form is not None:
        _only_its_keys(section, form, words, forms)
    if identifier is None or not section.identifier(identifier) or form is None:
        return
    step = form.compile(section, identifier, words)
    if step is not None:
        words.done.append(step)


def _form(section: Section, words: Words, forms: Mapping[str, Form]) -> Form | None:
    taught = [name for name in section.entries if name in _TAUGHT]
    for name in taught:
        words.faults.add(section.entries[name][0], *_TAUGHT[name])
    found = [name for name in section.entries if name in forms]
    if len(found) == 1:
        return forms[found[0]]
    node = section.entries[found[1]][0] if found else section.node
    if node is not None and not taught:
        message = "une étape fait une seule chose" if found else "étape : que fait-elle ?"
        *first, last = forms
        words.faults.add(node, message, f"Écrire {', '.join(first)} ou {last}, une fois.")
    return None


def _only_its_keys(section: Section, form: Form, words: Words, forms: Mapping[str, Form]) -> None:
    for other in forms.values():
        for name in other.keys:
            if name in section and name not in form.keys:
                key = section.entries[name][0]
                words.faults.add(key, f"« {name} » ne vaut que pour {other.title}", "Enlever cette ligne.")
