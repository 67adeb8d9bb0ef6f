"""Changes that a release of PROGRES might bring to one screen, by seed; `mutations.json` asks for one, as for the pages.

`{"progres": {"screen": "PGN1", "kind": "swap_fields", "seed": 3}}`. Where the place of a field changes, so does what the host
makes of what is typed there.
"""

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from random import Random
from typing import TypeVar

from sandbox.green.layout import COLUMNS, Field, Layout
from sandbox.mutations.parts import UnfitError

Text = tuple[int, str]
T = TypeVar("T")


def mutated(layout: Layout, kind: str, seed: int) -> Layout:
    """The screen as a release leaves it; as it was when it has no part that could change so."""
    try:
        return KINDS[kind](layout, Random(seed))
    except UnfitError:
        return layout


def _banner(layout: Layout, chance: Random) -> Layout:
    """A line of news where nothing stood: it leaves every robot alone."""
    return replace(layout, texts=(*layout.texts, (22 * COLUMNS + chance.randrange(3, 20), "NOUVEAU : APPELER LE 3646")))


def _other_version(layout: Layout, chance: Random) -> Layout:
    return _said(layout, lambda text: text.replace(" V01 ", f" V{chance.randint(2, 9):02} "))


def _retitle(layout: Layout, chance: Random) -> Layout:
    return _said(layout, lambda text: text.replace(layout.name, f"PGZ{chance.randint(0, 9)}"))


def _rename_label(layout: Layout, chance: Random) -> Layout:
    cell, text = _one(chance, _labels(layout))
    return _other_texts(layout, {cell: f"Q{text[1:]}"})


def _swap_labels(layout: Layout, chance: Random) -> Layout:
    """Two labels change places; each is cut to the room that the other had."""
    (first, one), (second, other) = _two(chance, _labels(layout))
    return _other_texts(layout, {first: other[: len(one)], second: one[: len(other)]})


def _swap_fields(layout: Layout, chance: Random) -> Layout:
    """Two fields of one length change places under labels that stay."""
    alike = [pair for pair in itertools.combinations(_own(layout), 2) if pair[0].length == pair[1].length]
    one, other = _one(chance, [pair for pair in alike if pair[0].attribute == pair[1].attribute])
    names = {one.name: other.name, other.name: one.name}
    return _other_fields(layout, (replace(each, name=names.get(each.name, each.name)) for each in layout.fields))


def _move_field(layout: Layout, chance: Random) -> Layout:
    """One field stands a little further to the right."""
    cells, by = [each.cell for each in layout.fields], chance.randint(1, 3)
    free = [
        each
        for each in _own(layout)
        if not {*range(each.cell + 1, each.cell + each.length + by + 3)} & {*cells}
        and (each.cell % COLUMNS) + each.length + by + 2 < COLUMNS
    ]
    moved = _one(chance, free)
    return _other_fields(
        layout, (replace(each, cell=each.cell + by) if each is moved else each for each in layout.fields)
    )


def _shorten_field(layout: Layout, chance: Random) -> Layout:
    """One field holds three characters less."""
    cut = _one(chance, [each for each in _own(layout) if each.length > 5])
    kept = (replace(each, length=each.length - 3) if each is cut else each for each in layout.fields)
    return _other_fields(layout, kept)


def _shift_rows(layout: Layout, chance: Random) -> Layout:
    """The lines of a list begin further to the right, under headings that stay."""
    if not any(each.name.startswith("rows.") for each in layout.fields):
        raise UnfitError
    by = chance.randint(1, 4)
    rows = (replace(each, cell=each.cell + by) if each.name.startswith("rows.") else each for each in layout.fields)
    return _other_fields(layout, rows)


KINDS: Mapping[str, Callable[[Layout, Random], Layout]] = {
    "banner": _banner, "other_version": _other_version, "retitle": _retitle, "rename_label": _rename_label,
    "swap_labels": _swap_labels, "swap_fields": _swap_fields, "move_field": _move_field, "shorten_field": _shorten_field,
    "shift_rows": _shift_rows,
}  # fmt: skip


def _labels(layout: Layout) -> list[Text]:
    """What stands between the title and the line of keys."""
    last = max(cell for cell, _ in layout.texts) // COLUMNS
    return [(cell, text) for cell, text in layout.texts if 0 < cell // COLUMNS < last]


def _own(layout: Layout) -> list[Field]:
    """The fields of this screen alone, in no list."""
    return [each for each in layout.fields if each.cell >= COLUMNS and not each.name.startswith(("rows.", "message"))]


def _one(chance: Random, parts: Iterable[T]) -> T:
    found = list(parts)
    if not found:
        raise UnfitError
    return chance.choice(found)


def _two(chance: Random, parts: list[Text]) -> list[Text]:
    if len(parts) < 2:
        raise UnfitError
    return chance.sample(parts, 2)


def _said(layout: Layout, change: Callable[[str], str]) -> Layout:
    return replace(layout, texts=tuple((cell, change(f" {text} ").strip()) for cell, text in layout.texts))


def _other_texts(layout: Layout, changed: Mapping[int, str]) -> Layout:
    return replace(layout, texts=tuple((cell, changed.get(cell, text)) for cell, text in layout.texts))


def _other_fields(layout: Layout, fields: Iterable[Field]) -> Layout:
    made, names = tuple(fields), set(layout.typed.values())
    return replace(layout, fields=made, typed={each.cell + 1: each.name for each in made if each.name in names})
