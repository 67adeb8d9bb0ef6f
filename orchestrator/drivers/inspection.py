"""Looking at one screen without trusting it: everything that its contract and the known release promise is compared.

Unlike :func:`~orchestrator.drivers.screens.read_screen`, which stops at the first fault, all differences are told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.drivers.contracts import ApplicationContract, FieldContract, TableContract
from orchestrator.drivers.differences import (
    Difference,
    Fix,
    label_differences,
    table_differences,
    witness_differences,
)
from orchestrator.drivers.document import Document, first, table_rows, text_of
from orchestrator.drivers.facts import facts_of, label_of
from orchestrator.drivers.formats import FORMATS, read_value
from orchestrator.drivers.inspection_forms import Forms
from orchestrator.drivers.kept import not_kept_words
from orchestrator.drivers.release import ScreenFacts, TableFacts
from orchestrator.drivers.screens import safe_title
from orchestrator.drivers.veil import Veil
from orchestrator.drivers.witness import Shown, canonical_or_none

#: Formats of the same kind of value, tried when the declared one does not fit.
_KIN = {
    "date": ("iso_date",), "iso_date": ("date",), "birth_date": ("iso_birth_date",), "iso_birth_date": ("birth_date",),
    "euros": ("euros_point",), "euros_point": ("euros",),
}  # fmt: skip


@dataclass
class Inspection:
    """One screen under comparison, and everything that was found."""

    contract: ApplicationContract
    #: The screen that should stand there.
    screen: str
    document: Document
    #: What of the page may be quoted.
    veil: Veil
    differences: list[Difference] = field(default_factory=list)
    facts: ScreenFacts = field(default_factory=ScreenFacts)
    shown: Shown = field(default_factory=Shown)

    @property
    def recognised(self) -> bool:
        """True when the screen is the one that should stand there."""
        return self.document.title == self.contract.screens[self.screen].title

    def run(self, known: Shown | None) -> Inspection:
        """Compare everything; ``known``: what the witness showed when a person looked."""
        if not self.recognised:
            self._tell(f"écran inattendu : {safe_title(self.document.title, self.contract)}", unknown=True)
            return self
        screen = self.contract.screens[self.screen]
        self.facts = facts_of(self.document, screen, self.contract.fields(self.screen), self.veil)
        self._version()
        for anchor in screen.anchors:
            if first(self.document.root, anchor) is None:
                self._tell(f"repère « {anchor} » introuvable")
        self.shown = Shown(fields=self._fields(), tables=self._tables())
        for name in self.document.not_kept:
            self._tell(not_kept_words(self.contract, self.screen, name))
        self._compare(known)
        self.differences = list({each.text: each for each in self.differences}.values())
        return self

    def _tell(self, text: str, *, fix: Fix | None = None, unknown: bool = False) -> None:
        fixes = (fix,) if fix else ()
        self.differences.append(Difference(screen=self.screen, text=text, fixes=fixes, unknown=unknown))

    def _version(self) -> None:
        said = self.document.text(self.contract.version_at)
        if said != self.contract.version:
            fix = Fix(place=("version",), value=said) if said and self.veil(said) == said else None
            self._tell(f"version : « {self.contract.version} » → « {self.veil(said or 'aucune')} »", fix=fix)

    # --- values ------------------------------------------------------------------------------------------------------

    def _fields(self) -> dict[str, str | None]:
        screen = self.contract.screens[self.screen]
        read: dict[str, str | None] = {}
        known = self._known.labels if self._known else {}
        for name, one in self.contract.fields(self.screen).items():
            own = name in screen.fields
            place = ("screens", self.screen, "fields", name) if own else ("common", name)
            node = first(self.document.root, one.at)
            if node is not None:
                self._type(read, name, text_of(node), one, f"champ « {name} »", place)
            elif name not in screen.optional or name in known:
                self._missing_field(name, one, known.get(name), place)
        return {name: value for name, value in read.items() if name in screen.fields}

    def _missing_field(self, name: str, one: FieldContract, label: str | None, place: tuple[str, ...]) -> None:
        found = _by_label(self.document, label, one.at) if label else None
        fix = Fix(place=(*place, "at"), value=found) if found else None
        named = f" (« {label} »)" if label else ""
        seen = f", maintenant « {found} »" if found else ""
        self._tell(f"champ « {name} »{named} : « {one.at} » introuvable{seen}", fix=fix)

    def _type(
        self,
        read: dict[str, str | None],
        name: str,
        text: str,
        one: FieldContract,
        what: str,
        place: tuple[str, ...],
    ) -> None:
        """Keep the typed value of a text; one in another format is told, and not kept."""
        try:
            read[name] = canonical_or_none(read_value(text, one.format))
        except ValueError:
            fits = next((other for other in _KIN.get(one.format, ()) if _fits(text, other)), None)
            fix = Fix(place=(*place, "format"), value=fits) if fits else None
            self._tell(f"{what} : format « {one.format} » attendu, « {_shape(text)} » affiché", fix=fix)

    # --- tables ------------------------------------------------------------------------------------------------------

    def _tables(self) -> dict[str, list[dict[str, str | None]]]:
        found = {}
        for name, table in self.contract.screens[self.screen].tables.items():
            rows = self._rows(name, table)
            if rows is not None:
                found[name] = rows
        return found

    def _rows(self, name: str, table: TableContract) -> list[dict[str, str | None]] | None:
        where = self.document if table.frame is None else self.document.frames.get(table.frame)
        rows = [] if where is None else table_rows(where.root, table.rows)
        if not rows:
            if where is None or first(where.root, table.empty) is None:
                self._tell(f"tableau « {name} » introuvable")
                return None
            return []
        return [self._row(name, table, row) for row in rows]

    def _row(self, name: str, table: TableContract, row: Any) -> dict[str, str | None]:  # noqa: ANN401
        read: dict[str, str | None] = {}
        for column, one in table.columns.items():
            place = ("screens", self.screen, "tables", name, "columns", column)
            what = f"tableau « {name} », colonne « {column} »"
            cell = first(row, one.at)
            if cell is not None:
                self._type(read, column, text_of(cell), one, what, place)
            else:
                self._missing_column(name, column, one, row, place)
        return read

    def _missing_column(
        self,
        name: str,
        column: str,
        one: FieldContract,
        row: Any,  # noqa: ANN401
        place: tuple[str, ...],
    ) -> None:
        known = self._known.tables.get(name) if self._known else None
        heading = known.columns.get(column) if known else None
        headings = self.facts.tables[name].headings if name in self.facts.tables else ()
        found = None
        if heading and headings.count(heading) == 1 and len(row) > headings.index(heading):
            found = _selector(row[headings.index(heading)])
        named = f" (« {heading} »)" if heading else ""
        seen = f", maintenant « {found} »" if found else ""
        fix = Fix(place=(*place, "at"), value=found) if found else None
        self._tell(f"tableau « {name} », colonne « {column} »{named} : « {one.at} » introuvable{seen}", fix=fix)

    # --- with what is known ------------------------------------------------------------------------------------------

    @property
    def _known(self) -> ScreenFacts | None:
        release = self.contract.release
        return release.screens.get(self.screen) if release else None

    @property
    def _entering(self) -> frozenset[str]:
        return frozenset(act.screen for act in self.contract.acts.values())

    def _compare(self, known: Shown | None) -> None:
        facts, name = self._known, self.screen
        if facts is None:
            self.differences.append(
                Difference(
                    screen=name,
                    text="aucune description connue (release.yaml)",
                    alters=name in self._entering,
                )
            )
            return
        if name in self.contract.filled:
            forms = Forms(
                contract=self.contract,
                screen=name,
                document=self.document,
                known=facts.forms,
                seen=self.facts.forms,
            )
            self.differences += forms.differences()
        own = list(self.contract.screens[name].fields)
        self.differences += label_differences(name, facts.labels, self.facts.labels, own)
        for table, before in facts.tables.items():
            self.differences += self._table(table, before)
        if known is not None:
            self.differences += witness_differences(name, known, self.shown)

    def _table(self, name: str, before: TableFacts) -> Iterator[Difference]:
        seen = self.facts.tables.get(name)
        if seen is not None:
            yield from table_differences(self.screen, name, before, seen)
        elif name in self.shown.tables:
            yield Difference(screen=self.screen, text=f"tableau « {name} » vide : ses colonnes ne sont pas comparées")


def _by_label(document: Document, label: str, selector: str) -> str | None:
    """Return the selector of the one element that now stands beside a label, written like the one we know."""
    nodes = [node for node in document.root.xpath("//*[@id]") if label_of(document, node) == label]
    same = [node for node in nodes if selector.startswith("#")]
    return f"#{same[0].get('id')}" if len(same) == 1 else None


def _selector(cell: Any) -> str | None:  # noqa: ANN401
    names = (cell.get("class") or "").split()
    return f"{cell.tag}.{names[0]}" if names and re.fullmatch(r"[\w-]+", names[0]) else None


def _fits(text: str, form: str) -> bool:
    try:
        return form in FORMATS and read_value(text, form) is not None
    except ValueError:
        return False


def _shape(text: str) -> str:
    """Return a text without what it says: ``9`` for a digit, ``A`` for a letter."""
    return re.sub(r"[^\W\d_]", "A", re.sub(r"\d", "9", text))[:30]


def inspect(
    contract: ApplicationContract, screen: str, document: Document, known: Mapping[str, Shown], veil: Veil
) -> Inspection:
    """Compare one screen with its contract, the known release and what is known of the witness."""
    return Inspection(contract=contract, screen=screen, document=document, veil=veil).run(known.get(screen))
