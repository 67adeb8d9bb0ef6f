"""What the console's role may and may not do, and what the database itself holds to."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest

import orchestrator.store

QUERIES = Path(orchestrator.store.__file__).parent / "queries"
#: What the console runs as its own role.
CONSOLE_SQL = "".join(
    (QUERIES / name).read_text(encoding="utf-8") for name in ("console.sql", "by_hand.sql", "further.sql")
)


def _connect(url: str, actor: str = "agent:a.martin") -> psycopg.Connection[Any]:
    return psycopg.connect(url, options=f"-c search_path=glr -c glr.actor={actor}")


def test_the_console_reads_cases_but_never_the_cookies_of_an_entry(console_url: str) -> None:
    with _connect(console_url) as connection:
        connection.execute("select * from cases")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select cookies from entry_attempt")


@pytest.mark.parametrize(
    "statement",
    [
        "select * from audit_outbox",
        "update audit_outbox set actor = 'x'",
        "update account set role = 'supervisor'",
        "update account set password_hash = 'x'",
        "insert into account (login, caisse, display_name, role, password_hash) values ('x', 'c', 'x', 'agent', 'x')",
        "update entry set state = 'planned'",
        "update cases set key_digest = '\\x00'",
        "delete from exception_item",
        "update approval set values_digest = '\\x00'",
    ],
)
def test_the_role_of_the_console_has_no_right_beyond_its_acts(console_url: str, statement: str) -> None:
    with _connect(console_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)


def test_every_query_of_the_console_is_valid_for_its_role(console_url: str) -> None:
    names = re.findall(r"^-- ([a-z_0-9]+): ", CONSOLE_SQL, re.MULTILINE)
    texts = re.split(r"^-- [a-z_0-9]+: .*$", CONSOLE_SQL, flags=re.MULTILINE)[1:]
    with psycopg.connect(console_url, options="-c search_path=glr", autocommit=True) as connection:
        for place, text in enumerate(texts):
            values: list[str] = []
            numbered = re.sub(r"%\((\w+)\)s", partial(_numbered, values), text)
            connection.execute(f"prepare q_{place} as {numbered}".encode())
    assert len(names) == len(texts) > 40


async def test_revealing_writes_its_own_event_and_ends_with_the_claim(
    seed: Any, console_url: str, owner_url: str
) -> None:
    case = await seed.exception()
    with _connect(console_url) as connection:
        claim = "update exception_item set claimed_by = %s, claimed_until = now() + interval '1 min' where id = %s"
        connection.execute(claim, ["a.martin", case.item])
        connection.execute("update exception_item set revealed_at = now() where id = %s", [case.item])
    with _connect(owner_url) as connection:
        events = connection.execute(
            "select actor, verb, object from audit_outbox where verb = 'case.revealed'"
        ).fetchall()
        assert events == [("agent:a.martin", "case.revealed", case.reference)]
        connection.execute(claim, ["b.petit", case.item])
        row = connection.execute("select revealed_at, worked_by from exception_item").fetchone()
    assert row == (None, ["a.martin", "b.petit"])


async def test_the_database_refuses_an_approval_by_who_once_claimed_the_case(seed: Any, owner_url: str) -> None:
    case = await seed.awaiting()
    with _connect(owner_url) as connection:
        connection.execute(
            "insert into exception_item (id, caisse, case_id, scenario, cause, code, message, queue, attempt, worked_by)"
            " values (gen_random_uuid(), 'cpam-931', %s, 'ij-acompte', 'business', 'C-03', '…', 'ij', 1, '{s.noir}')",
            [case.id],
        )
        approve = "update approval set state = 'approved', validator = %s, decided_at = now() where id = %s"
        with pytest.raises(psycopg.errors.Error) as refused, connection.transaction():
            connection.execute(approve, ["s.noir", case.approval])
        assert refused.value.sqlstate == "GL005"
        assert connection.execute(approve, ["t.blanc", case.approval]).rowcount == 1


def _numbered(values: list[str], found: re.Match[str]) -> str:
    if found[1] not in values:
        values.append(found[1])
    return f"${values.index(found[1]) + 1}"
