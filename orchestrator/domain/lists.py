"""A list that an application shows over several pages, read whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.domain.errors import ScreenChanged
from orchestrator.domain.ports import ReadingDesk


async def whole_list(
    desk: ReadingDesk,
    screen: str,
    table: str,
    *,
    application: str,
    **address: Any,  # noqa: ANN401
) -> list[Mapping[str, Any]]:
    """Return the rows of every page: as many as the screens announce under ``count``; pages are numbered from 1 (``page``).

    Raises :class:`ScreenChanged` when a page has none and some are missing: half a list would be told as what is not there.
    """
    rows: list[Mapping[str, Any]] = []
    page, announced = 1, 1
    while len(rows) < announced:
        shown = await desk.open(screen, page=page, **address)
        found = shown.table(table)
        announced, page = shown["count"], page + 1
        if not found and announced != len(rows):
            raise ScreenChanged(application, shown.name, f"{announced} lignes annoncées, {len(rows)} lues")
        rows += found
    return rows
