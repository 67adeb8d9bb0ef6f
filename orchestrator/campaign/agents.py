"""The people of a campaign: an agent who settles doubts as the guide says, and a supervisor who approves nothing twice.

They use the real console and the real applications, and look nowhere else but in the ledger of where robots enter.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field

import httpx

from checker.evidence import Line, read_ledger
from orchestrator.campaign.console import Console
from orchestrator.campaign.hands import HANDS, NotNow
from orchestrator.campaign.house import House
from orchestrator.campaign.targets import Effect

_HIDDEN = re.compile(r'<input type="hidden" name="(version|version_dossier)" value="(\d+)">')
#: Stops that people enter before the robots come.
_FIRST = 4


@dataclass
class Agent:
    """Settles doubts: found in the application, closed by its number; not found, entered by hand and closed by the new one."""

    house: House
    #: Seconds after a doubt is shown before it is looked at.
    grace: float
    #: What was settled.
    settled: int = 0
    _console: Console = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._console = Console(house=self.house, login="agent")

    def settle(self) -> None:
        """Settle what may be; a console that is down is tried again next time."""
        try:
            for doubt in self.house.first("campaign.doubts", grace=self.grace):
                effect = self.house.objects(doubt["file_name"])[doubt["line"] - 1]
                seen = self._seen(effect)
                number = seen[0].number if seen else self._enter(effect)
                self._close(str(doubt["id"]), number)
                self.settled += 1
        except (httpx.HTTPError, NotNow):
            self._console.leave()

    def come_first(self, draw: random.Random) -> None:
        """Enter a few objects by hand before any robot works, as people do when nobody told them that one is coming."""
        for effect in draw.sample(self.house.objects(self.house.delivery.name)[1:-1], _FIRST):
            try:
                self._enter(effect)
            except NotNow:  # a row whose NIR is wrong, or the application failed before it committed
                continue

    # --- in the application ------------------------------------------------------------------------------------------

    def _seen(self, effect: Effect) -> list[Line]:
        return [line for line in read_ledger(self.house.ledger) if line.effect == effect]

    def _enter(self, effect: Effect) -> str:
        HANDS[self.house.target.application](self.house, effect)
        found = self._seen(effect)
        if not found:
            raise NotNow("l'application ne montre pas la saisie")
        return found[-1].number

    # --- in the console ----------------------------------------------------------------------------------------------

    def _close(self, item: str, number: str) -> None:
        address = f"/exceptions/{item}"
        self._console.post(f"{address}/prendre", self._console.page(address))
        shown = self._console.page(address)
        said = {"decision": "done_by_hand", "reference": number}
        self._console.post(f"{address}/decision", shown, **said, **dict(_HIDDEN.findall(shown)))
