"""What differs between a screen and the release we know, in French, and whether it could alter an entry (ADR 17)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.drivers.release import TableFacts
from orchestrator.drivers.witness import Shown


@dataclass(frozen=True, kw_only=True)
class Fix:
    """A proposed change of ``screens.yaml``: one value that stands there, by its place, and the new one."""

    #: Keys from the top of the file; a number for an item of a list.
    place: tuple[str, ...]
    #: The value to write.
    value: str


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One difference."""

    #: The screen, by its name in the contract.
    screen: str
    #: In French, without any value of a person.
    text: str
    #: True when another value could be entered, or read into what is entered.
    alters: bool = True
    #: The changes of ``screens.yaml`` that would follow it.
    fixes: tuple[Fix, ...] = ()
    #: False for a screen that the walk could not come to.
    reached: bool = True
    #: True for a screen that is none we know: looked at once more before anything is concluded.
    unknown: bool = False


def label_differences(
    screen: str, known: Mapping[str, str], seen: Mapping[str, str], only: Sequence[str]
) -> Iterator[Difference]:
    """Compare what stands beside the fields: another label may be another meaning."""
    for name in only:
        before, after = known.get(name), seen.get(name)
        if before is not None and after is not None and before != after:
            yield Difference(screen=screen, text=f"champ « {name} », libellé : « {before} » → « {after} »")


def table_differences(screen: str, name: str, known: TableFacts, seen: TableFacts) -> Iterator[Difference]:
    """Compare the headings of a table: above what we read they must be the same; moved or added columns are reported."""
    for column, before in known.columns.items():
        after = seen.columns.get(column)
        if after is not None and after != before:
            yield Difference(
                screen=screen, text=f"tableau « {name} », colonne « {column} », en-tête : « {before} » → « {after} »"
            )
    added = [heading for heading in seen.headings if heading not in known.headings]
    gone = [heading for heading in known.headings if heading not in seen.headings]
    for words, headings in (("nouvelle colonne", added), ("colonne disparue", gone)):
        for heading in headings:
            yield Difference(screen=screen, text=f"tableau « {name} », {words} « {heading} »", alters=False)
    kept = [heading for heading in known.headings if heading in seen.headings]
    if kept != [heading for heading in seen.headings if heading in known.headings]:
        yield Difference(screen=screen, text=f"tableau « {name} », ordre des colonnes changé", alters=False)


def witness_differences(screen: str, known: Shown, seen: Shown) -> Iterator[Difference]:
    """Compare what is read of the witness with what is known of it; no value is told."""
    for name, before in known.fields.items():
        if name in seen.fields and seen.fields[name] != before:
            yield Difference(screen=screen, text=f"champ « {name} » : le témoin n'y a plus la valeur connue")
    for name, rows in known.tables.items():
        shown = seen.tables.get(name, rows)
        missing = [row for row in rows if all(_changed(row, other) for other in shown)]
        for column in sorted({column for row in missing for column in _nearest(row, shown)}):
            yield Difference(
                screen=screen, text=f"tableau « {name} », colonne « {column} » : le témoin n'y a plus la valeur connue"
            )


def _changed(row: Mapping[str, str | None], other: Mapping[str, str | None]) -> set[str]:
    return {name for name, value in other.items() if row.get(name) != value}


def _nearest(row: Mapping[str, str | None], rows: Sequence[Mapping[str, str | None]]) -> set[str]:
    """Return the columns in which a lost row differs from the row that is nearest to it; all without any row."""
    return min((_changed(row, other) for other in rows), key=len, default=set(row))
