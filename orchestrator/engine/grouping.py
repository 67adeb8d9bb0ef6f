"""Rows of a delivery that make one case together (``group_by``); without it each row is a case.

A group goes whole or not at all: a household is never treated as if one of its members did not exist. One bad row, a row
twice, or rows that disagree on what is the case's own set all rows of the group aside, each with its reason; and a row of
which nobody can say to which group it belongs refuses the whole file (ADR 0013).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, NoReturn

from orchestrator.domain.canonical import canonical
from orchestrator.domain.errors import BadDelivery
from orchestrator.drivers.deliveries import BadRow, Delivery, DeliveryRow
from orchestrator.drivers.deliveries_rules import BadRowCode
from orchestrator.language.case_model import CaseModel, RowsModel
from orchestrator.language.fields import Field
from orchestrator.language.model import Scenario
from orchestrator.language.templates import Template


@dataclass(frozen=True, kw_only=True)
class DeliveredCase:
    """What one case is made of; its values are personal."""

    #: The first of its lines.
    line: int
    #: All of its lines.
    lines: tuple[int, ...]
    #: Canonical texts: ``{"fields": {…}}``, and ``"rows": [{"line": …, "fields": {…}}]`` for a group.
    payload: Mapping[str, Any] = field(repr=False)
    #: The canonical key; clear, never to be logged.
    key: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """The cases of a delivery."""

    #: In the order of their first lines.
    cases: Iterable[DeliveredCase]
    #: Rows set aside, by line.
    bad: list[BadRow]


def by_row(scenario: Scenario) -> Scenario:
    """Return the scenario as the reading of a delivery needs it: of a group, each row with all columns, not yet read."""
    case = scenario.case
    if case.rows is None:
        return scenario
    summed = _summed(scenario)
    unread = {name: known if name in summed else _Unread(**vars(known)) for name, known in case.columns.items()}
    return replace(scenario, case=CaseModel(key=_Serial(text="", pieces=("",), inserts=()), fields=unread))


def gather(delivery: Delivery, scenario: Scenario) -> Gathered:
    """Return the cases of a delivery read :func:`by_row`; raises ``BadDelivery`` when it must be refused whole."""
    if scenario.case.rows is None:
        return Gathered(cases=map(_single, delivery.rows), bad=delivery.bad)
    if delivery.bad:
        _refuse(delivery, delivery.bad[0], scenario.case)
    groups: dict[str, _Group] = {}
    summed = _summed(scenario)
    for row in delivery.rows:
        _of_group(delivery, row, scenario.case, groups).add(row, summed)
    bad = sorted((row for group in groups.values() for row in group.bad()), key=lambda row: row.line)
    if bad and delivery.bad_rows == "refuse the file":
        raise BadDelivery(f"Livraison « {delivery.name} » refusée, ligne {bad[0].line} : {bad[0].reason}. {_NOTHING}")
    return Gathered(cases=[group.case() for group in groups.values() if not group.wrong], bad=bad)


_NOTHING = "Rien n'a été chargé."


def _summed(scenario: Scenario) -> frozenset[str]:
    """Return the fields that an announced total sums: they are read with the file."""
    totals = (getattr(source, "total", None) for source in scenario.sources)
    return frozenset(total.of for total in totals if total is not None)


@dataclass(frozen=True, kw_only=True)
class _Unread(Field):
    """A field whose text is kept as it is."""

    def read(self, text: str) -> str:
        return text


class _Serial(Template):
    """A key that no row shares."""

    _next = count()

    def render(self, names: Mapping[str, object]) -> str:  # noqa: ARG002 - a key of any row
        return str(next(self._next))


class _Group:
    """The rows of one group."""

    def __init__(self, case: CaseModel, rows: RowsModel) -> None:
        self._case, self._rows = case, rows
        self._key = ""
        self._lines: list[int] = []
        self._fields: dict[str, str] = {}
        self._members: list[dict[str, Any]] = []
        self._keys: dict[str, int] = {}
        #: Reasons by line.
        self.wrong: dict[int, tuple[BadRowCode, str]] = {}

    def add(self, row: DeliveryRow, already: frozenset[str]) -> None:
        """Read one more row, of which some fields are read already; what is wrong with it is noted."""
        self._lines.append(row.line)
        try:
            own = _read(self._case.fields, row, already)
            member = _read(self._rows.fields, row, already)
            self._agree(own)
            self._note_key(row.line, self._rows.key.render(member))
        except _Wrong as wrong:
            self.wrong[row.line] = wrong.code, wrong.reason
            return
        texts = {name: canonical(value) for name, value in member.items()}
        self._members.append({"line": row.line, "fields": texts})

    def case(self) -> DeliveredCase:
        """Return the case of a group whose rows are all good."""
        payload = {"fields": self._fields, "rows": self._members}
        return DeliveredCase(line=self._lines[0], lines=tuple(self._lines), payload=payload, key=self._key)

    def bad(self) -> Iterator[BadRow]:
        """Return every row of a group that has a bad one."""
        for line in self._lines if self.wrong else ():
            first = min(self.wrong)
            because = f"la ligne {first} du même groupe ne va pas : le groupe entier est mis de côté"
            code, reason = self.wrong.get(line, (BadRowCode.GROUP, because))
            yield BadRow(line=line, code=code, reason=reason)

    def _agree(self, own: Mapping[str, object]) -> None:
        texts = {name: canonical(value) for name, value in own.items()}
        if not self._fields:
            self._fields, self._key = texts, self._case.key.render(own)
        differ = [self._case.fields[name].column for name in texts if texts[name] != self._fields[name]]
        if differ:
            where = f"n'est pas celle des lignes précédentes du même groupe (ligne {self._lines[0]})"
            raise _Wrong(BadRowCode.GROUP, f"colonne « {differ[0]} » : la valeur {where}")

    def _note_key(self, line: int, key: str) -> None:
        first = self._keys.setdefault(key, line)
        if first != line:
            raise _Wrong(BadRowCode.TWICE, f"clé déjà présente à la ligne {first} du même groupe")


class _Wrong(Exception):
    """This row is bad."""

    def __init__(self, code: BadRowCode, reason: str) -> None:
        self.code, self.reason = code, reason


def _read(fields: Mapping[str, Field], row: DeliveryRow, already: frozenset[str]) -> dict[str, object]:
    values: dict[str, object] = {}
    for name, known in fields.items():
        try:
            read = known.parse if name in already else known.read
            values[name] = read(row.values[name])
        except ValueError as error:
            raise _Wrong(BadRowCode.VALUE, f"colonne « {known.column} » : {error}") from None
    return values


def _of_group(delivery: Delivery, row: DeliveryRow, case: CaseModel, groups: dict[str, _Group]) -> _Group:
    if case.rows is None:
        raise TypeError("un dossier d'une seule ligne n'a pas de groupe")
    known = case.fields[case.group_by]
    try:
        value = canonical(known.read(row.values[case.group_by]))
    except ValueError as error:
        reason = f"colonne « {known.column} » : {error}"
        _refuse(delivery, BadRow(line=row.line, code=BadRowCode.VALUE, reason=reason), case)
    return groups.setdefault(value, _Group(case, case.rows))


def _refuse(delivery: Delivery, bad: BadRow, case: CaseModel) -> NoReturn:
    column = case.fields[case.group_by].column
    raise BadDelivery(
        f"Livraison « {delivery.name} » refusée, ligne {bad.line} : {bad.reason}. On ne sait pas à quel groupe "
        f"(« {column} ») cette ligne appartient, et un groupe incomplet ne se traite pas. {_NOTHING}"
    )


def _single(row: DeliveryRow) -> DeliveredCase:
    return DeliveredCase(line=row.line, lines=(row.line,), payload={"fields": row.values}, key=row.key)
