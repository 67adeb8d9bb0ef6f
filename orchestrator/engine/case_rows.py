"""What delivered cases become in the database: sealed, each with a reference, its place in the blind index and its urgency.

They are made many at a time, away from the transaction that inserts them, and inserted in one statement.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any
from uuid import UUID

from orchestrator.domain.civil import SystemClock, paris_date
from orchestrator.domain.ids import new_id
from orchestrator.engine.grouping import DeliveredCase
from orchestrator.engine.urgency import Urgency, needs_of, urgency
from orchestrator.language.fields import Field
from orchestrator.language.model import RunInfo, Scenario
from orchestrator.store.arrays import packed
from orchestrator.store.database import Transaction
from orchestrator.store.vault import Vault

_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_LENGTH = 8
_FAIR = 256 - 256 % len(_LETTERS)
_AS_LETTERS = bytes(ord(_LETTERS[byte % len(_LETTERS)]) for byte in range(256))
_BEYOND = bytes(range(_FAIR, 256))
#: The columns of a case that differ from row to row, each with its type.
_KINDS = {
    "id": "uuid",
    "line": "integer",
    "lines": "text",
    "reference": "text",
    "key_digest": "bytea",
    "priority": "integer",
    "due": "date",
    "urgency_on": "date",
    "data_key": "bytea",
    "payload": "bytea",
}
_BLIND = {"case_id": "uuid", "field": "text", "digest": "bytea"}
#: Different urgencies remembered at once: memory is the same for a million rows.
_KNOWN = 1_000


@dataclass(frozen=True, kw_only=True)
class CaseRow:
    """One delivered case, ready to be inserted."""

    #: Every line of the delivery that it is made of.
    lines: tuple[int, ...]
    #: Its own columns, by name.
    columns: Mapping[str, Any]
    #: The fields by which it is found, each with its digest.
    blind: Sequence[tuple[str, bytes]]

    def renamed(self) -> CaseRow:
        """Return the same case under another reference: among millions, two are drawn alike."""
        return replace(self, columns={**self.columns, "reference": new_reference()})


@dataclass(frozen=True, kw_only=True)
class OpenCase:
    """A case that has the key of a row already."""

    id: UUID
    #: As people read it aloud.
    reference: str


@dataclass(frozen=True, kw_only=True)
class Inserted:
    """What became of rows."""

    #: Those that became cases.
    made: Sequence[CaseRow]
    #: Those that did not, each with the open case that has its key.
    met: Sequence[tuple[CaseRow, OpenCase]]


@dataclass(frozen=True)
class CaseRows:
    """Makes the rows of one run."""

    vault: Vault
    scenario: Scenario
    run: UUID
    run_date: date
    #: How urgent a case is, by what is asked of its fields.
    _known: dict[tuple[object, ...], Urgency] = field(default_factory=dict, repr=False, compare=False)

    def of(self, one: DeliveredCase) -> CaseRow:
        """Make the row of a case."""
        case, found = new_id(), self._urgency(one.payload)
        key, wrapped = self.vault.new_data_key(case)
        grouped = self.scenario.case.rows is not None
        columns = {
            "id": case,
            "line": one.line,
            "lines": f"{{{','.join(map(str, one.lines))}}}" if grouped else None,
            "reference": new_reference(),
            "key_digest": self.vault.blind(f"key:{self.scenario.name}", one.key),
            "priority": found.priority,
            "due": found.due,
            "urgency_on": found.changes_on,
            "data_key": wrapped,
            "payload": self.vault.seal(key, f"cases:payload:{case}", one.payload),
        }
        blind = [(name, self.vault.blind("nir", nir)) for name, nir in self._nirs(one.payload)]
        return CaseRow(lines=one.lines, columns=columns, blind=blind)

    async def insert(self, tx: Transaction, rows: Sequence[CaseRow]) -> Inserted:
        """Insert them, all but those whose key an open case has already; a reference that is taken is drawn anew."""
        left, made = list(rows), list[CaseRow]()
        met: dict[bytes, OpenCase] = {}
        while left:
            new, others = await self._tried(tx, left)
            made += new
            found = await self._open(tx, others) if others else {}
            met |= found
            left = [row.renamed() for row in others if row.columns["key_digest"] not in found]
        await self._blind(tx, made)
        return Inserted(made=made, met=[(row, met[key]) for row in rows if (key := row.columns["key_digest"]) in met])

    async def _tried(self, tx: Transaction, rows: Sequence[CaseRow]) -> tuple[list[CaseRow], list[CaseRow]]:
        """Insert rows; returns those that became cases, then the others."""
        columns = {name: packed(kind, [row.columns[name] for row in rows]) for name, kind in _KINDS.items()}
        about = {"caisse": self.scenario.caisse, "run": self.run, "scenario": self.scenario.name}
        found = await tx.first("cases.insert", **about, **columns)
        lines = set(found["lines"]) if found else set[int]()
        made = [row for row in rows if row.columns["line"] in lines]
        return made, [row for row in rows if row.columns["line"] not in lines]

    async def _open(self, tx: Transaction, rows: Sequence[CaseRow]) -> dict[bytes, OpenCase]:
        """Return the open cases that have the keys of these rows, by key."""
        keys = [row.columns["key_digest"] for row in rows]
        about = {"caisse": self.scenario.caisse, "scenario": self.scenario.name}
        found = await tx.all("cases.open_by_keys", **about, key_digest=keys)
        return {bytes(each["key_digest"]): OpenCase(id=each["id"], reference=each["reference"]) for each in found}

    async def _blind(self, tx: Transaction, made: Sequence[CaseRow]) -> None:
        found = [(row.columns["id"], name, digest) for row in made for name, digest in row.blind]
        if found:
            index = {
                name: packed(kind, values)
                for (name, kind), values in zip(_BLIND.items(), zip(*found, strict=True), strict=True)
            }
            await tx.run("cases.insert_blind", caisse=self.scenario.caisse, **index)

    def _nirs(self, payload: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Return each NIR of a case under a name of its own, those of its rows included: ``nir``, ``members.2.nir``."""
        own, of_rows = self._nir_fields
        yield from ((name, payload["fields"][name]) for name in own)
        for place, row in enumerate(payload["rows"] if of_rows else (), start=1):
            for prefix, name in of_rows:
                yield f"{prefix}.{place}.{name}", row["fields"][name]

    @cached_property
    def _nir_fields(self) -> tuple[list[str], list[tuple[str, str]]]:
        """The NIR fields of the case, then those of each of its rows with the name of the list."""
        case = self.scenario.case
        of_rows = [(case.rows.name, name) for name in _nir_names(case.rows.fields)] if case.rows else []
        return _nir_names(case.fields), of_rows

    def _urgency(self, payload: Mapping[str, Any]) -> Urgency:
        """Return how urgent a case is; cases that say the same of it are asked once, as most of a large delivery do."""
        rows = self.scenario.case.rows
        if rows is not None and rows.name in self._asked:
            return self._found(payload)
        said = tuple(payload["fields"].get(name) for name in self._asked)
        if said not in self._known:
            if len(self._known) >= _KNOWN:
                self._known.clear()
            self._known[said] = self._found(payload)
        return self._known[said]

    @cached_property
    def _today(self) -> date:
        """The day of the first row: one that a midnight has passed by is asked again at the next sweep, as any case."""
        return paris_date(SystemClock().now())

    @cached_property
    def _asked(self) -> tuple[str, ...]:
        return tuple(sorted(needs_of(self.scenario)))

    def _found(self, payload: Mapping[str, Any]) -> Urgency:
        names = self.scenario.case.names_of(payload)
        known = {**self.scenario.parameters, **names, "run": RunInfo(date=self.run_date)}
        return urgency(self.scenario, known, self.run_date, self._today)


def _nir_names(fields: Mapping[str, Field]) -> list[str]:
    return [name for name, declared in fields.items() if declared.type == "nir"]


def new_reference() -> str:
    """Return a random case reference that people can read aloud, ``DOS-7K2M9QXA``; it says nothing of the person."""
    drawn = b""
    while len(drawn) < _LENGTH:  # what is drawn beyond a multiple of the letters is thrown away: all are as likely
        drawn += os.urandom(_LENGTH).translate(_AS_LETTERS, _BEYOND)
    return f"DOS-{drawn[:_LENGTH].decode('ascii')}"
