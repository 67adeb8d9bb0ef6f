"""Reading a delivery: every row is either good, or bad with its reason, or the file is refused whole.

A file is read twice, row by row: once to check it whole (frame, trailer, bad rows, keys), once while its cases are made.
Neither holds more of it in memory than the digest and number of each row (sixteen bytes) and what is wrong with bad ones.
Reasons are in French and quote no personal value. Source: DOMAIN §3.3, C14.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path
from typing import NoReturn, Protocol, overload

from orchestrator.domain.canonical import canonical
from orchestrator.domain.errors import BadDelivery
from orchestrator.domain.open_amounts import OpenAmount
from orchestrator.domain.sources import BadRows, FileSource
from orchestrator.drivers.deliveries_keys import Keys
from orchestrator.drivers.deliveries_readers import read_records
from orchestrator.drivers.deliveries_rules import (
    BadLine,
    BadRow,
    BadRowCode,
    CaseRules,
    Record,
    RefusedFile,
    bad_value,
)

__all__ = [
    "BadRow",
    "BadRowCode",
    "Delivery",
    "DeliveryRow",
    "DeliveryRules",
    "file_sha256",
    "read_delivery",
    "read_rows",
]


#: How many rows are checked between two times that somebody is told.
_TOLD = 1000


class DeliveryRules(Protocol):
    """What reading needs of a scenario."""

    @property
    def case(self) -> CaseRules:
        """What a case is made of."""

    @property
    def sources(self) -> Sequence[object]:
        """Where cases come from."""


@dataclass(frozen=True, kw_only=True)
class DeliveryRow:
    """A good row; its values are personal."""

    #: Line, row of the sheet or number of the element, from 1.
    line: int
    #: Canonical text of each field; clear, never to be logged.
    values: dict[str, str] = field(repr=False)
    #: The canonical key; clear, never to be logged.
    key: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A delivery, checked whole."""

    #: Name of the file, or of what gave its rows.
    name: str
    #: Of its bytes.
    sha256: str
    #: In the order of the file; read again each time they are gone through.
    rows: Sequence[DeliveryRow]
    #: In the order of the file.
    bad: list[BadRow]
    #: What a bad row does to it.
    bad_rows: BadRows = "set aside"
    #: What each row says, by its line, of money that is still open; None when it is no such list.
    open_amounts: Mapping[int, OpenAmount] | None = None

    @property
    def total_rows(self) -> int:
        """Rows good and bad: what the trailer announces."""
        return len(self.rows) + len(self.bad)


class _Content(Protocol):
    """Where rows are read from, as often as needed."""

    @property
    def name(self) -> str:
        """What the delivery is called."""

    def sha256(self) -> str:
        """Return the digest of its bytes."""

    def records(self) -> Iterator[Record | BadRow]:
        """Give its rows; raises ``RefusedFile``."""


def _untold(rows: int) -> None:
    """Tell nobody."""


def read_delivery(path: Path, rules: DeliveryRules, tell: Callable[[int], None] = _untold) -> Delivery:
    """Check a file; raises :class:`BadDelivery` when the whole of it must be refused.

    :param tell: is told now and then how many rows were checked.
    """
    source = _source_of(path.name, rules.sources)
    return _checked(_File(path=path, case=rules.case, source=source), rules.case, source.bad_rows, tell)


