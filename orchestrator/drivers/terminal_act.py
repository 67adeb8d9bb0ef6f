"""Performing an act of a green screen: one key, pressed only while its permit holds (ENTER, 3).

The permit is asked just before the key is written to the pipe, after the screen was looked at a last time. A
process that is frozen exactly between the two can still press it, as with a web act: that residue is why a doubt is left in
peace and looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.domain.errors import GlrError
from orchestrator.drivers import terminal_contracts
from orchestrator.drivers.act import Sent
from orchestrator.drivers.gate import Permit
from orchestrator.drivers.terminal_screen import Rows

if TYPE_CHECKING:
    from orchestrator.drivers.terminal_desk import TerminalDesk


@dataclass
class TerminalAct:
    """A form that stands there, filled, waiting for its permit."""

    desk: TerminalDesk
    contract: terminal_contracts.TerminalAct
    #: What the terminal showed when it was prepared: whatever else stands there now is not what was approved.
    shown: Rows
    #: The screen and the key that enter.
    screen: str
    key: terminal_contracts.Key

    async def perform(self, permit: Permit) -> Sent:
        """Press the key once; the terminal is thrown away when anything is unclear."""
        if not await self._may_go(permit):
            await self.desk.discard()
            return Sent.NOT_SENT
        sent = await self._press()
        if sent is Sent.UNKNOWN:
            await self.desk.discard()
        return sent

    async def _may_go(self, permit: Permit) -> bool:
        try:
            unchanged = self.desk.pid is not None and await self.desk.rows() == self.shown
        except GlrError:  # the terminal is gone: nothing was pressed
            return False
        allowed = unchanged and await permit.holds() and permit.in_time()
        if not allowed:
            self.desk.acts.denied()
        return allowed

    async def _press(self) -> Sent:
        """Press, and read what came; whatever fails from here on, the key may have arrived."""
        try:
            await self.desk.press(self.screen, self.key, permitted=True)
            landed = await self.desk.recognise(self.contract.leads_to)
        except GlrError:
            return Sent.UNKNOWN
        return Sent.ANSWERED if landed.name in self.contract.leads_to else Sent.UNKNOWN
