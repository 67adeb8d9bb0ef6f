"""What each role of the database may do: a table of what must be refused, and the work that goes through.

Nothing here trusts the program: every statement is sent by a connection that has logged in as the role.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from uuid import uuid4

import psycopg
import pytest
from audit_rows import add_case, add_run, connect
from psycopg import sql
from psycopg.conninfo import make_conninfo

CAISSE, OTHER = "cpam-931", "cpam-974"

#: What nobody but the owner may do, whatever the role.
FORBIDDEN_TO_ALL = (
    "create table glr.mine (x int)",
    "create function glr.mine() returns int language sql as 'select 1'",
    "alter table cases disable row level security",
    "alter table cases disable trigger case_transition",
    "drop policy claimable on cases",
    "create or replace function current_actor() returns text language sql as $$ select 'nobody' $$",
    "set role postgres",
    "set session authorization postgres",
    "alter role glr_runner superuser",
    "set session_replication_role = replica",
    "select * from runner_login",
    "insert into runner_login (login, caisse) values (session_user, 'cpam-974')",
    "update migration set name = 'x'",
    "delete from key_fingerprint",
    "update audit_outbox set actor = 'somebody else'",
    "truncate audit_outbox",
    "insert into audit_outbox (caisse, actor, verb, object, details) values ('cpam-931', 'agent:x', 'v', 'o', '{}')",
    "select password_hash from account limit 0; insert into account select * from account",
    "copy account to program 'cat'",
    "select pg_read_file('/etc/passwd')",
)
FORBIDDEN_TO_A_RUNNER = (
    # people, machines, sessions of the console
    "select login from account",
    "select * from machine",
    "select * from web_session",
    "update account set active = true",
    # the audit log, read or forged
    "select * from audit_outbox",
    "delete from audit_outbox",
    "select record_event('cpam-974', 'case.ended', 'x', '{}')",
    "select set_config('glr.actor', 'agent:s.noir', false); select record_event('cpam-931', 'approval.approved', 'x', '{}')",
    "select set_config('glr.actor', 'machine:urssaf', false); select record_event('cpam-931', 'x', 'x', '{}')",
    # rules and versions: who decided, and any change
    "select proposed_by from publication",
    "update publication set begun = 0",
    "insert into scenario_version (hash, caisse, name, title, document) values ('x', 'cpam-931', 'x', 'x', 'x')",
    "update version_file set content = ''",
    "delete from version_application",
    # what a delivery brought is nobody's to change, least of all a robot's
    (
        "insert into cases (id, caisse, run, scenario, line, reference, key_digest, data_key, payload)"
        " select gen_random_uuid(), caisse, run, scenario, 99, 'x', key_digest, data_key, payload from cases"
    ),
    "update cases set payload = 'x'",
    "update cases set key_digest = 'x'",
    "update cases set caisse = 'cpam-974'",
    "delete from cases",
    "select * from delivery",
    "select * from blind_index",
    "select * from row_set_aside",
    # what is people's
    "select note from exception_item",
    "update exception_item set closed_at = now()",
    "select payload from approval",
    "update approval set state = 'approved', validator = 's.noir', decided_at = now()",
    (
        "insert into approval (id, caisse, case_id, entry, values_digest, payload, amount_c, roles, author, expires_at,"
        " state, validator, decided_at) select gen_random_uuid(), caisse, id, id, 'x', 'x', 1, '{}', 'r', now(), 'approved',"
        " 's', now() from cases"
    ),
    "insert into by_hand (case_id, caisse, application, taken_by) values (gen_random_uuid(), 'cpam-931', 'compta', 'x')",
    "update by_hand set given_back_at = now()",
    (
        "insert into further_entry (id, caisse, entry, reason, asked_by) values"
        " (gen_random_uuid(), 'cpam-931', gen_random_uuid(), 'x', 'x')"
    ),
    "select * from bordereau",
    "select * from hand_over",
    "select * from closing",
    "insert into gap (id) values (gen_random_uuid())",
    "update restoration set lifted_at = now()",
    # robots stop, people let go on
    "delete from application_stop",
    "update scenario_stop set released_at = now()",
    "insert into application_stop (caisse, application, reason, stopped_by) values ('cpam-931', 'compta', 'x', 's.noir')",
    "insert into application_stop (caisse, application, reason) values ('cpam-931', 'compta', 'x')",
    "select close_to_robots('cpam-974', 'compta', 'x', null)",
    "select close_to_robots('cpam-931', 'compta', 'x', 's.noir')",
    "update application_stop set retry_at = now()",
    "insert into application_setting (caisse, application) values ('cpam-931', 'compta')",
    "update application_setting set sessions = 99",
    "select * from application_login",
    "select close_to_robots('cpam-931', 'compta', 'x', 's.noir')",
    "select close_to_robots('cpam-974', 'compta', 'x', null)",
    "update application_setting set sessions = null",
    "select * from application_login",
    # a session in another's name
    (
        "insert into robot_session (id, caisse, runner, robot, scenario, login)"
        " values (gen_random_uuid(), 'cpam-931', gen_random_uuid(), 'r', 's', 'glr_console')"
    ),
    "update robot_session set login = session_user",
    # nothing of ours that runs with the owner's rights, but what the protocol needs
    "select may_speak('x', 'y')",
    "select decided_in_run(gen_random_uuid(), 'x')",
)
FORBIDDEN_TO_THE_ORCHESTRATOR = (
    "select * from account",
    "select * from machine",
    "select * from audit_outbox",
    "update publication set state = 'published'",
    "update approval set state = 'approved', validator = 's.noir', decided_at = now()",
    "update exception_item set closed_at = now()",
    "update cases set payload = 'x'",
    "delete from cases",
    "delete from application_stop",
    "update bordereau set state = 'signed'",
    "select setval('audit_outbox_id_seq', 1)",
)
FORBIDDEN_TO_THE_READER = (
    "select payload from cases",
    "select data_key from cases",
    "select findings from cases",
    "select note from exception_item",
    "select cookies from entry_attempt",
    "select payload from approval",
    "select * from account",
    "select * from audit_outbox",
    "select record_event('cpam-931', 'x', 'x', '{}')",
    "update cases set priority = 1",
    "insert into spending values ('cpam-931', 's', 's', 1, 1)",
    "select * from queue.procrastinate_jobs",
)
FORBIDDEN: Mapping[str, tuple[str, ...]] = {
    "glr_runner": FORBIDDEN_TO_A_RUNNER,
    "glr_orchestrator": FORBIDDEN_TO_THE_ORCHESTRATOR,
    "glr_console": (
        "select * from audit_outbox",
        "select cookies from entry_attempt",
        "select * from queue.procrastinate_jobs",
        "update cases set lease_until = now()",
        "insert into account (login, caisse, display_name, role, password_hash) values ('x', 'x', 'x', 'supervisor', 'x')",
        "update account set password_hash = 'x'",
    ),
    "glr_exporter": ("select * from cases", "select * from account", "select record_event('cpam-931', 'x', 'x', '{}')"),
    "glr_reader": FORBIDDEN_TO_THE_READER,
}


@pytest.mark.parametrize("role", FORBIDDEN)
def test_what_a_role_has_no_right_to_is_refused(role: str, role_url: Mapping[str, str], owner_url: str) -> None:
    with connect(owner_url) as owner:
        add_case(owner, add_run(owner))  # so that a statement that may run finds something
    with connect(role_url[role], actor="robot:x") as connection:
        said = {statement: refusal(connection, statement) for statement in (*FORBIDDEN_TO_ALL, *FORBIDDEN[role])}
    assert {statement: state for statement, state in said.items() if state != "42501"} == {}


def test_no_role_makes_a_table_that_stands_before_ours(role_url: Mapping[str, str]) -> None:
    for role, url in role_url.items():
        # the template itself: a clone does not have the rights of its database
        with connect(make_conninfo(url, dbname="glr_template")) as connection:
            tries = ("create temporary table cases (id uuid)", "create table public.x ()")
            said = [refusal(connection, each) for each in tries]
        assert said == ["42501", "42501"], role


def refusal(connection: psycopg.Connection, statement: str) -> str | None:
    """Return the code of a refusal; nothing that was accepted stays."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(statement.encode())
    except psycopg.Error as error:
        return error.sqlstate
    return None