def file_sha256(path: Path) -> str:
    """Return the digest of a file, by which it is known again whatever its name."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_rows(name: str, rows: Sequence[Mapping[str, str]], case: CaseRules, bad_rows: BadRows) -> Delivery:
    """Check rows that an application or a machine gave, each a French text by field; raises :class:`BadDelivery`."""
    return _checked(_Rows(name=name, rows=rows), case, bad_rows)


def _source_of(name: str, sources: Sequence[object]) -> FileSource:
    files = [source for source in sources if isinstance(source, FileSource)]
    found = [source for source in files if fnmatchcase(name, source.pattern)]
    if len(found) == 1:
        return found[0]
    patterns = ", ".join(source.pattern for source in found or files) or "aucun (ce scénario n'attend pas de fichier)"
    why = "ce nom va à plusieurs sources" if found else "un nom de fichier déclaré sous sources était attendu"
    raise BadDelivery(f"Livraison « {name} » refusée : {why} : {patterns}. Rien n'a été chargé.")


def _checked(content: _Content, case: CaseRules, bad_rows: BadRows, tell: Callable[[int], None] = _untold) -> Delivery:
    sha256 = content.sha256()
    keys = Keys()
    bad: list[BadRow] = []
    count = 0
    for found in _records(content):
        try:
            keys.note(case.key.render(_read(found, case)), found.line)
        except BadLine as error:
            bad.append(error.at(found.line))
        else:
            count += 1
            if count % _TOLD == 0:
                tell(count)
    twice = [_twice(line, first) for line, first in keys.twice()]
    bad, count = sorted([*bad, *twice], key=lambda row: row.line), count - len(twice)
    if bad and bad_rows == "refuse the file":
        reason = f"des lignes toutes bonnes étaient attendues, {len(bad)} mauvaise(s) : {bad[0].reason}"
        _refuse(content.name, RefusedFile(bad[0].line, reason))
    rows = _GoodRows(content, sha256, case, frozenset(row.line for row in bad), count)
    return Delivery(name=content.name, sha256=sha256, rows=rows, bad=bad, bad_rows=bad_rows)


def _records(content: _Content) -> Iterator[Record | BadRow]:
    try:
        yield from content.records()
    except RefusedFile as error:
        _refuse(content.name, error)


def _refuse(name: str, error: RefusedFile) -> NoReturn:
    raise BadDelivery(
        f"Livraison « {name} » refusée, ligne {error.line} : {error.reason}. Rien n'a été chargé."
    ) from None


def _row(found: Record | BadRow, case: CaseRules) -> DeliveryRow:
    values = _read(found, case)
    canonical_values = {name: canonical(value) for name, value in values.items()}
    return DeliveryRow(line=found.line, values=canonical_values, key=case.key.render(values))


def _read(found: Record | BadRow, case: CaseRules) -> dict[str, object]:
    if isinstance(found, BadRow):
        raise BadLine(found.code, found.reason)
    values = {}
    for name, known in case.fields.items():
        try:
            values[name] = known.read(found.texts[name])
        except ValueError as error:
            raise bad_value(known, error, found.places.get(name, "")) from None
    return values


def _twice(line: int, first: int) -> BadRow:
    reason = f"clé déjà présente à la ligne {first} de cette livraison"
    return BadRow(line=line, code=BadRowCode.TWICE, reason=reason)


class _GoodRows(Sequence[DeliveryRow]):
    """The good rows, read again each time; a file that changed meanwhile is refused at the end."""

    def __init__(self, content: _Content, sha256: str, case: CaseRules, bad: frozenset[int], count: int) -> None:
        self._content, self._sha256, self._case, self._bad, self._count = content, sha256, case, bad, count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[DeliveryRow]:
        for found in _records(self._content):
            if found.line not in self._bad:
                yield self._again(found)
        if self._content.sha256() != self._sha256:
            self._changed()

    @overload
    def __getitem__(self, index: int) -> DeliveryRow: ...
    @overload
    def __getitem__(self, index: slice) -> list[DeliveryRow]: ...
    def __getitem__(self, index: int | slice) -> DeliveryRow | list[DeliveryRow]:
        if isinstance(index, slice):
            return list(islice(self, *index.indices(len(self))))
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        return next(islice(self, index % len(self), None))

    def _again(self, found: Record | BadRow) -> DeliveryRow:
        try:
            return _row(found, self._case)
        except BadLine:
            self._changed()

    def _changed(self) -> NoReturn:
        raise BadDelivery(f"La livraison « {self._content.name} » a changé pendant sa lecture. Rien n'a été chargé.")


@dataclass(frozen=True, kw_only=True)
class _File:
    """A file, by its declared source."""

    path: Path
    case: CaseRules
    source: FileSource

    @property
    def name(self) -> str:
        return self.path.name

    def sha256(self) -> str:
        return file_sha256(self.path)

    def records(self) -> Iterator[Record | BadRow]:
        with self.path.open("rb") as file:
            yield from read_records(file, self.case, self.source)


@dataclass(frozen=True, kw_only=True)
class _Rows:
    """Rows in memory; their digest is that of their canonical JSON."""

    name: str
    rows: Sequence[Mapping[str, str]] = field(repr=False)

    def sha256(self) -> str:
        said = json.dumps([dict(row) for row in self.rows], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(said.encode()).hexdigest()

    def records(self) -> Iterator[Record | BadRow]:
        for number, texts in enumerate(self.rows, start=1):
            yield Record(line=number, texts=texts)
