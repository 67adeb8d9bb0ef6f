"""How far the loading of a large delivery is: a line on stderr every few seconds; nothing for one that is soon loaded."""

from __future__ import annotations

import time

import click

#: Seconds between two lines.
EVERY = 5.0


class LoadLines:
    """Says how far it is."""

    def __init__(self, every: float = EVERY) -> None:
        self._every = every
        self._last = time.monotonic()

    def checked(self, rows: int) -> None:
        """So many rows were read and checked."""
        self._say(f"Lecture : {_spaced(rows)} lignes vérifiées, rien n'est encore chargé…")

    def loaded(self, cases: int) -> None:
        """So many cases were written, in a transaction that is not yet ended."""
        self._say(f"Chargement : {_spaced(cases)} dossiers écrits, tous ou aucun…")

    def _say(self, line: str) -> None:
        if time.monotonic() - self._last >= self._every:
            self._last = time.monotonic()
            click.echo(line, err=True)


def _spaced(number: int) -> str:
    return f"{number:,}".replace(",", " ")
