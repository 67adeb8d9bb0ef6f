"""A list over several pages is read whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from orchestrator.domain.errors import ScreenChanged
from orchestrator.domain.lists import whole_list


@dataclass(frozen=True, kw_only=True)
class Page:
    """A screen that announces more rows than it shows."""

    count: int
    rows: Sequence[Mapping[str, Any]]
    name: str = "liste"

    def __getitem__(self, field: str) -> Any:
        return {"count": self.count}[field]

    def table(self, name: str) -> Sequence[Mapping[str, Any]]:
        return self.rows


@dataclass(frozen=True, kw_only=True)
class Pages:
    """A desk whose list has these pages, and empty ones after them."""

    count: int
    pages: Sequence[int]

    async def open(self, screen: str, **address: Any) -> Page:
        page = address["page"]
        first = sum(self.pages[: page - 1])
        shown = self.pages[page - 1] if page <= len(self.pages) else 0
        return Page(count=self.count, rows=[{"number": number} for number in range(first, first + shown)])

    async def submit(self, action: str, **values: Any) -> Page:
        raise NotImplementedError


@pytest.mark.parametrize(("count", "pages"), [(0, []), (2, [2]), (5, [2, 2, 1])])
async def test_every_page_is_read_until_there_are_as_many_rows_as_were_announced(count: int, pages: list[int]) -> None:
    rows = await whole_list(Pages(count=count, pages=pages), "liste", "rows", application="COMPTA")
    assert [row["number"] for row in rows] == list(range(count))


async def test_half_a_list_is_refused_and_says_what_is_missing() -> None:
    with pytest.raises(ScreenChanged, match="5 lignes annoncées, 4 lues"):
        await whole_list(Pages(count=5, pages=[2, 2]), "liste", "rows", application="COMPTA")