@contextmanager
def machine(owner: psycopg.Connection, url: str, *caisses: str) -> Iterator[str]:
    """Make the login of a machine, as the guide says; give its address."""
    name = f"glr_poste_{uuid4().hex[:8]}"
    login = sql.Identifier(name)
    owner.execute(sql.SQL("create role {} login password 'essai' in role glr_runner").format(login))
    for caisse in caisses:
        owner.execute("insert into runner_login (login, caisse) values (%s, %s)", [name, caisse])
    try:
        yield make_conninfo(url, user=name, password="essai")
    finally:
        owner.execute(sql.SQL("drop role {}").format(login))


STATES = ("ready", "waiting", "leased", "awaiting_approval", "exception", "ended", "rejected", "cancelled")
#: A lease of these rows ran out long ago: it may be swept.
CLAIMABLE = {"ready", "waiting", "leased", "awaiting_approval"}


def fill(owner: psycopg.Connection) -> None:
    """Insert a case in every state for two caisses, and one that another machine holds now."""
    owner.execute("set search_path = glr, queue")  # the triggers of the tickets
    for caisse in (CAISSE, OTHER):
        run = add_run(owner)
        owner.execute("update run set mode = 'shadow' where id = %s", [run])  # its turn comes without a publication
        for line, state in enumerate((*STATES, "leased"), start=2):
            add_case(owner, run, state, line)
        owner.execute("update cases set lease_until = now() + interval '1 h' where run = %s and line = 10", [run])
        for table in ("run", "cases"):
            column = "run" if table == "cases" else "id"
            owner.execute(f"update {table} set caisse = %s where {column} = %s".encode(), [caisse, run])
        owner.execute(
            "insert into entry (id, caisse, effect_digest, scenario, application, keyword, payment, token, case_id)"
            " select gen_random_uuid(), caisse, id::text::bytea, 's', 'compta', 'k', false, 't', id from cases where run = %s",
            [run],
        )
        owner.execute(
            "insert into queue.procrastinate_jobs (queue_name, task_name, args) values ('sessions', 'robot_session', %s)",
            [f'{{"caisse": "{caisse}", "scenario": "ij-acompte"}}'],
        )


