"""``schema.sql`` and the migrations lead to the same database, object by object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from orchestrator.store.known_schema import migrations
from orchestrator.store.migrate import sql_text

#: What each kind of object is, as text that the server itself writes.
CATALOG: Mapping[str, str] = {
    "columns": """
        select c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
               || case when a.attnotnull then ' not null' else '' end || ' ' || a.attidentity::text || a.attgenerated::text
               || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
        from pg_attribute a join pg_class c on c.oid = a.attrelid
        left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where c.relnamespace = 'glr'::regnamespace and c.relkind in ('r', 'v', 'm', 'p')
          and a.attnum > 0 and not a.attisdropped""",
    "constraints": """
        select conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
        from pg_constraint where connamespace = 'glr'::regnamespace""",
    "indexes": "select indexdef from pg_indexes where schemaname = 'glr'",
    "functions": """
        select pg_get_functiondef(oid) from pg_proc where pronamespace = 'glr'::regnamespace and prokind = 'f'""",
    "triggers": """
        select pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text from pg_trigger t join pg_class c on c.oid = t.tgrelid
        where c.relnamespace = 'glr'::regnamespace and not t.tgisinternal""",
    "types": """
        select t.typname || ' ' || string_agg(e.enumlabel, ',' order by e.enumsortorder)
        from pg_type t join pg_enum e on e.enumtypid = t.oid where t.typnamespace = 'glr'::regnamespace
        group by t.typname""",
    "views": "select viewname || ' ' || definition from pg_views where schemaname = 'glr'",
    "table rights": """
        select c.relname || ' ' || r.rolname || ' ' || x.privilege_type
        from pg_class c, aclexplode(c.relacl) x join pg_roles r on r.oid = x.grantee
        where c.relnamespace = 'glr'::regnamespace""",
    "column rights": """
        select a.attrelid::regclass || '.' || a.attname || ' ' || r.rolname || ' ' || x.privilege_type
        from pg_attribute a join pg_class c on c.oid = a.attrelid, aclexplode(a.attacl) x
        join pg_roles r on r.oid = x.grantee where c.relnamespace = 'glr'::regnamespace""",
    "policies": """
        select tablename || ' ' || policyname || ' ' || array_to_string(roles, ',') || ' ' || cmd || ' ' || coalesce(qual, '')
        from pg_policies where schemaname = 'glr'""",
    "tables under policies": """
        select relname from pg_class where relnamespace = 'glr'::regnamespace and relrowsecurity""",
    "function rights": """
        select p.proname || ' ' || coalesce(r.rolname, 'public') || ' ' || x.privilege_type
        from pg_proc p, aclexplode(p.proacl) x left join pg_roles r on r.oid = x.grantee
        where p.pronamespace = 'glr'::regnamespace""",
}


@pytest.fixture
def empty_databases(server: str, template: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Give two databases without anything of ours, on a server that has our roles."""
    names = [f"glr_{uuid4().hex[:12]}" for _ in range(2)]
    with psycopg.connect(server, autocommit=True) as connection:
        for name in names:
            connection.execute(f"create database {name}")
        yield make_conninfo(server, dbname=names[0]), make_conninfo(server, dbname=names[1])
        for name in names:
            connection.execute(f"drop database {name} with (force)")


#: What ``migrate`` makes around our schema, as far as rights name it.
AROUND = """
create schema glr; create table glr.migration (name text primary key, at timestamptz default now());
create schema queue; create table queue.procrastinate_jobs (args jsonb, status text)
"""


def _build(url: str, *files: tuple[str, ...]) -> None:
    with psycopg.connect(url, options="-c search_path=glr") as connection:
        connection.execute(AROUND)
        for path in (*files, ("rights.sql",)):
            connection.execute(sql_text(*path).encode())


def _catalog(connection: psycopg.Connection) -> dict[str, list[str]]:
    return {kind: sorted(str(row[0]) for row in connection.execute(query.encode())) for kind, query in CATALOG.items()}


def _connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url, options="-c search_path=glr")


def test_schema_and_migrations_lead_to_the_same_database(empty_databases: tuple[str, str]) -> None:
    by_schema, by_migrations = empty_databases
    _build(by_schema, ("schema.sql",))
    _build(by_migrations, *(("migrations", name) for name in migrations()))
    with _connect(by_schema) as one, _connect(by_migrations) as other:
        assert _catalog(other) == _catalog(one)


#: A change of one object, and the part of the catalog where it must be seen: guards the comparison above.
CHANGES = (
    ("alter table cases alter column due set not null", "columns"),
    ("alter table cases alter column priority set default 1", "columns"),
    ("alter table cases drop constraint cases_run_line_key", "constraints"),
    ("drop index cases_ready; create index cases_ready on cases (caisse) where state = 'ready'", "indexes"),
    (
        "create or replace function current_actor() returns text language sql stable as $$ select 'x'::text $$",
        "functions",
    ),
    ("alter table cases disable trigger case_transition", "triggers"),
    ("alter type case_state add value 'lost'", "types"),
    ("grant update on audit_outbox to glr_runner", "table rights"),
    ("grant select (cookies) on entry_attempt to glr_console", "column rights"),
    ("grant execute on function record_event to public", "function rights"),
    ("drop policy claimable on cases", "policies"),
    ("alter table cases disable row level security", "tables under policies"),
    ("create view open_cases as select id from cases", "views"),
)


def test_any_one_changed_object_is_seen(owner_url: str) -> None:
    with _connect(owner_url) as connection:
        before = _catalog(connection)
        seen = [(change, kind in _changed(connection, change, before)) for change, kind in CHANGES]
    assert seen == [(change, True) for change, _ in CHANGES]


def _changed(connection: psycopg.Connection, change: str, before: Mapping[str, list[str]]) -> set[str]:
    connection.execute(change.encode())
    after = _catalog(connection)
    connection.rollback()
    return {kind for kind in after if after[kind] != before[kind]}
