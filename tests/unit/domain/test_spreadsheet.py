"""A table for a spreadsheet: no text becomes a formula, amounts stay numbers."""

from __future__ import annotations

import pytest

from orchestrator.domain.spreadsheet import table


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("=HYPERLINK(A1)", "'=HYPERLINK(A1)"),
        ("+33 1 23", "'+33 1 23"),
        ("@sum", "'@sum"),
        ("-cmd", "'-cmd"),
        ("-12,30", "-12,30"),
        ("697,39", "697,39"),
        ("Brûlé ; fils", '"Brûlé ; fils"'),
    ],
)
def test_what_a_spreadsheet_reads(value: str, kept: str) -> None:
    assert table(["Détail"], [[value]]) == f"\ufeffDétail\r\n{kept}\r\n".encode()
