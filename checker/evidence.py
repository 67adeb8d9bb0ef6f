"""What is judged, read as an outsider: an application's ledger, the tables, the audit files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

_CASES = "select id, reference, run, state::text as state, ended_as, epoch, version from glr.cases"
_ENTRIES = """
select entry.id, entry.token, entry.state::text as state, entry.amount_c, entry.reference, entry.case_id,
       exists (select 1 from glr.exception_item item where item.case_id = entry.case_id and item.closed_at is null) as shown,
       (select cases.state::text from glr.cases where cases.id = entry.case_id) as case_state,
       (select cases.ended_as from glr.cases where cases.id = entry.case_id) as ended_as, entry.payment,
       exists (select 1 from glr.by_hand_entry line where line.entry = entry.id and line.case_id = entry.case_id
               and line.not_due_at is not null) as not_due,
       coalesce((
           select json_agg(json_build_object('n', attempt.n, 'result', attempt.result, 'seen', doubt.seen,
               'reference', doubt.reference, 'login_ended', doubt.login_ended_at is not null,
               'waited', doubt.looked_at >= attempt.ended_at + doubt.quiet) order by attempt.n)
           from glr.entry_attempt attempt left join glr.doubt on doubt.entry = attempt.entry and doubt.n = attempt.n
           where attempt.entry = entry.id), '[]') as tries
from glr.entry
"""
_WITH_PEOPLE = """
select distinct delivery.file_name, cases.line
from glr.exception_item item join glr.cases on cases.id = item.case_id
join glr.run on run.id = cases.run join glr.delivery on delivery.id = run.delivery
where item.closed_at is null
"""
_LATE = """
select reference from glr.cases
where state = 'leased' and lease_until < now() - make_interval(secs => %(seconds)s)
"""
_MISSING = """
select delivery.id, delivery.rows
    - (select count(*) from glr.cases join glr.run on run.id = cases.run where run.delivery = delivery.id)
    - (select count(*) from glr.row_set_aside where row_set_aside.delivery = delivery.id) as missing
from glr.delivery
"""
_SAME_EYES = """
select entry.token from glr.approval join glr.entry on entry.id = approval.entry
where approval.state = 'approved' and approval.validator = approval.author
"""
_STOPS = """
select application as what, reason from glr.application_stop
union all select scenario, reason from glr.scenario_stop where released_at is null
"""
_GAPS = "select reference from glr.gap"
_RESTORATIONS = "select count(*) as restorations from glr.restoration"
_EVENTS = "select id, verb, object, details from glr.audit_outbox order by id"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One entry in an application's own ledger: a proposal of COMPTA, a transfer in the basket of PROGRES."""

    #: The application's number.
    number: str
    #: The person and the stop, or the transfer: the business object.
    effect: tuple[str, str]
    #: Zero: what has no amount.
    amount_c: int
    #: What stands in the free field: a robot's token, or nothing.
    token: str
    author: str
    #: When the application committed it, ISO text.
    at: str


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Everything that is judged together."""

    ledger: Sequence[Line]
    cases: Sequence[Mapping[str, Any]] = ()
    entries: Sequence[Mapping[str, Any]] = ()
    #: Audit events, exported or still in the database, in the order of their ids: ``verb``, ``object``, ``details``.
    events: Sequence[Mapping[str, Any]] = ()
    #: References of cases whose lease ended too long ago.
    late: Sequence[str] = ()
    #: Tokens of entries approved by their author.
    same_eyes: Sequence[str] = ()
    #: What is closed to robots, with its reason.
    stops: Mapping[str, str] = field(default_factory=dict)
    #: The application's numbers that a reconciliation showed to people.
    gaps: frozenset[str] = frozenset()
    #: How often the house was brought back from a backup.
    restorations: int = 0
    #: Objects whose case waits for a person: a restored house says of each that a robot may have entered it.
    with_people: frozenset[tuple[str, str]] = frozenset()
    #: Rows of a delivery that are neither a case nor set aside, by delivery.
    missing: Mapping[str, int] = field(default_factory=dict)


def read_ledger(path: Path) -> list[Line]:
    """Read the entries of an application's ledger file; a line cut by a kill is not yet written."""
    return [_LINES[act["act"]](act) for act in _lines(path) if act["act"] in _LINES]


def _proposal(act: Mapping[str, Any]) -> Line:
    return Line(
        number=act["number"],
        effect=(act["nir"], act["stop"]),
        amount_c=act["amount_c"],
        token=act["free_reference"],
        author=act["author"],
        at=act["at"],
    )


def _transfer(act: Mapping[str, Any]) -> Line:
    return Line(
        number=act["number"],
        effect=(act["nir"], act["reference"]),
        amount_c=0,
        token=act["token"],
        author=act["author"],
        at=act["at"],
    )


_LINES = {"PROPOSITION": _proposal, "MUTATION": _transfer}


def read_all(
    ledger: Path,
    audit: Path,
    database: str,
    *,
    patience: float,
    objects: Callable[[str], Sequence[tuple[str, str]]] = lambda _: (),
) -> Seen:
    """Read the three sources.

    :param patience: seconds after its end that a lease may still stand.
    :param objects: the business object of each line of a delivery, by its name.
    """
    with psycopg.connect(database, row_factory=dict_row) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        seen = read_tables(connection, read_ledger(ledger), patience=patience)
        waiting = connection.execute(_WITH_PEOPLE).fetchall()
    # The files last: an event that is exported meanwhile is in both, never in neither.
    exported = (event for path in sorted(audit.glob("*.jsonl")) for event in _lines(path))
    once = {event["id"]: event for event in (*exported, *seen.events)}
    lines = {name: objects(name) for name in {row["file_name"] for row in waiting}}
    with_people = frozenset(lines[row["file_name"]][row["line"] - 1] for row in waiting if lines[row["file_name"]])
    return replace(seen, events=[once[number] for number in sorted(once)], with_people=with_people)


def read_tables(
    connection: psycopg.Connection[dict[str, Any]],
    ledger: Sequence[Line],
    *,
    patience: float,
) -> Seen:
    """Read the tables beside a ledger; the events are those that were not exported."""
    return Seen(
        ledger=ledger,
        cases=connection.execute(_CASES).fetchall(),
        entries=connection.execute(_ENTRIES).fetchall(),
        events=connection.execute(_EVENTS).fetchall(),
        stops={row["what"]: row["reason"] for row in connection.execute(_STOPS).fetchall()},
        late=[row["reference"] for row in connection.execute(_LATE, {"seconds": patience}).fetchall()],
        missing={str(row["id"]): row["missing"] for row in connection.execute(_MISSING).fetchall() if row["missing"]},
        gaps=frozenset(row["reference"] for row in connection.execute(_GAPS).fetchall()),
        restorations=sum(row["restorations"] for row in connection.execute(_RESTORATIONS).fetchall()),
        same_eyes=[row["token"] for row in connection.execute(_SAME_EYES).fetchall()],
    )


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            yield json.loads(line)
        except ValueError:
            return
