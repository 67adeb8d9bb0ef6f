"""Two extracts joined by person on disk: SQLite sorts, memory holds neither file.

What it keeps are digests under a key of this one comparison, line numbers, days and categories: no NIR, name or IBAN.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keywords.waves.layout import Extract, Line, Unread
from keywords.waves.models import Category, ExtractFacts, Found, Summary, UnreadLine
from orchestrator.domain.errors import BusinessException

#: The kinds of differences by code, in the order in which they are told.
MISSING, ADDED, DOUBLED, GAP, OVERLAP, ACCOUNT, NAME, CATEGORY = (f"V-0{number}" for number in range(1, 9))
_TABLE = """create table person (
    side integer, person blob, line integer, name blob, account blob, rights integer, status text, centre text
)"""
#: Every person with a difference: side 0 is before, side 1 after. One who is once on a side has one value there.
_JOINED = """select sum(side = 0) as count_0, sum(side = 1) as count_1,
    min(case when side = 0 then line end) as line_0, min(case when side = 1 then line end) as line_1,
    max(case when side = 0 then name end) as name_0, max(case when side = 1 then name end) as name_1,
    max(case when side = 0 then account end) as account_0, max(case when side = 1 then account end) as account_1,
    max(case when side = 0 then rights end) as rights_0, max(case when side = 1 then rights end) as rights_1,
    max(case when side = 0 then status end) as status_0, max(case when side = 1 then status end) as status_1,
    max(case when side = 0 then centre end) as centre_0, max(case when side = 1 then centre end) as centre_1
from person group by person
having count_0 <> 1 or count_1 <> 1 or name_0 <> name_1 or account_0 <> account_1 or status_0 <> status_1
    or centre_0 <> centre_1 or rights_0 is null or rights_1 is null or rights_1 - rights_0 <> 1
order by coalesce(line_0, 1 << 40), line_1"""
_COUNTED = """select 'Statut' as title, status as value, sum(side = 0) as before, sum(side = 1) as after
from person group by status
union all
select 'Centre', centre, sum(side = 0), sum(side = 1) from person group by centre order by 1 desc, 2"""


@dataclass
class _Side:
    """What reading one extract counts."""

    extract: Extract
    read: int = 0
    unread: int = 0


class Comparison:
    """One comparison of a pair; blocks, and is made where it is used."""

    def __init__(self, before: Extract, after: Extract, draft: Path) -> None:
        """:param draft: a file of the workshop, thrown away with it."""
        self._sides = [_Side(before), _Side(after)]
        self._draft = draft
        self._key = secrets.token_bytes(16)
        self._unread: list[UnreadLine] = []

    def summary(self) -> Summary:
        """Compare; raises ``BusinessException`` VAGUE-CADRE for a file whose frame is wrong, VAGUE-PAIRE for two waves."""
        before, after = (side.extract for side in self._sides)
        waves = before.wave(), after.wave()
        if waves[0] != waves[1]:
            why = f"vague « {waves[0]} » avant, « {waves[1]} » après : la même est attendue. Rien n'est comparé."
            raise BusinessException("VAGUE-PAIRE", why)
        with closing(sqlite3.connect(self._draft)) as store:
            store.row_factory = sqlite3.Row
            store.execute("pragma journal_mode = off")
            store.execute(_TABLE)
            for number in (0, 1):
                store.executemany("insert into person values (?, ?, ?, ?, ?, ?, ?, ?)", self._rows(number))
            found = tuple(_found(row) for row in store.execute(_JOINED))
            (people,) = store.execute("select count(distinct person) from person").fetchone()
            categories = tuple(Category(**dict(row)) for row in store.execute(_COUNTED))
        return Summary(
            wave=waves[0],
            day=before.day,
            before=_facts(self._sides[0]),
            after=_facts(self._sides[1]),
            same=people - len(found),
            categories=categories,
            found=found,
            unread=tuple(self._unread),
        )

    def _rows(self, number: int) -> Iterator[tuple[Any, ...]]:
        side = self._sides[number]
        for line in side.extract.lines():
            side.read += 1
            if isinstance(line, Unread):
                side.unread += 1
                self._unread.append(UnreadLine(side=side.extract.side, line=line.number, reason=line.reason))
            else:
                yield (number, *self._row(line))

    def _row(self, line: Line) -> tuple[Any, ...]:
        days = line.rights.toordinal() if line.rights else None
        name, account = line.birth_name.normalised, line.iban.reveal()
        marks = self._mark(line.nir.reveal()), line.number, self._mark(name), self._mark(account)
        return (*marks, days, line.status, line.centre)

    def _mark(self, clear: str) -> bytes:
        return hashlib.blake2b(clear.encode(), key=self._key, digest_size=16).digest()


def _facts(side: _Side) -> ExtractFacts:
    return ExtractFacts(
        name=side.extract.path.name, sha256=side.extract.sha256(), read=side.read, ok=side.read - side.unread
    )


def _found(row: sqlite3.Row) -> Found:
    once = (row["count_0"], row["count_1"]) == (1, 1)
    dated = once and None not in (row["rights_0"], row["rights_1"])
    gap = row["rights_1"] - row["rights_0"] - 1 if dated else None
    return Found(codes=tuple(_codes(row, gap)), before=row["line_0"], after=row["line_1"], gap=gap)


def _codes(row: sqlite3.Row, gap: int | None) -> Iterator[str]:
    """Say how a person differs; of one who is missing or doubled nothing else is compared."""
    if not row["count_1"]:
        yield MISSING
    if not row["count_0"]:
        yield ADDED
    if row["count_0"] > 1 or row["count_1"] > 1:
        yield DOUBLED
    if (row["count_0"], row["count_1"]) != (1, 1):
        return
    if row["rights_1"] is None or (gap or 0) > 0:  # new rights that begin on no day are rights that are not open
        yield GAP
    elif gap is None or gap < 0:
        yield OVERLAP
    if row["account_0"] != row["account_1"]:
        yield ACCOUNT
    if row["name_0"] != row["name_1"]:
        yield NAME
    if (row["status_0"], row["centre_0"]) != (row["status_1"], row["centre_1"]):
        yield CATEGORY
