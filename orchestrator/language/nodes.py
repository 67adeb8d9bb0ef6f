"""YAML as text with positions: PyYAML reads the syntax, nothing is interpreted.

A scalar stays what the owner wrote (``016110000``, ``NO``, ``0185``). Anchors, aliases, tags, several documents, keys
given twice, files over 1 MB and files nested too deeply are refused with a reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import yaml
from yaml import events

from orchestrator.language.faults import Faults

#: Bytes.
LARGEST_FILE = 1_000_000
DEEPEST = 30
#: The same events, thirty times faster where PyYAML was built with libyaml (its wheels are).
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_QUOTES = (
    "Une valeur qui commence par { [ & * ! % @ ou qui contient « : », « # » ou, entre accolades, une virgule ou "
    "« ${…} », s'écrit entre guillemets."
)


@dataclass(frozen=True, kw_only=True)
class Node:
    """Something in a file, at its place (from 1)."""

    line: int
    column: int


@dataclass(frozen=True, kw_only=True)
class Text(Node):
    """A scalar, as written."""

    text: str
    #: True without quotes.
    bare: bool
    #: Where the text starts, columns after the node; None when it spans several lines.
    inner: int | None


@dataclass(frozen=True, kw_only=True)
class Items(Node):
    """A list."""

    items: tuple[Node, ...]


@dataclass(frozen=True, kw_only=True)
class Table(Node):
    """A mapping; its keys are scalars, each once."""

    entries: tuple[tuple[Text, Node], ...]


class _Stop(Exception):
    """The rest of the file cannot be read."""


def read_yaml(content: bytes, faults: Faults) -> Table | None:
    """Return the mapping that a file holds, or None when it cannot be read (the reasons are in ``faults``)."""
    if len(content) > LARGEST_FILE:
        faults.add_at(1, 1, "fichier de plus de 1 Mo : ce n'est pas un scénario")
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].split(b"\n")
        column = len(before[-1].decode("utf-8", "ignore").lstrip("\ufeff")) + 1
        faults.add_at(len(before), column, "ce fichier n'est pas en UTF-8", "L'enregistrer en UTF-8.")
        return None
    try:
        return _document(text, faults)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        if "\t" in _margin(text, line):
            faults.add_at(line, column, "tabulation en début de ligne", "Mettre des espaces, deux par niveau.")
        else:
            faults.add_at(line, column, "YAML illisible à cet endroit", _QUOTES)
    except yaml.YAMLError:
        faults.add_at(1, 1, "ce fichier contient un caractère interdit en YAML")
    except _Stop:
        pass
    return None


def _margin(text: str, line: int) -> str:
    """Return the blanks that a line (from 1) begins with."""
    found = text.split("\n")[line - 1 : line]
    return found[0][: len(found[0]) - len(found[0].lstrip())] if found else ""


def _document(text: str, faults: Faults) -> Table | None:
    stream = yaml.parse(text, Loader=LOADER)
    documents = [event for event in _content(stream, faults) if isinstance(event, Node)]
    if not documents or not isinstance(documents[0], Table):
        faults.add_at(1, 1, "le fichier doit contenir des lignes « clé: valeur »")
        return None
    for extra in documents[1:]:
        faults.add(extra, "un seul document par fichier", "Enlever la ligne « --- ».")
    return documents[0]


def _content(stream: Iterator[events.Event], faults: Faults) -> Iterator[Node]:
    for event in stream:
        if isinstance(event, events.NodeEvent):
            yield _node(event, stream, faults, 0)


def _node(event: events.Event, stream: Iterator[events.Event], faults: Faults, depth: int) -> Node:
    line, column = _place(event)
    _refuse(event, line, column, depth, faults)
    if isinstance(event, events.SequenceStartEvent):
        items = []
        while not isinstance(following := next(stream), events.SequenceEndEvent):
            items.append(_node(following, stream, faults, depth + 1))
        return Items(line=line, column=column, items=tuple(items))
    if isinstance(event, events.MappingStartEvent):
        return Table(line=line, column=column, entries=_entries(event, stream, faults, depth))
    if not isinstance(event, events.ScalarEvent):
        raise _Stop
    return _text(event, line, column)


def _text(event: events.ScalarEvent, line: int, column: int) -> Text:
    bare = not event.style  # None, or "" from libyaml
    several = event.end_mark is None or event.end_mark.line + 1 != line
    return Text(line=line, column=column, text=event.value, bare=bare, inner=None if several else 1 - bare)


def _place(event: events.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _refuse(event: events.Event, line: int, column: int, depth: int, faults: Faults) -> None:
    if isinstance(event, events.AliasEvent) or getattr(event, "anchor", None) is not None:
        faults.add_at(line, column, "ancre ou alias YAML (& ou *) interdits", "Écrire la valeur en entier.")
        raise _Stop
    if getattr(event, "tag", None) is not None:
        faults.add_at(line, column, "étiquette YAML (!) interdite", "Écrire la valeur entre guillemets.")
        raise _Stop
    if depth > DEEPEST:
        faults.add_at(line, column, "trop de niveaux imbriqués")
        raise _Stop


def _is_empty(value: Node) -> bool:
    return isinstance(value, Text) and value.bare and not value.text


def _entries(
    start: events.MappingStartEvent, stream: Iterator[events.Event], faults: Faults, depth: int
) -> tuple[tuple[Text, Node], ...]:
    found: dict[str, tuple[Text, Node]] = {}
    while not isinstance(following := next(stream), events.MappingEndEvent):
        key = _node(following, stream, faults, depth + 1)
        value = _node(next(stream), stream, faults, depth + 1)
        if not isinstance(key, Text):
            faults.add(key, "une clé est un mot simple", _QUOTES)
        elif key.bare and key.text == "<<":
            faults.add(key, "la fusion YAML (<<) est interdite", "Écrire chaque clé avec sa valeur.")
        elif key.text in found:
            first = found[key.text][0]
            faults.add(key, f"clé « {key.text} » déjà donnée à la ligne {first.line}", "N'en garder qu'une.")
        elif start.flow_style and key.bare and _is_empty(value):
            faults.add(key, f"« {key.text} » n'a pas de valeur : une virgule a coupé le texte", _QUOTES)
        else:
            found[key.text] = (key, value)
    return tuple(found.values())
