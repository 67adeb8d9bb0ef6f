"""Reading a screen by its contract: recognised first, then typed (DRIVERS: an unknown screen is an incident)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Protocol

from playwright.async_api import Page

from orchestrator.domain.errors import ScreenChanged, SessionExpired, UnknownScreen
from orchestrator.drivers.contracts import ApplicationContract, FieldContract, TableContract
from orchestrator.drivers.document import Document, of_page
from orchestrator.drivers.formats import read_value


@cache
def script(name: str) -> str:
    """Return one of the scripts that run in the page."""
    return files("orchestrator.drivers").joinpath("scripts", f"{name}.js").read_text(encoding="utf-8")


async def document_of(page: Page) -> Document:
    """Return what a page shows now, after its scripts, with its named frames."""
    document = of_page(page.url, await page.content())
    document.frames = {frame.name: of_page(frame.url, await frame.content()) for frame in page.frames if frame.name}
    return document


class WebScreen:
    """A recognised screen with everything that was read from it."""

    def __init__(self, name: str, fields: Mapping[str, Any], tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        self.name = name
        self._fields = fields
        self._tables = tables

    def __getitem__(self, field: str) -> Any:  # noqa: ANN401 - typed by the contract
        """Return a typed field; ``KeyError`` when the contract has none of that name."""
        return self._fields[field]

    def table(self, name: str) -> Sequence[Mapping[str, Any]]:
        """Return the typed rows of a table."""
        return self._tables[name]


class Source(Protocol):
    """Where a screen is read: a page, or the answer to a plain request."""

    async def read(
        self, candidates: Mapping[str, Any], version: str, frame: str | None = None
    ) -> Mapping[str, Any] | None:
        """Return what ``scripts/read.js`` returns, in the page or in a frame of it; None when the frame is missing."""


class PageSource:
    """A screen in the browser."""

    def __init__(self, page: Page) -> None:
        self._page = page

    async def read(
        self, candidates: Mapping[str, Any], version: str, frame: str | None = None
    ) -> Mapping[str, Any] | None:
        """Read it in one call, in the page."""
        where = self._page if frame is None else self._page.frame(name=frame)
        if where is None:
            return None
        seen: Mapping[str, Any] = await where.evaluate(script("read"), {"candidates": candidates, "version": version})
        return seen


async def read_screen(source: Source, contract: ApplicationContract, expected: Sequence[str]) -> WebScreen:
    """Recognise one of the expected screens and read it whole.

    Raises :class:`SessionExpired` on the login screen, :class:`UnknownScreen` on any other, :class:`ScreenChanged`
    when the screen is the right one but lacks what its contract promises.
    """
    login = contract.login.screen
    names = {contract.screens[name].title: name for name in (*expected, login)}
    wanted = {title: _wanted(contract, name) for title, name in names.items()}
    seen = await source.read(wanted, contract.version_at)
    if seen is None or not seen["known"]:
        raise UnknownScreen(contract.title, " ou ".join(expected), safe_title(seen["title"] if seen else "", contract))
    name = names[seen["title"]]
    if name == login and login not in expected:
        raise SessionExpired(contract.title)
    return await _typed_screen(source, contract, name, seen)


def _wanted(contract: ApplicationContract, name: str) -> dict[str, Any]:
    screen = contract.screens[name]
    return {
        "anchors": list(screen.anchors),
        "fields": {key: field.at for key, field in contract.fields(name).items()},
        "tables": {key: _table(table) for key, table in screen.tables.items() if table.frame is None},
    }


def _table(table: TableContract) -> dict[str, Any]:
    return {"rows": table.rows, "columns": {key: c.at for key, c in table.columns.items()}, "empty": table.empty}


async def _typed_screen(source: Source, contract: ApplicationContract, name: str, seen: Mapping[str, Any]) -> WebScreen:
    screen, fields = contract.screens[name], contract.fields(name)
    if seen["version"] != contract.version:
        raise ScreenChanged(contract.title, name, f"version {contract.version}")
    absent = [key for key in fields if seen["fields"][key] is None and key not in screen.optional]
    for missing in (*seen["missing"], *absent):
        raise ScreenChanged(contract.title, name, missing)
    values = {key: _typed(seen["fields"][key], field, contract, name, key) for key, field in fields.items()}
    tables = {}
    for key, table in screen.tables.items():
        rows = seen["tables"][key] if table.frame is None else await _framed(source, contract, name, table)
        tables[key] = _typed_rows(rows, table, contract, name, key)
    return WebScreen(name, values, tables)


async def _framed(source: Source, contract: ApplicationContract, name: str, table: TableContract) -> Any:  # noqa: ANN401
    wanted = {"": {"anchors": [], "fields": {}, "tables": {"framed": _table(table)}}}
    seen = await source.read(wanted, contract.version_at, table.frame)
    if seen is None:
        raise ScreenChanged(contract.title, name, f"cadre {table.frame}")
    return seen["tables"]["framed"]


def _typed_rows(
    rows: list[dict[str, str | None]] | None, table: TableContract, contract: ApplicationContract, name: str, key: str
) -> list[dict[str, Any]]:
    if rows is None:
        raise ScreenChanged(contract.title, name, f"tableau {key}")
    return [
        {
            column: _typed(row[column], field, contract, name, f"{key}.{column}")
            for column, field in table.columns.items()
        }
        for row in rows
    ]


def _typed(text: str | None, field: FieldContract, contract: ApplicationContract, screen: str, key: str) -> Any:  # noqa: ANN401
    if text is None:
        return None
    try:
        return read_value(text, field.format)
    except ValueError:
        raise ScreenChanged(contract.title, screen, f"{key} au format {field.format}") from None


def safe_title(title: str, contract: ApplicationContract) -> str:
    """Return the title of an unknown screen when it is one of the contract's own; a title could hold a name."""
    known = {screen.title for screen in contract.screens.values()}
    return title if title in known else "écran inconnu"
