"""Loading a scenario: every mistake of its files at once, or a :class:`~.model.Scenario` ready to run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrator.domain.keywords import Keyword
from orchestrator.language.case_model import CaseModel
from orchestrator.language.compile_case import (
    compile_fields,
    compile_key,
    compile_parameters,
)
from orchestrator.language.compile_closing import closing_texts, compile_closing
from orchestrator.language.compile_rest import CEILINGS, compile_codes, compile_limits, compile_schedule
from orchestrator.language.compile_rows import compile_rows, shape_of
from orchestrator.language.compile_sources import compile_sources
from orchestrator.language.compile_steps import compile_step
from orchestrator.language.compile_suite import check_suites
from orchestrator.language.compile_urgency import compile_urgency
from orchestrator.language.compile_wait import check_waits
from orchestrator.language.compile_wakes import compile_wakes
from orchestrator.language.expressions import CONSTANTS
from orchestrator.language.faults import Faults, ScenarioErrors, suggest
from orchestrator.language.forms import RESERVED, Words
from orchestrator.language.functions import FUNCTIONS
from orchestrator.language.model import Code, ExtractSource, ForEach, Limits, Mode, RunInfo, Scenario, Source
from orchestrator.language.nodes import Table, read_yaml
from orchestrator.language.rulepacks import load_rules
from orchestrator.language.sections import Section
from orchestrator.language.shapes import ANY
from orchestrator.language.version import Screens, Version, version_of

_KEYS = (
    "scenario", "title", "author", "robot", "mode", "parameters", "rules", "case", "sources", "steps", "schedule",
    "wakes", "closing", "limits", "exceptions",
)  # fmt: skip
#: Given by the engine when a ceiling of ``limits`` is reached.
CEILING_CODE = "C-14"


def load_scenario(
    path: Path, *, keywords: Mapping[str, Keyword], caisse: str | None = None, screens: Path | None = None
) -> Scenario:
    """Load a scenario for a caisse (its author when none is given).

    The rule packs are read from ``rules/`` beside it, the caisse's own values from ``<scenario>.<caisse>.yaml``, the
    screens it relies on from ``screens``, a folder of one folder per application (by default beside their keywords).
    Raises :class:`ScenarioErrors` with every mistake, in French, at its file, line and column.
    """
    faults = Faults(file=path.name)
    content = path.read_bytes()
    node = read_yaml(content, faults)
    if node is None:
        raise ScenarioErrors(faults.found)
    scenario = _Loader(path, node, faults, keywords, caisse).load(screens)
    if faults.found or scenario is None:
        raise ScenarioErrors(faults.found)
    return scenario


def _caisse(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text, re.ASCII):
        raise ValueError("nom de caisse attendu, en minuscules, chiffres et tirets (ex. cpam-931)")
    return text


class _Loader:
    """One loading: the nodes of the files, and what is known so far."""

    def __init__(
        self, path: Path, node: Table, faults: Faults, keywords: Mapping[str, Keyword], caisse: str | None
    ) -> None:
        self._path = path
        self._node = node
        self._faults = faults
        self._keywords = keywords
        self._top = Section(node, faults, "scénario", _KEYS)
        self._top.need("author", "cpam-931")
        self._author = self._top.parsed("author", _caisse, "")
        self._caisse = caisse or self._author
        self._local = self._read_local()

    def load(self, screens: Path | None) -> Scenario | None:
        """Compile every section; None when something is missing (the faults say what)."""
        top = self._top
        head = self._head()
        parameters, shapes = compile_parameters(top.section("parameters", "parameters"), self._values(), self._caisse)
        self._check_values(shapes)
        packs, pack_nodes = load_rules(top.texts("rules"), self._path.parent / "rules", self._faults)
        case, known = self._case(shapes)
        queue, codes, opened = compile_codes(top)
        complete = len(packs) == len(top.texts("rules"))
        words = self._words(shapes, packs if complete else None, codes, case)
        self._steps(words)
        check_suites(head["mode"], words)
        priority, due = compile_urgency(self._known_case(), known, words)
        limits = self._limits(words)
        self._check_codes(words, limits)
        sources = compile_sources(top, case.columns if case else {}, {**shapes, "run": RunInfo}, self._keywords)
        schedule, closing = compile_schedule(top), compile_closing(top)
        wakes = compile_wakes(top, words, case.fields if case else {})
        if self._faults.found or case is None or not sources:
            return None
        return Scenario(
            **head,
            author=self._author,
            caisse=self._caisse,
            parameters=parameters,
            rules=packs,
            case=case,
            priority=priority,
            due=due,
            sources=sources,
            steps=tuple(words.done),
            schedule=schedule,
            closing=closing,
            limits=limits,
            queue=queue,
            codes=codes,
            open_queues=opened,
            wakes=wakes,
            version=self._version(pack_nodes, words, sources, screens),
            path=self._path,
        )

    def _version(
        self, packs: Mapping[str, Table], words: Words, sources: tuple[Source, ...], screens: Path | None
    ) -> Version:
        folder = self._path.parent
        read = [(self._path.name, self._node), (self._local_name, self._local)]
        read += [(f"rules/{name}.yaml", node) for name, node in packs.items()]
        files = [(f"scenarios/{name}", folder / name, node) for name, node in read if node is not None]
        loops = [step for step in words.done if isinstance(step, ForEach)]
        calls = (*words.before, *(undo for loop in loops for undo in loop.undo.values()))
        used = [keyword for call in calls for keyword in call.uses]
        suites = closing_texts(words.robot)
        suites |= {path: text for call in words.before if call.task for path, text in call.task.files.items()}
        used += [source.keyword for source in sources if isinstance(source, ExtractSource)]
        place = Screens(shared=screens, local=folder.parent / "keywords", caisse=self._caisse)
        return version_of(files, used, self._keywords, place, suites)

    @property
    def _local_name(self) -> str:
        return f"{self._path.stem}.{self._caisse}.yaml"

    def _read_local(self) -> Table | None:
        """Read the caisse's own values, ``<scenario>.<caisse>.yaml``, when the file exists."""
        local = self._path.parent / self._local_name
        if local not in self._path.parent.glob("*.yaml"):
            return None
        return read_yaml(local.read_bytes(), self._faults.of_file(local.name))

    def _values(self) -> Section:
        faults = self._faults.of_file(self._local_name)
        section = Section(self._local, faults, "valeurs de la caisse", ("caisse", "values"))
        node = section.scalar("caisse")
        if node is not None and node.text != self._caisse:
            faults.add(node, f"ce fichier est celui de la caisse {self._caisse}", f"Écrire caisse: {self._caisse}")
        return section.section("values", "values")

    def _check_values(self, shapes: Mapping[str, Any]) -> None:
        values = self._values()
        for key, _ in values.entries.values():
            if key.text not in shapes:
                values.faults.add(key, f"paramètre « {key.text} » inconnu du scénario", suggest(key.text, shapes))

    def _head(self) -> dict[str, Any]:
        top = self._top
        name = top.needed_text("scenario", self._path.stem)
        node = top.get("scenario")
        if name and name != self._path.stem and node is not None:
            message = f"scénario « {name} » dans un fichier {self._path.name}"
            self._faults.add(node, message, f"Écrire scenario: {self._path.stem}")
        top.need("mode", "draft")
        return {
            "name": name,
            "title": top.needed_text("title", '"Ce que fait le robot"'),
            "robot": top.needed_text("robot", "acompte-ij"),
            "mode": top.choice("mode", {mode.value: mode for mode in Mode}, Mode.DRAFT),
        }

    def _case(self, shapes: Mapping[str, Any]) -> tuple[CaseModel | None, dict[str, Any]]:
        self._top.need("case", "{key: …, fields: …}")
        section = self._top.section("case", "case", ("key", "group_by", "fields", "rows", "priority", "due"))
        section.need("fields", "{nir: {type: nir, column: N° assuré}}")
        fields = compile_fields(section.section("fields", "fields"))
        for key, _ in section.section("fields", "fields").entries.values():
            if key.text in shapes or key.text in FUNCTIONS or key.text in {*RESERVED, *CONSTANTS}:
                self._faults.add(
                    key, f"champ : le nom « {key.text} » veut déjà dire autre chose", "En choisir un autre."
                )
        scope = {name: field.python for name, field in fields.items()}
        key_template = compile_key(section, fields, scope)
        group_by, rows = compile_rows(section, fields, key_template)
        case = CaseModel(key=key_template, fields=fields, group_by=group_by, rows=rows) if key_template else None
        loose = dict.fromkeys(section.section("rows", "rows").entries, ANY)
        return case, {**shapes, **scope, "run": RunInfo, **({rows.name: shape_of(rows)} if rows else loose)}

    def _known_case(self) -> Section:
        """The case once more, whose own mistakes were said."""
        node = self._top.get("case")
        return Section(node if isinstance(node, Table) else None, self._faults, "case")

    def _name_of_rows(self, case: CaseModel, known: Mapping[str, Any]) -> dict[str, Any]:
        """The list of the rows of a group, under a name that nothing else has."""
        if case.rows is None:  # wrong ones were said: their name is no mistake
            return dict.fromkeys(self._top.section("case", "case").section("rows", "rows").entries, ANY)
        name = case.rows.name
        if name in known or name in FUNCTIONS or name in {*RESERVED, *CONSTANTS}:
            key = self._top.section("case", "case").section("rows", "rows").entries[name][0]
            self._faults.add(key, f"rows : le nom « {name} » veut déjà dire autre chose", "En choisir un autre.")
        return {name: shape_of(case.rows)}

    def _words(
        self,
        shapes: Mapping[str, Any],
        packs: Mapping[str, Any] | None,
        codes: Mapping[str, Code],
        case: CaseModel | None,
    ) -> Words:
        for key, _ in self._top.section("parameters", "parameters").entries.values():
            if key.text in FUNCTIONS or key.text in {*RESERVED, *CONSTANTS}:
                message = f"paramètre : le nom « {key.text} » veut déjà dire autre chose"
                self._faults.add(key, message, "En choisir un autre.")
        fields = {name: field.python for name, field in case.fields.items()} if case else self._loose_fields()
        rows = self._name_of_rows(case, {**shapes, **fields}) if case else {}
        return Words(
            keywords=self._keywords,
            packs=packs,
            codes=codes,
            key=frozenset(case.key.names) if case and self._are_rows_right(case) else None,
            scope={**shapes, **fields, **rows, "run": RunInfo},
            faults=self._faults,
            robot=self._path.parent.parent / "robots" / self._top.text("robot"),
        )

    def _are_rows_right(self, case: CaseModel) -> bool:
        return case.rows is not None or "rows" not in self._top.section("case", "case")

    def _loose_fields(self) -> dict[str, Any]:
        """The names of the fields when the case itself is wrong: one mistake must not hide behind twenty."""
        section = Section(self._top.get("case"), Faults(file=""), "case")
        names = (*section.section("fields", "fields").entries, *section.section("rows", "rows").entries)
        return dict.fromkeys(names, ANY)

    def _steps(self, words: Words) -> None:
        self._top.need("steps", "")
        for item in self._top.items("steps"):
            compile_step(item, words)
        check_waits(self._top.items("steps"), words)

    def _limits(self, words: Words) -> Limits:
        limits = compile_limits(self._top)
        given = self._top.section("limits", "limits")
        missing = [name for name in CEILINGS if name not in given]
        for payment in words.payments if missing else ():
            message = f"« {payment.text} » est un paiement : il manque {', '.join(missing)} sous limits"
            self._faults.add(payment, message, "Écrire par exemple per_case: 800.00 EUR")
        return limits

    def _check_codes(self, words: Words, limits: Limits) -> None:
        """Every title is used; the ceilings have theirs (C-14)."""
        section = self._top.section("exceptions", "exceptions").section("codes", "codes")
        ceilings = any(getattr(limits, name) is not None for name in CEILINGS)
        node = section.node or self._node
        if ceilings and CEILING_CODE not in section:
            message = f"les plafonds de limits donnent le code {CEILING_CODE}, qui n'a pas de titre"
            self._faults.add(node, message, f"Ajouter {CEILING_CODE}: {{title: …}}")
        for key, _ in section.entries.values():
            if key.text not in words.used and not (ceilings and key.text == CEILING_CODE):
                self._faults.add(key, f"le code « {key.text} » ne sert à aucun contrôle", "L'enlever ou l'employer.")
