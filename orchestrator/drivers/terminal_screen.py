"""Reading a green screen by its contract: recognised first, then typed (DRIVERS: an unknown screen is an incident)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orchestrator.domain.errors import ScreenChanged, SessionExpired, UnknownScreen
from orchestrator.drivers.formats import PUBLIC, read_value
from orchestrator.drivers.terminal_buffer import ATTRIBUTE
from orchestrator.drivers.terminal_contracts import Place, TerminalContract, TerminalField, TerminalTable

Rows = Sequence[str]


class GreenScreen:
    """A recognised screen with everything that was read from it, all pages of its lists included."""

    def __init__(self, name: str, fields: Mapping[str, Any], tables: dict[str, list[dict[str, Any]]]) -> None:
        self.name = name
        self._fields = fields
        self.tables = tables

    def __getitem__(self, field: str) -> Any:  # noqa: ANN401 - typed by the contract
        """Return a typed field; ``KeyError`` when the contract has none of that name."""
        return self._fields[field]

    def table(self, name: str) -> Sequence[Mapping[str, Any]]:
        """Return the typed items of a list."""
        return self.tables[name]


def shown_at(rows: Rows, place: Place) -> str:
    """Return the text at a place, without the blanks around it."""
    return _piece(rows, place.row, place.column, place.length).strip()


def name_of(rows: Rows, contract: TerminalContract) -> str | None:
    """Return the name of the screen that is shown; None for one that is none of the contract's."""
    title = shown_at(rows, contract.title_at)
    return next((name for name, screen in contract.screens.items() if screen.title == title), None)


def read_green(rows: Rows, contract: TerminalContract, expected: Sequence[str]) -> GreenScreen:
    """Recognise one of the expected screens and read what it shows.

    Raises :class:`SessionExpired` on the login screen, :class:`UnknownScreen` on any other, :class:`ScreenChanged` when the
    screen is the right one but has not what its contract promises where it promises it.
    """
    name = name_of(rows, contract)
    if name is not None and name == contract.login.screen and name not in expected:
        raise SessionExpired(contract.title)
    if name is None or name not in expected:
        shown = contract.screens[name].title if name else "écran inconnu"
        raise UnknownScreen(contract.title, " ou ".join(expected), shown)
    if shown_at(rows, contract.version_at) != contract.version:
        raise ScreenChanged(contract.title, name, f"version {contract.version}")
    fields = {key: _field(rows, contract, name, key, field) for key, field in contract.fields(name).items()}
    tables = {key: _items(rows, contract, name, key) for key in contract.screens[name].tables}
    return GreenScreen(name, fields, tables)


def page_of(rows: Rows, contract: TerminalContract, screen: str, table: TerminalTable) -> tuple[int, int]:
    """Return which page of a list is shown, and how many there are."""
    said = shown_at(rows, table.pages.at)
    page, slash, last = said.partition("/")
    if not (slash and page.strip().isdecimal() and last.strip().isdecimal()):
        raise ScreenChanged(contract.title, screen, "page n/n")
    return int(page), int(last)


def masked(rows: Rows, contract: TerminalContract) -> list[str]:
    """Return the rows with every word hidden that is neither of the contract nor of a format that may be seen."""
    name = name_of(rows, contract)
    seen = set(_public_cells(rows, contract, name)) if name else set()
    return [
        "".join(each if each == " " or (row, column) in seen else "▒" for column, each in enumerate(line, start=1))
        for row, line in enumerate((line.replace(ATTRIBUTE, " ") for line in rows), start=1)
    ]


def _public_cells(rows: Rows, contract: TerminalContract, name: str) -> Iterator[tuple[int, int]]:
    for place in (contract.title_at, contract.version_at):
        yield from _cells(place.row, place.column, place.length)
    hidden = contract.screens[name].hidden
    for key, field in contract.fields(name).items():
        before = _piece(rows, field.row, 1, field.column - 1).rstrip()
        if before.endswith(field.label):
            yield from _cells(field.row, len(before) - len(field.label) + 1, len(field.label))
        if field.format in PUBLIC and key not in hidden:
            yield from _cells(field.row, field.column, field.length)
    for table in contract.screens[name].tables.values():
        yield from _cells(table.row - 1, 1, 80)
        for item in range(table.items):
            for column in table.columns.values():
                if column.format in PUBLIC:
                    yield from _cells(table.row + item * table.height + column.line, column.column, column.length)


def _cells(row: int, column: int, length: int) -> Iterator[tuple[int, int]]:
    return ((row, cell) for cell in range(column, column + length))


def _field(rows: Rows, contract: TerminalContract, screen: str, name: str, field: TerminalField) -> Any:  # noqa: ANN401
    if not _piece(rows, field.row, 1, field.column - 1).rstrip().endswith(field.label):
        raise ScreenChanged(contract.title, screen, field.label)
    text = _whole(rows, field.row, field.column, field.length)
    return _value(text, field.format, contract, screen, name, field.length)


def _whole(rows: Rows, row: int, column: int, length: int) -> str | None:
    """Return what stands at a place; None when it may be a part of something, or more than one thing.

    A shorter, longer or moved field of the host is seen by where its fields begin, or by what touches the place.
    """
    line = rows[row - 1] if row <= len(rows) else ""
    first, after = column - 1, column - 1 + length
    beside = line[max(first - 1, 0) : first] + line[after : after + 1]
    return None if ATTRIBUTE in line[first:after] or beside.strip() else line[first:after].strip()


def _items(rows: Rows, contract: TerminalContract, screen: str, name: str) -> list[dict[str, Any]]:
    """Read the items of a page; one that follows a blank one is no list that we know."""
    table = contract.screens[screen].tables[name]
    if _piece(rows, table.row - 1, 1, 80).split() != table.heading.split():
        raise ScreenChanged(contract.title, screen, table.heading)
    items: list[dict[str, Any]] = []
    blank = False
    for first in range(table.row, table.row + table.items * table.height, table.height):
        if not "".join(rows[first - 1 : first - 1 + table.height]).strip():
            blank = True
        elif blank:
            raise ScreenChanged(contract.title, screen, f"{name} sans ligne vide")
        else:
            items.append(_item(rows, contract, screen, name, first))
    return items


def _item(rows: Rows, contract: TerminalContract, screen: str, name: str, first: int) -> dict[str, Any]:
    """Read the item that begins at a row."""
    return {
        key: _value(
            _whole(rows, first + column.line, column.column, column.length),
            column.format, contract, screen, f"{name}.{key}", column.length,
        )
        for key, column in contract.screens[screen].tables[name].columns.items()
    }  # fmt: skip


def _value(text: str | None, form: str, contract: TerminalContract, screen: str, name: str, length: int) -> Any:  # noqa: ANN401
    if text is None:
        raise ScreenChanged(contract.title, screen, f"{name} sur {length} caractères, un blanc de chaque côté")
    try:
        return read_value(text, form)
    except ValueError:
        raise ScreenChanged(contract.title, screen, f"{name} au format {form}") from None


def _piece(rows: Rows, row: int, column: int, length: int) -> str:
    """Return the text of some cells; where a field begins nothing is shown."""
    text = rows[row - 1][column - 1 : column - 1 + length] if 0 < row <= len(rows) else ""
    return text.replace(ATTRIBUTE, " ")
