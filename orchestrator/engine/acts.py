"""What the desks counted of acts in a run: in shadow none may have left, and that is shown, not supposed."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from orchestrator.language.model import Mode
from orchestrator.store.database import Database


@dataclass(frozen=True, kw_only=True)
class ActsOfCase:
    """What was counted in the attempts at one case."""

    #: The case's reference.
    reference: str
    #: Attempts at it, and those whose session ended before it could say what it counted.
    attempts: int
    uncounted: int
    #: Requests of acts that left.
    left: int
    #: Acts that were asked for and refused.
    refused: int


@dataclass(frozen=True, kw_only=True)
class ActsOfRun:
    """What was counted in a run."""

    #: The mode of the run.
    mode: Mode
    cases: tuple[ActsOfCase, ...]
    #: Libraries of its suites that act beside the robot's desks: nobody counts what they send.
    outside: tuple[str, ...] = ()

    def total(self, what: str) -> int:
        """Add ``attempts``, ``uncounted``, ``left`` or ``refused`` over the cases."""
        return sum(getattr(case, what) for case in self.cases)

    @property
    def nothing_left(self) -> bool:
        """True when no act left in a run in which none may; always for a live run."""
        return self.mode is Mode.LIVE or self.total("left") == 0


async def acts_of(database: Database, run: UUID, outside: tuple[str, ...] = ()) -> ActsOfRun:
    """Return what was counted in a run."""
    async with database.transaction("report") as tx:
        about = await tx.first("runs.one", id=run)
        rows = await tx.all("cases.acts_of_run", run=run)
    cases = tuple(
        ActsOfCase(
            reference=row["reference"],
            attempts=row["attempts"],
            uncounted=row["uncounted"],
            left=row["acts_left"],
            refused=row["acts_refused"],
        )
        for row in rows
    )
    return ActsOfRun(mode=Mode((about or {})["mode"]), cases=cases, outside=outside)
