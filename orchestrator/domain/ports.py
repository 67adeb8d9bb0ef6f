"""What keywords are written against: a desk at an application, its screens, and an act not yet performed.

Keywords never see a browser. A driver gives them a :class:`ReadingDesk`, or a :class:`Desk` when they enter; only the
entry protocol can perform an :class:`Act`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Screen(Protocol):
    """One screen of an application, recognised by its contract (``screens.yaml``) before it is handed out."""

    @property
    def name(self) -> str:
        """The name of its contract, e.g. ``dossier``."""

    def __getitem__(self, field: str) -> Any:  # noqa: ANN401 - typed by the contract's format
        """Return a field, typed by its contract (date, Euros, Nir, PersonName, int, bool, str; None when empty)."""

    def table(self, name: str) -> Sequence[Mapping[str, Any]]:
        """Return the rows of a table, each column typed by its contract."""


class Act(Protocol):
    """A filled form whose submission is the entry: prepared by a keyword, performed by the protocol alone."""

    @property
    def screen(self) -> str:
        """The screen on which the act is."""


class ReadingDesk(Protocol):
    """A robot's logged-in session at one application, for keywords that check or extract: it has no act."""

    async def open(self, screen: str, **address: Any) -> Screen:  # noqa: ANN401
        """Go to a screen by its address in the contract, e.g. ``open("rib", dossier=12)``."""

    async def submit(self, action: str, **values: Any) -> Screen:  # noqa: ANN401
        """Open the screen of a declared, harmless action (a search), fill its fields, submit; return what came."""


class Desk(ReadingDesk, Protocol):
    """The same for keywords that enter."""

    async def prepare(self, act: str, **values: Any) -> Act:  # noqa: ANN401
        """Open the screen of an act and fill its form, without submitting it."""
