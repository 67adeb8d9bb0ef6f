"""Processes that can be killed or frozen wherever they wait for something: between any two things that others can see."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from contextvars import ContextVar
from dataclasses import dataclass, field

from orchestrator.simulation.story import Story

#: Seconds that one thing takes: mostly a moment, sometimes long enough for much else to happen.
_MOMENTS = (0.0, 0.001, 0.02, 0.3, 2.0)
#: Seconds a frozen process stands still: some shorter than a lease, some longer than all that is waited for after a doubt.
_FROZEN = (1.0, 20.0, 40.0, 120.0, 300.0, 500.0)
#: The same between an intent and its proof: past the lease, until just before the time limit of a case (180 s), or past all.
_FROZEN_ACT = (40.0, 120.0, 150.0, 165.0, 300.0, 500.0)
#: Most faults of a history.
_MOST = 6
#: Places between the intent and the proof, where what happens is dangerous.
ARMED, CHECKED, GATE, UNDER_WAY = "an armed form", "a checked permit", "in the gate", "a request under way"
_ACT = (ARMED, CHECKED, GATE, UNDER_WAY)
#: The other kinds of places at which a process waits.
_ELSEWHERE = ("before a transaction", "after a commit", "before a look", "after a look", "before a log-out")
#: One in so many waits is hurt: elsewhere, between intent and proof, and at the place that a history looks at closely; the
#: faults of a history that looks at an act closely are left for it.
_RARITY, _RARITY_ACT, _RARITY_CLOSE, _RARITY_BESIDE = 40, 4, 2, 160

#: The process in which something runs; None for what is never hurt.
HERE: ContextVar[Process | None] = ContextVar("HERE", default=None)


class CutOff(Exception):
    """The connection breaks here."""


@dataclass
class Hurt:
    """Draws what happens where a process waits, until the faults of a history are used up."""

    draw: random.Random
    story: Story
    #: How many faults are left.
    left: int = field(init=False)
    #: The place that this history looks at closely.
    close: str = field(init=False)
    #: What happened: ``kill``, ``freeze``, ``cut``, at which kind of place.
    happened: Counter[str] = field(default_factory=Counter)
    #: True once the history is over: whatever still waits goes.
    over: bool = False

    def __post_init__(self) -> None:
        self.left = self.draw.randint(0, _MOST)
        self.close = self.draw.choice((*_ACT, *_ACT, *_ACT, *_ELSEWHERE))

    def next(self, place: str, *, may_cut: bool) -> str:
        """Return the next fault, or nothing."""
        if self.left == 0 or self.draw.randrange(self._rarity(place)):
            return ""
        fault = self.draw.choice(("kill", "freeze", "cut") if may_cut else ("kill", "freeze"))
        self.left -= 1
        self.happened[f"{fault} {place}"] += 1
        return fault

    def _rarity(self, place: str) -> int:
        if place == self.close:
            return _RARITY_CLOSE
        if place in _ACT:
            return _RARITY_ACT
        return _RARITY_BESIDE if self.close in _ACT else _RARITY


@dataclass(eq=False)
class Process:
    """One process of a robot session."""

    name: str
    hurt: Hurt
    #: Its login in the application; empty before it logs in.
    login: str = ""
    #: True once it is killed.
    killed: bool = False
    #: Set once it has ended, or is killed.
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    _frozen_until: float = 0.0

    async def waits(self, place: str, *, may_cut: bool, in_a_breath: bool = False) -> None:
        """Wait a moment, and suffer what is drawn; a killed process never comes back. Raises :class:`CutOff`.

        ``in_a_breath``: what follows does not wait, so what was cancelled meanwhile ends only where it waits next.
        """
        await asyncio.sleep(self.hurt.draw.choice(_MOMENTS))
        fault = self.hurt.next(place, may_cut=may_cut)
        if fault == "kill":
            self.killed = True
            self.gone.set()
        if fault == "freeze":
            frozen = self.hurt.draw.choice(_FROZEN_ACT if place in _ACT else _FROZEN)
            self._frozen_until = asyncio.get_running_loop().time() + frozen
        if fault:
            until = f" until {self._frozen_until:.3f}" if fault == "freeze" else ""
            self.hurt.story.tell(f"{self.name} · {fault} {place}{until}")
        try:
            await self.stands(in_a_breath=in_a_breath)
        finally:
            if fault == "freeze" and not self.hurt.over:
                self.hurt.story.tell(f"{self.name} · wakes {place}")
        if fault == "cut":
            raise CutOff

    async def stands(self, *, in_a_breath: bool = False) -> None:
        """Go on only while the process runs; what was cancelled while it stood still is cancelled when it goes on."""
        loop, cancelled = asyncio.get_running_loop(), False
        while not self.hurt.over and (self.killed or self._frozen_until > loop.time()):
            try:
                if self.killed:
                    await loop.create_future()  # nothing of it happens any more, not even what cleans up
                await asyncio.sleep(self._frozen_until - loop.time())
            except asyncio.CancelledError:
                cancelled = True
        if cancelled and in_a_breath and not self.hurt.over and (task := asyncio.current_task()):
            task.uncancel()  # the same request to end, made once more
            task.cancel()
        elif cancelled or self.hurt.over:
            raise asyncio.CancelledError


async def waits(place: str, *, may_cut: bool = False, in_a_breath: bool = False) -> None:
    """Let the process in hand wait at a kind of place, where it may be hurt."""
    process = HERE.get()
    if process is None:
        await asyncio.sleep(0.001)
    else:
        await process.waits(place, may_cut=may_cut, in_a_breath=in_a_breath)
