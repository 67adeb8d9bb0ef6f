"""The deposit of a file as an act: prepared by a keyword, performed by the entry protocol under its permit (ADR 23)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.domain.errors import AlreadyThere, ApplicationException
from orchestrator.drivers.act import Sent
from orchestrator.drivers.gate import Permit

if TYPE_CHECKING:
    from orchestrator.drivers.workshop import RobotWorkshop


@dataclass(frozen=True, kw_only=True)
class Deposit:
    """A finished file that waits for its permit to be given its name."""

    workshop: RobotWorkshop
    folder: str
    name: str
    draft: Path

    @property
    def screen(self) -> str:
        """The folder stands where an application has its screen."""
        return self.folder

    async def perform(self, permit: Permit) -> Sent:
        """Give the file its name at once, never over another one."""
        if not await permit.holds() or not permit.in_time():
            return Sent.NOT_SENT
        try:
            self.workshop.place(self.folder, self.name, self.draft)
        except AlreadyThere:
            return Sent.UNKNOWN  # under our own reference: somebody of ours was here
        except ApplicationException:
            return Sent.NOT_SENT  # nothing was written
        return Sent.ANSWERED