SEEN = "select caisse, state::text from cases order by caisse, state"
TICKETS = "select args ->> 'caisse' from queue.procrastinate_jobs order by 1"


def test_a_machine_sees_the_claimable_cases_of_its_caisse_and_its_tickets(runner_url: str, owner_url: str) -> None:
    with connect(owner_url) as owner:
        fill(owner)
        with machine(owner, runner_url, OTHER) as there, machine(owner, runner_url) as nowhere:
            with connect(there) as connection:
                seen, tickets = (
                    connection.execute(SEEN.encode()).fetchall(),
                    connection.execute(TICKETS.encode()).fetchall(),
                )
                entries = connection.execute(
                    "select distinct caisse from entry union select caisse from run"
                ).fetchall()
                turns = connection.execute("select distinct caisse from case_turn").fetchall()
            with connect(nowhere) as connection:
                nothing = connection.execute(
                    "select count(*) from cases union all select count(*) from entry"
                ).fetchall()
    assert {state for _, state in seen} == CLAIMABLE
    assert len(seen) == len(CLAIMABLE)  # not the one that is held now
    assert {caisse for caisse, _ in seen} == {OTHER}
    assert (entries, tickets) == ([(OTHER,)], [(OTHER,)])
    assert turns == [(OTHER,)]
    assert nothing == [(0,), (0,)]


#: What a machine that has claimed nothing tries at a ready case, and what it gets: no row, or a refusal.
UNCLAIMED = (
    "update cases set state = 'leased', leased_by = gen_random_uuid(), lease_until = now() + interval '1 min'",
    "update cases set state = 'cancelled' where state = 'ready'",
    "update cases set state = 'ended', ended_as = 'entered' where state = 'ready'",
    "update cases set state = 'exception' where state = 'waiting'",
    "update cases set lease_until = now() + interval '1 h' where state = 'leased'",
)


def test_a_machine_closes_holds_and_prolongs_no_case_that_it_has_not_claimed(runner_url: str, owner_url: str) -> None:
    with connect(owner_url) as owner:
        fill(owner)
        with machine(owner, runner_url, CAISSE) as here, connect(here) as connection:
            said = {statement: refusal(connection, statement) for statement in UNCLAIMED}
            (elsewhere,) = connection.execute(
                "with old as (update cases set attempts = 9 where caisse = 'cpam-974' returning 1) select count(*) from old"
            ).fetchall()
    assert said == dict.fromkeys(UNCLAIMED, "42501") | {UNCLAIMED[2]: "GL003", UNCLAIMED[3]: "GL007"}
    assert elsewhere == (0,)


#: Functions that run with the owner's rights: none looks where who calls it says, and nobody calls a guard.
DEFINERS = """
select proname, proconfig::text, has_function_privilege('glr_runner', oid, 'execute') or
       has_function_privilege('glr_console', oid, 'execute') or has_function_privilege('glr_orchestrator', oid, 'execute'),
       prorettype = 'trigger'::regtype, prosecdef
from pg_proc where pronamespace = 'glr'::regnamespace and (prosecdef or prorettype = 'trigger'::regtype)
"""


def test_what_runs_with_the_owner_s_rights_has_a_fixed_path_and_no_guard_can_be_called(owner_url: str) -> None:
    with connect(owner_url) as owner:
        functions = owner.execute(DEFINERS.encode()).fetchall()
        public = owner.execute(
            "select proname from pg_proc, aclexplode(coalesce(proacl, acldefault('f', proowner))) x"
            " where pronamespace = 'glr'::regnamespace and x.grantee = 0"
        ).fetchall()
    assert [name for name, path, *_ in functions if path != '{"search_path=glr, pg_temp"}'] == []
    assert [
        name for name, _, callable_, is_trigger, definer in functions if is_trigger and (callable_ or not definer)
    ] == []
    assert public == []
    assert len(functions) > 20
