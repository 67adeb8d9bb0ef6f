"""No query of the console reads a large table from end to end: ``glr bench console`` measures how long that would take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import dict_row

from orchestrator.bench.console import asked_about, explained, readable

#: They grow with every case.
LARGE = {
    "cases",
    "attempt",
    "entry",
    "entry_attempt",
    "approval",
    "exception_item",
    "evidence",
    "blind_index",
    "doubt",
    "open_amount",
}
VALUES = asked_about(
    "cpam-931", "a.martin", {"id": uuid4(), "reference": "DOS-1", "run": uuid4(), "key_digest": bytes(32)}
)


@pytest.fixture
def console(console_url: str) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    options = "-c search_path=glr -c enable_seqscan=off"
    with psycopg.connect(console_url, options=options, autocommit=True, row_factory=dict_row) as connection:
        yield connection


def test_each_query_of_the_console_has_an_index_for_every_large_table(
    console: psycopg.Connection[dict[str, Any]],
) -> None:
    names = readable(VALUES)
    assert {
        "console.timeline",
        "console.dossier",
        "console.runs",
        "console.open_items",
        "by_hand.taken",
        "open_amounts.page",
        "open_amounts.totals",
    } <= {*names}
    plans = {name: explained(console, name, VALUES, "explain (format json) ")["Plan"] for name in names}
    assert {name: read for name, plan in plans.items() if (read := LARGE & {*_read_whole(plan)})} == {}


def _read_whole(plan: Mapping[str, Any]) -> Iterator[str]:
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"]
    for part in plan.get("Plans", ()):
        yield from _read_whole(part)
