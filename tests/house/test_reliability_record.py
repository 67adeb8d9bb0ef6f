"""The totals of docs/reliability.md are those of the records beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestrator.campaign.record import append, reached, read, table
from orchestrator.cli import commands

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_shows_what_the_records_add_up_to() -> None:
    page = (DOCS / "reliability.md").read_text(encoding="utf-8")
    shown = page.partition("<!-- totals -->\n")[2].partition("<!-- end of totals -->")[0]
    assert shown == table(read(sorted((DOCS / "reliability").glob("*.jsonl"))))


def test_what_was_hurt_is_counted_by_what_it_was_and_what_broke_is_told(tmp_path: Path) -> None:
    by_fault = {"session-killed": 2, "in-the-gate.freeze": 3, "postgres-killed": 1, "delivered-again": 4}
    kept = {"double_entries": 0, "lost_cases": 0, "unproven_confirmations": 0, "hidden_doubts": 0}
    broken = {**kept, "double_entries": 1}
    record = tmp_path / "record.jsonl"
    append(record, "campaign", 931, {"entries": 25, "violations": 2, **broken, "by_fault": by_fault})
    append(record, "histories", 1, {"histories": 100, "violations": 0, **kept})
    lines = read([record])
    assert [line["seed"] for line in lines] == [931, 1]
    assert reached(lines) == {
        "sessions and runners killed or frozen": 5,
        "PostgreSQL killed": 1,
        "entries with 15 % faulty answers": 25,
        "histories on a virtual clock": 100,
    }
    assert "double entries 1 and 0" in table(lines)
    assert "of any promise: 2 and 0" in table(lines)


@pytest.mark.parametrize("command", [["campaign", "--without", "intent"], ["simulate", "--residue"]])
def test_what_ran_without_a_guard_is_not_recorded_among_the_promises(command: list[str], tmp_path: Path) -> None:
    done = CliRunner().invoke(commands, [*command, "--record", str(tmp_path / "record.jsonl")])
    assert done.exit_code == 2
    assert "toutes les gardes en place" in done.output
