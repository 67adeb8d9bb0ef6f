"""What every kind of source is compiled with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.domain.keywords import Keyword
from orchestrator.domain.sources import BadRows, Place, Total
from orchestrator.language.compile_values import Scope
from orchestrator.language.faults import suggest
from orchestrator.language.fields import Field
from orchestrator.language.nodes import Text
from orchestrator.language.sections import Section

#: What a bad row does to its delivery.
BAD_ROWS: Mapping[str, BadRows] = {"set aside": "set aside", "refuse the file": "refuse the file"}


@dataclass(frozen=True, kw_only=True)
class SourceWords:
    """What a source may name."""

    #: The fields of the case.
    fields: Mapping[str, Field]
    #: What the arguments of a keyword may insert: parameters and the run.
    scope: Scope
    keywords: Mapping[str, Keyword]


def bad_rows(source: Section) -> BadRows:
    """Return what a bad row does to its delivery."""
    return source.choice("bad_rows", BAD_ROWS, "set aside")


def pattern(source: Section, kind: str, example: str) -> str:
    """Return the pattern of the file name: a name, never a path."""
    found = source.needed_text(kind, example)
    if ("/" in found or "\\" in found) and (node := source.get(kind)):
        source.faults.add(node, "source : un motif de nom est attendu, sans dossier", f"Écrire par exemple {example}.")
    return found


def total(
    section: Section, of: Text | None, words: SourceWords, place: Place | None = None, path: str = ""
) -> Total | None:
    """Return a control total; the field it sums must be an amount."""
    if of is None:
        return None
    field = words.fields.get(of.text)
    if field is None or field.type != "euros":
        amounts = [name for name, known in words.fields.items() if known.type == "euros"]
        message = f"{section.what} : le total est celui d'un champ en euros, « {of.text} » n'en est pas un"
        section.faults.add(of, message, suggest(of.text, amounts))
        return None
    return Total(of=of.text, place=place, path=path)


def needed_fields(source: Section, words: SourceWords, example: str) -> Section:
    """Return the table that says where each field is; every field of the case is there, and nothing else."""
    source.need("fields", f"{{nir: {example}}}")
    given = source.section("fields", "fields de la source", tuple(words.fields))
    for name in words.fields if given.node is not None else ():
        given.need(name, example)
    return given
