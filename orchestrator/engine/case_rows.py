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
from uuid import UUID, uuid4

from orchestrator.domain.civil import SystemClock, paris_date
from orchestrator.engine.grouping import DeliveredCase
from orchestrator.engine.urgency import Urgency, needs_of, urgency
from orchestrator.language.model import RunInfo, Scenario
from orchestrator.store.database import Transaction
from orchestrator.store.vault import Vault

_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_LENGTH = 8
_FAIR = 256 - 256 % len(_LETTERS)
_AS_LETTERS = bytes(ord(_LETTERS[byte % len(_LETTERS)]) for byte in range(256))
_BEYOND = bytes(range(_FAIR, 256))
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
    #: How urgent a case is, by the day and what is asked of its fields.
    _known: dict[tuple[object, ...], Urgency] = field(default_factory=dict, repr=False, compare=False)

    def of(self, one: DeliveredCase) -> CaseRow:
        """Make the row of a case."""
        case, found = uuid4(), self._urgency(one.payload)
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
        blind = [(name, self.vault.blind("nir", nir)) for name, nir in _nirs(self.scenario, one.payload)]
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
        columns = {name: [row.columns[name] for row in rows] for name in rows[0].columns}
        about = {"caisse": self.scenario.caisse, "run": self.run, "scenario": self.scenario.name}
        lines = {each["line"] for each in await tx.all("cases.insert", **about, **columns)}
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
            names = ("case_id", "field", "digest")
            index = {name: list(values) for name, values in zip(names, zip(*found, strict=True), strict=True)}
            await tx.run("cases.insert_blind", caisse=self.scenario.caisse, **index)

    def _urgency(self, payload: Mapping[str, Any]) -> Urgency:
        """Return how urgent a case is; cases that say the same of it are asked once, as most of a large delivery do."""
        today, rows = paris_date(SystemClock().now()), self.scenario.case.rows
        if rows is not None and rows.name in self._asked:
            return self._found(payload, today)
        said = (today, *(payload["fields"].get(name) for name in self._asked))
        if said not in self._known:
            if len(self._known) >= _KNOWN:
                self._known.clear()
            self._known[said] = self._found(payload, today)
        return self._known[said]

    @cached_property
    def _asked(self) -> tuple[str, ...]:
        return tuple(sorted(needs_of(self.scenario)))

    def _found(self, payload: Mapping[str, Any], today: date) -> Urgency:
        names = self.scenario.case.names_of(payload)
        known = {**self.scenario.parameters, **names, "run": RunInfo(date=self.run_date)}
        return urgency(self.scenario, known, self.run_date, today)


def _nirs(scenario: Scenario, payload: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Return each NIR of a case under a name of its own, those of its rows included: ``nir``, ``members.2.nir``."""
    case = scenario.case
    places = [("", case.fields, payload["fields"])]
    if case.rows is not None:
        name, fields, rows = case.rows.name, case.rows.fields, payload["rows"]
        places += [(f"{name}.{place}.", fields, row["fields"]) for place, row in enumerate(rows, start=1)]
    for prefix, known, texts in places:
        for name, declared in known.items():
            if declared.type == "nir":
                yield prefix + name, texts[name]


def new_reference() -> str:
    """Return a random case reference that people can read aloud, ``DOS-7K2M9QXA``; it says nothing of the person."""
    drawn = b""
    while len(drawn) < _LENGTH:  # what is drawn beyond a multiple of the letters is thrown away: all are as likely
        drawn += os.urandom(_LENGTH).translate(_AS_LETTERS, _BEYOND)
    return f"DOS-{drawn[:_LENGTH].decode('ascii')}"
