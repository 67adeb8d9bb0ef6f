"""What is checked of a task before any case, at the line and column of its ``.robot`` file."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from orchestrator.domain.keywords import GIVEN, Keyword
from orchestrator.language.compile_controls import OWN_ENDS
from orchestrator.language.compile_values import expression
from orchestrator.language.expressions import ExpressionSyntaxError, parse
from orchestrator.language.faults import Faults, suggest
from orchestrator.language.forms import Words
from orchestrator.language.model import Severity
from orchestrator.language.nodes import Text
from orchestrator.language.sections import IDENTIFIER, Section
from orchestrator.language.shapes import ANY, RulesShape
from orchestrator.language.suites import Call, Place, SuiteRead, TaskRead, Told

_NAMED = re.compile(r"([a-z][a-z0-9_]*)=", re.ASCII)


def check_task(
    section: Section,
    words: Words,
    suite: SuiteRead,
    task: TaskRead,
    given: Mapping[str, Any],
    result: type[BaseModel] | None,
) -> None:
    """Note every mistake of a task: its keywords, its variables, its controls and ends, its result, its libraries."""
    _Checks(words, suite, task, given).all(section, result)


class _Checks:
    def __init__(self, words: Words, suite: SuiteRead, task: TaskRead, given: Mapping[str, Any]) -> None:
        self._words, self._suite, self._task, self._given = words, suite, task, given
        #: Shapes of the variables that conditions may name.
        self._scope = {**dict.fromkeys(suite.given, ANY), **self._assigned(), **given}

    def all(self, section: Section, result: type[BaseModel] | None) -> None:
        house = [fault for call in self._task.calls for fault in _arguments(call, self._words.keywords[call.keyword])]
        at = {(told.place.file, told.place.line) for told in house}
        told = [each for each in self._task.faults if (each.place.file, each.place.line) not in at]
        for each in [*house, *told]:
            self._add(each.place, each.message, each.advice)
        used = {name.casefold() for name in self._suite.used}
        for word in self._task.words:
            if word.keyword == "control":
                used |= self._control(word)
            elif word.keyword == "controls":
                used |= self._controls(word)
            elif word.keyword == "endcase":
                self._end(word)
        self._variables(section, used)
        self._result(section, result)
        self._outside(section)

    def _add(self, place: Place, message: str, advice: str = "") -> None:
        self._faults(place).add_at(place.line, place.column, message, advice)

    def _faults(self, place: Place) -> Faults:
        return self._words.faults.of_file(place.file)

    def _assigned(self) -> dict[str, Any]:
        """The shapes of variables that get what a keyword of the house returns, and nothing else."""
        found: dict[str, list[Any]] = {}
        for call in self._task.calls:
            for name in call.assigned:
                found.setdefault(name, []).append(self._words.keywords[call.keyword].returns)
        for word in self._task.words:
            for name in word.assigned:
                shape = RulesShape(packs=self._words.packs) if self._words.packs is not None else ANY
                found.setdefault(name, []).append(shape if word.keyword == "rulesat" else ANY)
        return {name: shapes[0] if shapes.count(shapes[0]) == len(shapes) else ANY for name, shapes in found.items()}

    def _variables(self, section: Section, used: set[str]) -> None:
        for variable in self._suite.wanted:
            if variable.name not in self._given and variable.task in {"", self._name(section)}:
                message = f"la variable ${{{variable.name}}} n'est donnée ni par la suite ni par l'étape"
                self._add(variable.place, message, f"Ajouter sous with: {variable.name}: ${{…}}")
        for key, _ in section.section("with", "with").entries.values():
            if key.text not in used:
                message = f"with : la suite ne lit pas ${{{key.text}}}"
                self._words.faults.add(key, message, suggest(key.text, [each.name for each in self._suite.wanted]))

    def _name(self, section: Section) -> str:
        return section.text("robot").partition("#")[2]

    def _control(self, word: Call) -> set[str]:
        """Check a control; returns the names that its conditions read."""
        if len(word.arguments) < 2 or any("${" in each for each in word.arguments):
            self._add(word.place, "Control attend un code et des conditions, écrits en toutes lettres, sans ${…}")
            return set()
        code, place = word.arguments[0], word.places[0]
        self._words.used.setdefault(code, _text(place, code))
        if code not in self._words.codes:
            message = f"le code « {code} » n'a pas de titre"
            self._add(place, message, f"Ajouter au scénario, sous exceptions, codes : {code}: {{title: …}}")
        read: set[str] = set()
        for text, at in zip(word.arguments[1:], word.places[1:], strict=True):
            severity = text.partition("severity=")[2] if text.startswith("severity=") else None
            if severity is None:
                read |= self._condition(code, text, at)
            elif severity not in set(Severity):
                self._add(at, f"Control : gravité « {severity} » inconnue", suggest(severity, list(Severity)))
        return read

    def _controls(self, word: Call) -> set[str]:
        """Check several controls in one keyword."""
        if not word.arguments or len(word.arguments) % 2:
            self._add(word.place, "Controls attend un code, puis sa condition, autant de fois qu'il le faut")
            return set()
        read: set[str] = set()
        for place in range(0, len(word.arguments), 2):
            both = slice(place, place + 2)
            one = {"arguments": word.arguments[both], "places": word.places[both], "place": word.places[place]}
            read |= self._control(word.model_copy(update=one))
        return read

    def _condition(self, code: str, text: str, at: Place) -> set[str]:
        expression(_text(at, text), self._scope, bool, f"Control {code}", self._faults(at))
        try:
            return {node.id for node in ast.walk(parse(text)) if isinstance(node, ast.Name)}
        except ExpressionSyntaxError:
            return set()

    def _end(self, word: Call) -> None:
        name = word.arguments[0] if word.arguments else ""
        if not IDENTIFIER.fullmatch(name) or name in OWN_ENDS:
            message = f"End Case : « {name} » n'est pas le nom d'une fin"
            self._add(word.place, message, "Des minuscules, chiffres et _ (ex. nothing_to_pay), écrits dans la suite.")

    def _result(self, section: Section, result: type[BaseModel] | None) -> None:
        wanted = set(result.model_fields) if result else set()
        given = {}
        for word in (each for each in self._task.words if each.keyword == "setresult"):
            for text, place in zip(word.arguments, word.places, strict=True):
                found = _NAMED.match(text)
                if found is not None:
                    given[found[1]] = place
        for name in sorted(given.keys() - wanted):
            self._add(given[name], f"Set Result : « {name} » n'est pas déclaré", "L'ajouter sous result, dans l'étape.")
        for key, _ in section.section("result", "result").entries.values():
            if key.text not in given and key.text in wanted:
                self._words.faults.add(key, f"result : la tâche ne rend pas « {key.text} »", "Set Result    nom=${…}")

    def _outside(self, section: Section) -> None:
        declared = section.choice("outside_guarantee", {"true": True, "false": False}, default=False)
        node = section.entries["outside_guarantee"][0] if "outside_guarantee" in section else None
        for library in self._suite.outside if not declared else ():
            message = f"la bibliothèque « {library.name} » peut agir dans une application sans le protocole de saisie"
            advice = "Lire par les mots-clés de la maison, ou écrire outside_guarantee: true sous l'étape."
            self._add(library.place, message, advice)
        if declared and node is not None and not self._suite.outside:
            message = "outside_guarantee : aucune bibliothèque de cette suite n'est hors de la garantie"
            self._words.faults.add(node, message, "Enlever cette ligne.")
        if declared and node is not None and "enters" in section:
            self._words.faults.add(node, "une suite hors de la garantie ne saisit pas", "Saisir dans une autre étape.")


def _arguments(call: Call, keyword: Keyword) -> list[Told]:
    """Return what is wrong with the arguments of a call, all given by name."""
    wanted = {name: item for name, item in keyword.arguments.items() if not (keyword.entry and name == GIVEN)}
    found = []
    named = set()
    for text, place in zip(call.arguments, call.places, strict=True):
        name = text.partition("=")[0]
        if text.startswith(("&{", "@{")):
            return []
        if "=" not in text or "{" in name:
            advice = f"Écrire {keyword.name}    {next(iter(wanted), 'nom')}=…"
            found.append(
                Told(message=f"« {keyword.name} » : un argument se donne par son nom", advice=advice, place=place)
            )
        elif name not in wanted:
            message = f"« {keyword.name} » n'a pas d'argument « {name} »"
            found.append(Told(message=message, advice=suggest(name, wanted), place=place))
        named.add(name)
    for name, item in wanted.items():
        if item.required and name not in named and not found:
            message = f"« {keyword.name} » a besoin de « {name} »"
            found.append(Told(message=message, advice=f"Ajouter {name}=…", place=call.place))
    return found


def _text(place: Place, text: str) -> Text:
    return Text(line=place.line, column=place.column, text=text, bare=True, inner=0)
