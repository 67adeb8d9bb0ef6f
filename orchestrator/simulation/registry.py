"""An application that is made up: a ledger, a form, logins, and whatever can go wrong between a request and its answer."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from datetime import date

from checker.evidence import Line
from orchestrator.domain.civil import Period
from orchestrator.domain.entries import EntrySeen
from orchestrator.domain.errors import ApplicationException
from orchestrator.domain.money import Euros
from orchestrator.simulation.processes import HERE, waits
from orchestrator.simulation.story import Story

#: Seconds between a request and its commit. The longest are longer than a lease, and all shorter than ``QUIET``.
_COMMIT = (0.0, 0.1, 1.0, 9.0, 80.0, 80.0)
#: Seconds for which the application is left in peace after a doubt.
QUIET = 90.0
#: Seconds after which whoever asked waits for no answer.
_PATIENCE = 5.0
#: The answers of a form: most are as they should be.
_ANSWERS = ("answered",) * 5 + ("error after", "lost after", "slow", "error before")
#: One in so many pages fails, one in so many log-outs works where they may fail, one in so many amounts is kept as another.
_PAGE_FAILS, _LOG_OUT_WORKS, _ALTERED = 12, 4, 8
_PERIOD = Period(start=date(2026, 3, 2), end=date(2026, 3, 15))
#: Who enters by hand.
AGENT = "A1001"


@dataclass(eq=False)
class Registry:
    """The application, which outlives whoever talks to it."""

    draw: random.Random
    story: Story
    #: What goes wrong stops with the faults of a history.
    calm: bool = False
    #: True: a log-out may fail.
    clings: bool = False
    #: True: what is kept may be another amount than what was typed.
    alters: bool = False
    lines: list[Line] = field(default_factory=list)
    #: Logins that were ended.
    ended: set[str] = field(default_factory=set)
    _logins: int = 0
    _under_way: set[asyncio.Task[str]] = field(default_factory=set)

    @property
    def under_way(self) -> bool:
        """True while something that it took is not committed."""
        return not all(each.done() for each in self._under_way)

    # --- what is asked of it -----------------------------------------------------------------------------------------

    def logged_in(self) -> str:
        """Return the login of the process in hand, a new one when it was ended."""
        process = HERE.get()
        if process is None:
            return ""
        if not process.login or process.login in self.ended:
            self._logins += 1
            process.login = f"L-{self._logins}"
        return process.login

    async def leave(self, login: str) -> bool:
        """End a login; False when it may stand."""
        await waits("before a log-out")
        if not login or (self.clings and self.draw.randrange(_LOG_OUT_WORKS)):
            return False
        self.ended.add(login)
        self.story.tell(f"registre · connexion {login} terminée")
        return True

    async def seen(self, subject: str) -> list[EntrySeen]:
        """Show what stands there; may fail, as any page."""
        await waits("before a look")
        if not self.calm and self.draw.randrange(_PAGE_FAILS) == 0:
            raise ApplicationException("page de maintenance")
        found = [_shown(line) for line in self.lines if line.effect[1] == subject]
        await waits("after a look")
        return found

    async def submitted(self, login: str, subject: str, amount: Euros, token: str) -> str:
        """Take a request of a login, and return the number that its answer shows; empty when it has no clear answer.

        What it does goes on without whoever sent it.
        """
        if login in self.ended:
            self.story.tell(f"registre · demande pour {subject} refusée : {login} est terminée")
            return ""
        answer = "answered" if self.calm else self.draw.choice(_ANSWERS)
        self.story.tell(f"registre · demande pour {subject} : {answer}")
        if answer == "error before":
            return ""
        delay = self.draw.choice(_COMMIT)
        kept = Euros(amount.centimes + 100) if self._altered() else amount
        task = asyncio.get_running_loop().create_task(self._committed(delay, subject, kept, token))
        self._under_way.add(task)
        if answer == "slow":
            return ""
        await asyncio.sleep(min(delay + 0.001, _PATIENCE))
        return task.result() if task.done() and answer == "answered" else ""

    def by_hand(self, subject: str, amount: Euros) -> str:
        """Let an agent enter; returns the application's number."""
        return self._line(subject, amount, "", AGENT)

    # --- inside ------------------------------------------------------------------------------------------------------

    def _altered(self) -> bool:
        return self.alters and not self.calm and self.draw.randrange(_ALTERED) == 0

    async def _committed(self, delay: float, subject: str, amount: Euros, token: str) -> str:
        await asyncio.sleep(delay)
        return self._line(subject, amount, token, "robot")

    def _line(self, subject: str, amount: Euros, token: str, author: str) -> str:
        number = f"R-{len(self.lines) + 1:04}"
        at = f"{asyncio.get_running_loop().time():.3f}"
        self.lines.append(
            Line(number=number, effect=("", subject), amount_c=amount.centimes, token=token, author=author, at=at)
        )
        self.story.tell(f"registre · {number} : {subject}, {amount}, {author} {token}")
        return number


def _shown(line: Line) -> EntrySeen:
    return EntrySeen(
        reference=line.number,
        amount=Euros(line.amount_c),
        period=_PERIOD,
        author=line.author,
        token=line.token,
        subject=line.effect[1],
    )
