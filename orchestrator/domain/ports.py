"""What keywords are written against: a desk at an application, its screens, an act not yet performed, a workshop.

Keywords never see a browser. A driver gives them a :class:`ReadingDesk`, or a :class:`Desk` when they enter; only the
entry protocol can perform an :class:`Act`. Generic libraries (files, PDF, mail…) are given a :class:`Workshop`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
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


class Workshop(Protocol):
    """What a robot's generic libraries work with: its declared folders, its mailbox, a helper process; no application."""

    @property
    def about(self) -> Mapping[str, str]:
        """Return what a letter says of the robot: ``robot``, ``version``, ``purpose``, ``contact``."""

    def found(self, folder: str, pattern: str) -> Sequence[Path]:
        """Return the files of a declared folder by pattern, sorted; raises for one that was not declared."""

    def existing(self, folder: str, name: str) -> Path:
        """Return a file of a declared folder; raises when the name leads out of it, or nothing is there."""

    def place(self, folder: str, name: str, draft: Path) -> Path:
        """Give a finished file its name in a folder declared for writing, at once and never over another one.

        Raises :class:`~orchestrator.domain.errors.AlreadyThere`.
        """

    def prepare(self, folder: str, name: str, draft: Path) -> Act:
        """Return the act that gives a finished file its name, for keywords that enter: they do not place it themselves."""

    def withdraw(self, folder: str, name: str) -> None:
        """Take a file out of a folder declared for writing, once it stands elsewhere."""

    def drafts(self) -> Path:
        """Return a new, empty folder of this workshop alone, thrown away with it."""

    def template(self, name: str) -> str:
        """Return a text of the robot's own folder ``modeles``."""

    def mailbox(self) -> Mapping[str, str]:
        """Return where the robot's mailbox is and its credentials; raises when none was declared."""

    def address(self, name: str) -> str:
        """Return the address declared under a name; raises for any other: nobody is written to who was not declared."""

    async def run(self, work: Callable[..., Any], **given: object) -> Any:  # noqa: ANN401 - JSON
        """Run a function in the helper process, where RPA modules live, under a time limit.

        What it is given and returns is JSON; errors of the house come back as what they are.
        """
