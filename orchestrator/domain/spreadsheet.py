"""A table that a French spreadsheet opens as it is: CSV with semicolons, UTF-8 with its mark, texts that stay texts."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Return a CSV file; what would be a formula is kept a text, an amount like ``-12,30`` a number."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(map(_cell, row) for row in rows)
    return out.getvalue().encode("utf-8-sig")


def _cell(value: str) -> str:
    return f"'{value}" if value.startswith(_FORMULA) and not value[1:].replace(",", "").isdigit() else value
