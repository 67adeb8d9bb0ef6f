"""Failpoints: named places of the protocol where a process kills or freezes itself when the campaign has ordered it.

An order is a file ``<point>.<act>.<number>``; who renames it carries it out, so that each is carried out once.
"""

from __future__ import annotations

import asyncio
import functools
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from orchestrator.drivers import act, gate, terminal_act
from orchestrator.engine import enter, entry_ledger, session, work

_SIGNALS = {"kill": signal.SIGKILL, "freeze": signal.SIGSTOP}


#: Seconds after its beginning at which a function is hit that an application lets wait.
_UNDER_WAY = 0.5


class When(Enum):
    """Where a failpoint stands in a function of the engine."""

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"


@dataclass(frozen=True, kw_only=True)
class Place:
    """One failpoint."""

    #: A class or a module, and its function.
    owner: Any
    function: str
    when: When

    @property
    def driver(self) -> str:
        """The module of the driver that it is in; empty: in the engine, which every act goes through."""
        name = str(getattr(self.owner, "__module__", self.owner.__name__))
        return name if ".drivers." in name else ""


def _before(owner: Any, function: str) -> Place:  # noqa: ANN401
    return Place(owner=owner, function=function, when=When.BEFORE)


def _after(owner: Any, function: str) -> Place:  # noqa: ANN401
    return Place(owner=owner, function=function, when=When.AFTER)


#: Every failpoint, in the order in which a case meets them.
POINTS = {
    "claimed": _after(session.RobotSession, "_claim"),
    "read": _after(work.Attempt, "steps"),
    "planned": _after(entry_ledger.EntryLedger, "plan"),
    "looked": _after(enter.Entering, "_already_there"),
    "intending": _before(entry_ledger.EntryLedger, "intend"),
    "intended": _after(entry_ledger.EntryLedger, "intend"),
    "clicking": _before(act.WebAct, "_click"),
    "asked": _before(act._DialogAnswer, "answer"),  # noqa: SLF001 - the confirm() is open
    "answering": _after(act._DialogAnswer, "_may_go"),  # noqa: SLF001
    "at-the-gate": _before(gate.Gate, "_may_pass"),
    "in-the-gate": _after(gate.Gate, "_may_pass"),
    "on-the-way": Place(owner=gate.Gate, function="_send", when=When.DURING),
    "sent": _after(gate.Gate, "_send"),
    "performed": _after(act.WebAct, "perform"),
    "at-the-key": _before(terminal_act.TerminalAct, "_may_go"),
    "permitted": _after(terminal_act.TerminalAct, "_may_go"),
    "key-on-the-way": Place(owner=terminal_act.TerminalAct, function="_press", when=When.DURING),
    "pressed": _after(terminal_act.TerminalAct, "_press"),
    "reading-back": _before(enter.Entering, "_prove"),
    "confirming": _before(entry_ledger.EntryLedger, "confirm"),
    "confirmed": _after(entry_ledger.EntryLedger, "confirm"),
    "left-in-peace": _after(session, "leave_in_peace"),
    "looking": _before(enter.Entering, "_look_after_doubt"),
    "looked-again": _after(entry_ledger.EntryLedger, "settle_doubt"),
    "settling": _before(session, "settle"),
    "settled": _after(session, "settle"),
}

#: What may be ordered at a failpoint, as ``point.act``.
ORDERS = tuple(f"{point}.{act}" for point in POINTS for act in _SIGNALS)

_GREEN = {"progres"}


def points_at(application: str) -> list[str]:
    """Return the failpoints that an entry in an application goes through."""
    other = {act.__name__, gate.__name__} if application in _GREEN else {terminal_act.__name__}
    return [name for name, place in POINTS.items() if place.driver not in other]


def met_at(application: str, drawn: frozenset[str]) -> frozenset[str]:
    """Return those of some faults that an entry in an application can meet; what is no order can be met anywhere."""
    known = points_at(application)
    return frozenset(name for name in drawn if name.partition(".")[0] in known or name not in ORDERS)


def install(orders: Path) -> None:
    """Put every failpoint in place, in this process; ``orders``: the folder in which the campaign leaves its orders."""
    for name, place in POINTS.items():
        function = getattr(place.owner, place.function)
        setattr(place.owner, place.function, _watched(function, functools.partial(_reach, orders, name), place.when))


def _watched(
    function: Callable[..., Awaitable[Any]], reach: Callable[[], None], when: When
) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(function)
    async def watched(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - of the function
        if when is When.BEFORE:
            reach()
        under_way = asyncio.get_running_loop().call_later(_UNDER_WAY, reach) if when is When.DURING else None
        try:
            result = await function(*given, **named)
        finally:
            if under_way:
                under_way.cancel()
        if when is When.AFTER:
            reach()
        return result

    return watched


def _reach(orders: Path, name: str) -> None:
    for order in sorted(orders.glob(f"{name}.*")):
        act = order.name.split(".")[1]
        try:
            order.rename(orders / f"done-{order.name}.{os.getpid()}")
        except FileNotFoundError:  # another process was first
            continue
        os.kill(os.getpid(), _SIGNALS[act])
        return
