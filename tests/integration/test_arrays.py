"""What is packed for PostgreSQL is what PostgreSQL reads."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from orchestrator.store.arrays import packed
from orchestrator.store.database import Database, StoreError


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("bytea", [b"", b"\x00\xff", None, b"a" * 70_000]),
        ("integer", [0, -1, None, 2**31 - 1, -(2**31)]),
        ("text", ["", "Brûlé, {NULL}", None, "\N{MUSICAL SYMBOL G CLEF}"]),
        ("date", [date(1999, 12, 31), date(2000, 1, 1), None, date(1, 1, 1), date(9999, 12, 31)]),
        ("uuid", [UUID(int=0), None, UUID(int=2**128 - 1)]),
        ("text", [None, None]),
        ("uuid", []),
    ],
)
async def test_an_array_arrives_as_it_was(owner_db: Database, kind: str, values: list[object]) -> None:
    async with owner_db.transaction("test") as tx:
        asked = f"select item from unnest(%b::{kind}[]) with ordinality as sent (item, place) order by place"
        cursor = await tx.connection.execute(asked.encode(), [packed(kind, values)])
        assert [row["item"] for row in await cursor.fetchall()] == values


async def test_an_array_of_another_kind_is_refused(owner_db: Database) -> None:
    with pytest.raises(StoreError, match="42804"):
        async with owner_db.transaction("test") as tx:
            await tx.connection.execute("select %b::uuid[]", [packed("text", ["x"])])
