"""Where cases come from: one kind of source per entry, each with its own keys."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Mapping
from typing import Any

from orchestrator.domain.keywords import Keyword, Kind
from orchestrator.domain.sources import ApiSource, CasesSource, CsvSource, SheetSource, Total
from orchestrator.language.compile_dsn import compile_dsn
from orchestrator.language.compile_fixed_width import compile_fixed_width
from orchestrator.language.compile_values import Scope, argument
from orchestrator.language.compile_xml import compile_xml
from orchestrator.language.faults import suggest
from orchestrator.language.fields import Field
from orchestrator.language.model import ExtractSource, Source
from orchestrator.language.nodes import Node, Table, Text
from orchestrator.language.sections import Section, one_character, whole
from orchestrator.language.shapes import fits, french, members, row_of
from orchestrator.language.source_parts import SourceWords, bad_rows, pattern, total
from orchestrator.language.templates import Value

#: The keys of each kind of source besides its own name and ``bad_rows``.
SOURCE_KEYS: Mapping[str, tuple[str, ...]] = {
    "csv": ("encoding", "delimiter", "trailer"),
    "excel": ("sheet", "header", "trailer"),
    "ods": ("sheet", "header", "trailer"),
    "fixed_width": ("encoding", "length", "line_ends", "fields", "records", "trailer"),
    "xml": ("namespace", "each", "within", "fields", "announced"),
    "dsn": ("each", "within", "fields"),
    "extract": ("with", "fields"),
    "cases": ("ended", "fields"),
    "api": (),
}
_ALL_KEYS = tuple(dict.fromkeys(key for kind, keys in SOURCE_KEYS.items() for key in (kind, *keys, "bad_rows")))
#: Where only one source of that kind may be: nothing tells two of them apart.
_ONLY_ONE = ("api",)


def compile_sources(
    section: Section, fields: Mapping[str, Field], scope: Scope, keywords: Mapping[str, Keyword]
) -> tuple[Source, ...]:
    """Return the sources of the scenario; faults are noted for two that nothing tells apart."""
    section.need("sources", "[{csv: anomalies-*.csv, encoding: cp1252, …}]")
    first: dict[tuple[str, str], int] = {}
    found = []
    for node in section.items("sources"):
        named = _kind_of(node, section)
        if named is None:
            continue
        kind, given = named
        words = SourceWords(fields=fields, scope=scope, keywords=keywords)
        compiled = _COMPILERS[kind](given, kind, words)
        told = "" if kind in _ONLY_ONE else f"{given.text(kind)}/{given.text('ended')}"
        line = first.setdefault((kind if kind in {"extract", "cases", "api"} else "file", told), node.line)
        if line != node.line:
            message = f"source déjà donnée à la ligne {line} : rien ne les distingue"
            section.faults.add(node, message, "En enlever une, ou donner un autre motif de nom.")
        found.append(compiled)
    return tuple(source for source in found if source is not None)


def _kind_of(node: Node, section: Section) -> tuple[str, Section] | None:
    """Return the kind of a source and its keys; a source has one kind."""
    if not isinstance(node, Table):
        Section(node, section.faults, "source")
        return None
    keys = [key for key, _ in node.entries]
    kinds = [key for key in keys if key.text in SOURCE_KEYS]
    if len(kinds) == 1:
        kind = kinds[0].text
        return kind, Section(node, section.faults, "source", (kind, *SOURCE_KEYS[kind], "bad_rows"))
    if kinds:
        section.faults.add(kinds[1], "une source est d'une seule sorte", f"N'en garder qu'une : {_said()}.")
    elif all(key.text in _ALL_KEYS for key in keys):
        section.faults.add(node, "source : d'où viennent les dossiers ?", f"Écrire une de ces clés : {_said()}.")
    else:
        Section(node, section.faults, "source", _ALL_KEYS)
    return None


def _said() -> str:
    return ", ".join(SOURCE_KEYS)


def _csv(source: Section, kind: str, words: SourceWords) -> CsvSource:
    source.need("encoding", "cp1252")
    source.need("delimiter", '";"')
    rows, summed = _trailer(source, words)
    return CsvSource(
        pattern=pattern(source, kind, "anomalies-arpege-*.csv"),
        encoding=source.parsed("encoding", _encoding, "cp1252"),
        delimiter=source.parsed("delimiter", one_character, ";"),
        trailer_rows=rows,
        bad_rows=bad_rows(source),
        total=summed,
    )


def _sheet(source: Section, kind: str, words: SourceWords) -> SheetSource:
    ending = {"excel": ".xlsx", "ods": ".ods"}[kind]
    named = pattern(source, kind, f"anomalies-*{ending}")
    if named and not named.lower().endswith(ending) and (node := source.get(kind)):
        source.faults.add(node, f"source : « {kind} » lit des fichiers {ending}", f"Finir le motif par {ending}.")
    rows, summed = _trailer(source, words)
    return SheetSource(
        kind="excel" if kind == "excel" else "ods",
        pattern=named,
        sheet=source.text("sheet") or None,
        header=source.parsed("header", whole(1, 1000), 1),
        trailer_rows=rows,
        bad_rows=bad_rows(source),
        total=summed,
    )


def _trailer(source: Section, words: SourceWords) -> tuple[bool, Total | None]:
    trailer = source.section("trailer", "trailer", ("rows", "total"))
    rows = trailer.choice("rows", {"true": True, "false": False}, default=False)
    summed = total(trailer, trailer.scalar("total"), words)
    if summed is not None and not rows:
        trailer.faults.add(
            trailer.entries["total"][0], "trailer : le total suit le nombre de lignes", "Ajouter rows: true."
        )
    return rows, summed


def _encoding(text: str) -> str:
    """Read the encoding of a CSV: one in which a line end and a delimiter are one byte each."""
    try:
        name = codecs.lookup(text).name
        lines = "\n;".encode(name) == b"\n;" or name == "utf-8-sig"
    except LookupError:
        raise ValueError("jeu de caractères inconnu (permis : cp1252, utf-8, latin-1…)") from None
    if not lines:
        raise ValueError(
            "ce jeu ne s'écrit pas ligne à ligne dans un CSV (permis : cp1252, utf-8, utf-8-sig, latin-1…)"
        )
    return name


def _api(source: Section, kind: str, words: SourceWords) -> ApiSource:  # noqa: ARG001 - one signature for all
    return ApiSource(name=source.needed_text(kind, "arpege-flux"), bad_rows=bad_rows(source))


def _extract(source: Section, kind: str, words: SourceWords) -> ExtractSource | None:
    source.need(kind, "arpege.unpaid_stops")
    name = source.scalar(kind)
    if name is None:
        return None
    keyword = words.keywords.get(name.text)
    if keyword is None:
        source.faults.add(name, f"mot-clé « {name.text} » inconnu", suggest(name.text, words.keywords))
        return None
    row = row_of(keyword.returns)
    if keyword.kind is not Kind.EXTRACT or row is None:
        lists = [each for each, known in words.keywords.items() if known.kind is Kind.EXTRACT and row_of(known.returns)]
        message = f"« {name.text} » ne lit pas une liste : il ne peut pas donner des dossiers"
        source.faults.add(name, message, f"Possible ici : {', '.join(sorted(lists)) or 'rien'}.")
        return None
    return ExtractSource(
        keyword=keyword,
        arguments=_arguments(source, name, keyword, words),
        parts=_parts(source, name, row, words),
        bad_rows=bad_rows(source),
    )


def _cases(source: Section, kind: str, words: SourceWords) -> CasesSource | None:
    """Compile cases of another scenario; whether it has such an end and such fields, ``glr check`` asks of it."""
    scenario, ended = source.needed_text(kind, "arpege-surveillance"), source.needed_text("ended", "candidate")
    given = source.section("fields", "fields", tuple(words.fields))
    parts = {field: given.text(field, field) for field in words.fields}
    return CasesSource(scenario=scenario, ended=ended, parts=parts, bad_rows=bad_rows(source))


def _parts(source: Section, name: Text, row: Any, words: SourceWords) -> dict[str, str]:  # noqa: ANN401 - a shape
    """Return which part of a row each field is: the one of its name, unless ``fields`` names another."""
    given = source.section("fields", "fields", tuple(words.fields))
    known = members(row) or {}
    parts = {}
    for field, rules in words.fields.items():
        node = given.scalar(field) or name
        part = given.text(field, field)
        parts[field] = part
        if part not in known:
            message = f"« {name.text} » ne donne pas « {part} » pour le champ « {field} »"
            advice = f"Écrire sous fields {field}: un de {', '.join(sorted(known))}."
            source.faults.add(node, message, advice)
        elif not fits(known[part], rules.python):
            message = f"le champ « {field} » attend {french(rules.python)}, « {part} » est {french(known[part])}"
            source.faults.add(node, message)
    return parts


def _arguments(source: Section, name: Text, keyword: Keyword, words: SourceWords) -> dict[str, Value]:
    given = source.section("with", "with", tuple(keyword.arguments))
    values: dict[str, Value] = {}
    for key, wanted in keyword.arguments.items():
        node = given.scalar(key)
        value = argument(node, wanted, words.scope, f"source, {key}", source.faults) if node else None
        if value is not None:
            values[key] = value
        elif node is None and wanted.required:
            message = f"source : « {keyword.name} » a besoin de « {key} »"
            source.faults.add(name, message, f"Ajouter sous with: {key}: ${{…}}")
    return values


_COMPILERS: Mapping[str, Callable[[Section, str, SourceWords], Source | None]] = {
    "csv": _csv,
    "excel": _sheet,
    "ods": _sheet,
    "fixed_width": compile_fixed_width,
    "xml": compile_xml,
    "dsn": compile_dsn,
    "extract": _extract,
    "cases": _cases,
    "api": _api,
}
