"""One SQLite store per application: a thin, typed door."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

Row = tuple[Any, ...]


class Store:
    """The store of one application; statements are constants, values are always bound."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=OFF")

    def create(self, application: str) -> None:
        """Make the tables (`sandbox/schema/<application>.sql` after `common.sql`)."""
        for name in ("common", application):
            self._connection.executescript(files("sandbox").joinpath(f"schema/{name}.sql").read_text("utf-8"))

    def all(self, sql: str, *values: object) -> list[Row]:
        """Every row."""
        return self._connection.execute(sql, values).fetchall()

    def one(self, sql: str, *values: object) -> Row | None:
        """The first row, or None."""
        row: Row | None = self._connection.execute(sql, values).fetchone()
        return row

    def run(self, sql: str, *values: object) -> int:
        """Carry out one statement; returns the id of a row it inserted."""
        return self._connection.execute(sql, values).lastrowid or 0

    def run_many(self, sql: str, rows: Iterable[Row]) -> None:
        """Carry out one statement for each row."""
        self._connection.executemany(sql, rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """Close the store."""
        self._connection.close()
