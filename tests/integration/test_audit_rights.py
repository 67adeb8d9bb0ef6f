"""Who may touch the outbox, and what the database refuses to change without saying who and how."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg
import pytest
from audit_rows import CAISSE, add_case, add_run, connect, move

#: State to state, written here by hand from the drawing of the case's life; what is not here must be refused.
ALLOWED: Mapping[str, frozenset[str]] = {
    "ready": frozenset({"leased", "cancelled"}),
    "waiting": frozenset({"ready", "cancelled"}),
    "leased": frozenset({"ready", "waiting", "awaiting_approval", "exception", "ended"}),
    "awaiting_approval": frozenset({"ready", "exception"}),
    "exception": frozenset({"ready", "waiting", "rejected", "cancelled"}),
    "ended": frozenset(),
    "rejected": frozenset(),
    "cancelled": frozenset(),
}
ENTRY_ALLOWED: Mapping[str, frozenset[str]] = {
    "planned": frozenset({"intent", "by_hand", "confirmed"}),
    "intent": frozenset({"confirmed", "doubtful", "planned", "by_hand"}),
    "doubtful": frozenset({"confirmed", "by_hand", "planned"}),
    "confirmed": frozenset(),
    "by_hand": frozenset(),
}


FORBIDDEN_TO_WRITERS = (
    "select * from audit_outbox",
    "update audit_outbox set actor = 'somebody else'",
    "delete from audit_outbox",
    "truncate audit_outbox",
    "alter table audit_outbox add column x int",
    "drop table audit_outbox",
    "alter table cases disable trigger case_transition",
    "create or replace function current_actor() returns text language sql as $$ select 'nobody' $$",
    "set session_replication_role = replica",
    "set role postgres",
)
FORBIDDEN_TO_THE_EXPORTER = (
    "update audit_outbox set actor = 'somebody else'",
    "insert into audit_outbox (caisse, actor, verb, object, details) values ('c', 'a', 'v', 'o', '{}')",
    "select * from cases",
    "select * from entry",
    "select * from exception_item",
    "select * from account",
)


@pytest.mark.parametrize("role", ["glr_runner", "glr_console"])
def test_who_writes_events_can_neither_read_nor_change_nor_switch_them_off(
    role: str, role_url: Mapping[str, str], owner_url: str
) -> None:
    with connect(role_url[role]) as connection:
        connection.execute("select record_event(%s, 'test.written', 'x', '{}')", [CAISSE])
        accepted = [statement for statement in FORBIDDEN_TO_WRITERS if not _refused(connection, statement)]
    assert accepted == []
    with connect(owner_url) as owner:
        rows = owner.execute("select actor, verb, object from audit_outbox").fetchall()
    assert rows == [("test", "test.written", "x")]


def test_the_exporter_moves_events_and_nothing_else(exporter_url: str) -> None:
    with connect(exporter_url) as connection:
        connection.execute("delete from audit_outbox returning id, details")
        accepted = [statement for statement in FORBIDDEN_TO_THE_EXPORTER if not _refused(connection, statement)]
    assert accepted == []


def _refused(connection: psycopg.Connection, statement: str) -> bool:
    try:
        connection.execute(statement.encode())
    except psycopg.errors.InsufficientPrivilege:
        return True
    return False


def test_a_new_case_without_actor_is_refused(owner_url: str) -> None:
    with connect(owner_url) as owner:
        run = add_run(owner)
    with connect(owner_url, actor=None) as nobody, pytest.raises(psycopg.Error) as refused:
        add_case(nobody, run)
    assert refused.value.sqlstate == "GL001"


def test_a_change_without_actor_is_refused(owner_url: str, runner_url: str) -> None:
    with connect(owner_url) as owner:
        case = add_case(owner, add_run(owner))
        before = _events(owner)
    with connect(runner_url, actor=None) as nobody, pytest.raises(psycopg.Error) as refused:
        move(nobody, case, "leased")
    assert refused.value.sqlstate == "GL001"
    with connect(owner_url) as owner:
        assert owner.execute("select state::text from cases").fetchall() == [("ready",)]
        assert _events(owner) == before


def test_exactly_the_agreed_transitions_of_a_case_are_accepted_with_one_event_each(owner_url: str) -> None:
    found = {}
    with connect(owner_url) as owner:
        run = add_run(owner)
        for line, (origin, target) in enumerate(_pairs(ALLOWED)):
            found[origin, target] = _try(owner, add_case(owner, run, origin, line), target)
    assert found == {pair: _expected("case", *pair, ALLOWED) for pair in _pairs(ALLOWED)}


#: Accepted only when a person takes the case from the robots (ADR 21).
TAKEN_BY_PEOPLE = {("ready", "exception"), ("waiting", "exception")}


def _pairs(allowed: Mapping[str, frozenset[str]]) -> list[tuple[str, str]]:
    return [(origin, target) for origin in allowed for target in allowed]


def _expected(kind: str, origin: str, target: str, allowed: Mapping[str, frozenset[str]]) -> list[str] | str:
    """Return the verbs of the events that a move must make, or the code of its refusal."""
    if kind == "case" and (origin, target) in TAKEN_BY_PEOPLE:
        return "GL007"
    if target in allowed[origin]:
        return [f"{kind}.{target}"]
    return [] if target == origin else "GL003"


def _try(owner: psycopg.Connection, case: object, target: str) -> list[str] | str:
    """Return the verbs of the events of a move, or the code of its refusal."""
    before = len(_events(owner))
    try:
        owner.execute("begin")
        move(owner, case, target)  # type: ignore[arg-type]
    except psycopg.Error as error:
        owner.execute("rollback")
        assert len(_events(owner)) == before
        return str(error.sqlstate)
    owner.execute("commit")
    return _events(owner)[before:]


def test_a_new_case_makes_one_event(owner_url: str) -> None:
    with connect(owner_url) as owner:
        add_case(owner, add_run(owner))
        assert _events(owner) == ["case.ready"]


def test_an_event_names_actor_case_states_and_epoch(owner_url: str) -> None:
    with connect(owner_url) as owner:
        run = add_run(owner)
        case = add_case(owner, run)
        owner.execute("update cases set epoch = 4 where id = %s", [case])
        move(owner, case, "leased")
        reference = owner.execute("select reference from cases").fetchone()
        event = owner.execute(
            "select caisse, actor, verb, object, details from audit_outbox order by id desc"
        ).fetchone()
    assert reference is not None
    details = {"from": "ready", "version": 1, "epoch": 4, "scenario": "ij-acompte", "run": str(run), "attempts": 0}
    assert event == (CAISSE, "test", "case.leased", reference[0], details)


def test_a_change_and_its_event_are_undone_together(owner_url: str) -> None:
    with connect(owner_url) as owner:
        case = add_case(owner, add_run(owner))
        before = _events(owner)
        owner.execute("begin")
        move(owner, case, "leased")
        owner.execute("rollback")
        assert _events(owner) == before


def test_an_epoch_never_goes_back(owner_url: str) -> None:
    with connect(owner_url) as owner:
        case = add_case(owner, add_run(owner))
        owner.execute("update cases set epoch = 4 where id = %s", [case])
        with pytest.raises(psycopg.Error) as refused:
            owner.execute("update cases set epoch = 3 where id = %s", [case])
    assert refused.value.sqlstate == "GL002"


def test_exactly_the_agreed_transitions_of_an_entry_are_accepted_with_one_event_each(owner_url: str) -> None:
    with connect(owner_url) as owner:
        run = add_run(owner)
        cases = {pair: add_case(owner, run, line=line) for line, pair in enumerate(_pairs(ENTRY_ALLOWED), start=2)}
        found = {pair: _try_entry(owner, case, *pair) for pair, case in cases.items()}
    assert found == {pair: _expected("entry", *pair, ENTRY_ALLOWED) for pair in _pairs(ENTRY_ALLOWED)}


def _try_entry(owner: psycopg.Connection, case: object, origin: str, target: str) -> list[str] | str:
    entry = owner.execute(
        "insert into entry (id, caisse, effect_digest, scenario, application, keyword, payment, token, case_id, "
        "state, reference, settled_at) values (gen_random_uuid(), 'cpam-931', decode(md5(random()::text), 'hex'), "
        "'s', 'compta', 'compta.cancel_advance', false, 't', %s, %s, %s, %s) returning id",
        [case, origin, *_proof(origin)],
    ).fetchone()
    assert entry is not None
    if origin == "doubtful":
        _look(owner, entry[0], target)
    before = len(_events(owner))
    try:
        owner.execute(
            "update entry set state = %s, reference = %s, settled_at = %s where id = %s",
            [target, *_proof(target), entry[0]],
        )
    except psycopg.Error as error:
        return str(error.sqlstate)
    return _events(owner)[before:]


def _look(owner: psycopg.Connection, entry: object, target: str) -> None:
    """Look at an entry in doubt: ours when it is to be confirmed, absent otherwise."""
    attempt = (
        "insert into entry_attempt (entry, n, caisse, case_id, epoch, session, values_digest, ended_at, result)"
        " select id, 1, caisse, case_id, 1, gen_random_uuid(), 'x', now(), 'doubtful' from entry where id = %s"
    )
    doubt = (
        "insert into doubt (entry, n, caisse, case_id, quiet, look_at, login_ended_at)"
        " select id, 1, caisse, case_id, '0', now(), now() from entry where id = %s"
    )
    for statement in (attempt, doubt):
        owner.execute(statement.encode(), [entry])
    seen = ("ours", "ACP-1") if target == "confirmed" else ("absent", None)
    owner.execute("update doubt set looked_at = now(), seen = %s, reference = %s where entry = %s", [*seen, entry])


def _proof(state: str) -> tuple[str | None, str | None]:
    return ("ACP-1", "2026-03-27T08:00:00Z") if state in {"confirmed", "by_hand"} else (None, None)


def _events(owner: psycopg.Connection) -> list[str]:
    return [row[0] for row in owner.execute("select verb from audit_outbox order by id")]
