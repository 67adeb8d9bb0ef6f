"""Migrations among themselves: each says which programs may run beside it, and an expansion takes nothing away."""

from __future__ import annotations

import re

import pytest

from orchestrator.store.compatibility import FIRST, said_by, statements
from orchestrator.store.known_schema import migrations

#: What a program of before could miss: something dropped, renamed, narrowed, or asked for without a default.
TAKES = re.compile(
    r"\bdrop\s+(?:table|column|function|view|type|schema)\b|\brename\b|\bset\s+not\s+null\b|"
    r"\balter\s+column\s+\w+\s+(?:set\s+data\s+)?type\b",
    re.IGNORECASE,
)
AHEAD = [name for name in migrations() if name > FIRST]


def takes_away(text: str) -> bool:
    """True when a migration takes something from programs of before, as far as words show it."""
    bare = re.sub(r"--[^\n]*|\$\$.*?\$\$", "", text, flags=re.DOTALL)
    added = re.findall(r"\badd\s+column\s+([^,;]*)", bare, re.IGNORECASE)
    asked = any(re.search(r"\bnot\s+null\b", each, re.IGNORECASE) and "default" not in each.lower() for each in added)
    return asked or TAKES.search(bare) is not None


@pytest.mark.parametrize("name", AHEAD or [FIRST])
def test_a_migration_says_which_programs_may_run_beside_it(name: str) -> None:
    text = statements(name)
    oldest = said_by(text)
    if name == FIRST:
        assert oldest is None
        return
    assert oldest is not None or text.startswith("-- stop all:"), (
        "first line: -- expand, -- contract after …, or -- stop all:"
    )
    assert oldest in (None, *[each for each in migrations() if each < name])
    assert not (oldest == FIRST and takes_away(text)), "an expansion takes nothing away"


@pytest.mark.parametrize(
    ("text", "takes"),
    [
        ("alter table cases add column a text;", False),
        ("alter table cases add column a text not null default '';", False),
        ("alter table cases add column a text default '' not null, add column b text;", False),
        ("create table a (b text not null); -- drop table c", False),
        ("create function f() returns trigger language plpgsql as $$ begin drop table x; end $$;", False),
        ("alter table cases add column a text not null;", True),
        ("alter table cases drop column a;", True),
        ("drop view a;", True),
        ("alter table a rename to b;", True),
        ("alter table a alter column b type bigint;", True),
        ("alter table a alter column b set not null;", True),
    ],
)
def test_what_takes_away_is_seen(text: str, *, takes: bool) -> None:
    assert takes_away(text) is takes
