"""The faults, drawn by seed: what is killed, frozen, ordered at a failpoint, delivered again (ENTER, The campaign)."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.campaign.disk import full
from orchestrator.campaign.house import House
from orchestrator.campaign.points import points_at
from orchestrator.campaign.restored import lose_and_bring_back

#: Between the check and the sending: what no check can close.
RESIDUE = {("in-the-gate", "freeze"), ("permitted", "freeze")}
#: The fault that needs a disk of its own (``--disk``).
DISK_FULL = "disk-full"
#: Seconds for which a disk stays full.
FULL = (2.0, 8.0)
#: Entries that a restored house has forgotten, at least.
_SINCE = 3
#: Sessions of a runner.
_SESSIONS = 2


@dataclass
class Faults:
    """Draws faults and carries them out; remembers what it froze."""

    house: House
    random: random.Random
    #: The only faults drawn, each as often, by name or as ``point.act``; empty: all but the residue, by weight.
    only: frozenset[str]
    #: How often each fault was carried out, orders apart.
    done: Counter[str] = field(default_factory=Counter)
    _frozen: dict[int, float] = field(default_factory=dict)
    _deliveries: int = 0
    _backup: Path | None = None
    #: How many entries there were then.
    _entered: int = 0

    def hit(self) -> None:
        """Draw one fault and carry it out, when there is something to hit."""
        named = {name: FAULTS.get(name) or _ordered(name) for name in sorted(self.only)}
        known = named or self._possible
        weights = None if named else [fault.weight for fault in known.values()]
        name = self.random.choices(list(known), weights)[0]
        if known[name].act(self):
            self.done[name] += 1

    @property
    def _possible(self) -> Mapping[str, Fault]:
        """All faults; a disk is filled only where one was given for that."""
        return FAULTS if self.house.disk else {name: fault for name, fault in FAULTS.items() if name != DISK_FULL}

    @property
    def total(self) -> int:
        """How many faults there were: those carried out, and the orders that a process has met."""
        return self.done.total() + self.met.total()

    def go_on(self) -> None:
        """Wake what was frozen long enough, also by its own failpoint."""
        for pid in self._stopped_by_themselves():
            self._frozen.setdefault(pid, time.monotonic() + self.house.target.frozen * self.house.lease)
        for pid, until in list(self._frozen.items()):
            if time.monotonic() > until:
                del self._frozen[pid]
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def calm(self) -> None:
        """Withdraw the orders that nobody has met, and wake everything."""
        for order in self._waiting_orders():
            order.unlink(missing_ok=True)
        while self._frozen or self._stopped_by_themselves():
            self.go_on()
            time.sleep(0.2)

    @property
    def met(self) -> Counter[str]:
        """How many orders each failpoint has carried out, by ``point.act``."""
        orders = (order.name.removeprefix("done-") for order in self.house.orders.glob("done-*"))
        return Counter(".".join(name.split(".")[:2]) for name in orders)

    def _one_goes_on(self) -> bool:
        """True while one more may be frozen: who is, and who is to be by an order that waits, leave a session at work."""
        stopped = self._frozen.keys() | set(self._stopped_by_themselves())
        return len(self._waiting_orders()) + len(stopped) < self._at_work() - 1

    def _at_work(self) -> int:
        """How many sessions may work at once."""
        wanted = sum(self.house.world.scenario(name).limits.parallel for name in self.house.target.scenarios)
        return min(_SESSIONS * self.house.runners, wanted)

    def _waiting_orders(self) -> list[Path]:
        return [order for order in self.house.orders.glob("*.*.*") if not order.name.startswith("done-")]

    def _stopped_by_themselves(self) -> list[int]:
        return [pid for pid in self.house.processes("session") if _is_stopped(pid)]

    # --- acts --------------------------------------------------------------------------------------------------------

    def kill(self, role: str) -> bool:
        """Kill a process of a role at once."""
        return self._signal(role, signal.SIGKILL) is not None

    def freeze(self, role: str) -> bool:
        """Freeze a process of a role past its lease, while another goes on."""
        pid = self._signal(role, signal.SIGSTOP) if self._one_goes_on() else None
        if pid is not None:
            self._frozen[pid] = time.monotonic() + self.house.target.frozen * self.house.lease
        return pid is not None

    def order(self, act: str, point: str = "") -> bool:
        """Order that who reaches a failpoint next is killed or frozen there; it counts once it was met.

        Drawn, it is any point but that of the residue: who is frozen between the gate's check and the sending may send when
        a person has looked already, which is stated and measured on its own (``--only in-the-gate.freeze``, or
        ``permitted.freeze`` at a green screen).
        """
        known = points_at(self.house.target.application)
        point = point or self.random.choice([name for name in known if (name, act) not in RESIDUE])
        if self._one_goes_on():
            (self.house.orders / f"{point}.{act}.{time.monotonic_ns()}").touch()
        return False

    def deliver_again(self) -> bool:
        """Deliver the same stops under another name with one row changed, to either scenario; or the very same file."""
        self._deliveries += 1
        scenario = self.random.choice(self.house.target.scenarios)
        same = self.random.random() < 0.3
        file = self.house.delivery if same else self.house.changed(self._deliveries)
        self.house.deliver(scenario, file)
        return True

    def fill_disk(self) -> bool:
        """Leave no room, for a few seconds, where the database, the evidence and the log are; orders wait meanwhile."""
        if self.house.disk is not None:
            with full(self.house.disk):
                time.sleep(self.random.uniform(*FULL))
        return self.house.disk is not None

    def restore(self) -> bool:
        """Save the house; drawn again, once robots have entered more, lose it and bring it back as it was then."""
        if self._backup is None:
            self._backup = self.house.practice.folder / f"maison-{time.monotonic_ns()}.glr"
            self._entered = self.house.entered()
            self.house.back_up(self._backup)
        elif self.house.entered() > self._entered + _SINCE:
            lose_and_bring_back(self.house, self._backup, machines=self.random.random() < 0.5)
            self._backup = None
            return True
        return False

    def _signal(self, role: str, number: signal.Signals) -> int | None:
        found = [pid for pid in self.house.processes(role) if pid not in self._frozen]
        if not found:
            return None
        pid = self.random.choice(found)
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return None
        return pid


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One kind of fault."""

    #: How often it is drawn, beside the others.
    weight: float
    act: Callable[[Faults], bool]


FAULTS: Mapping[str, Fault] = {
    "session-killed": Fault(weight=6, act=lambda faults: faults.kill("session")),
    "session-frozen": Fault(weight=3, act=lambda faults: faults.freeze("session")),
    "killed-at-a-point": Fault(weight=8, act=lambda faults: faults.order("kill")),
    "frozen-at-a-point": Fault(weight=6, act=lambda faults: faults.order("freeze")),
    "runner-killed": Fault(weight=1, act=lambda faults: faults.kill("runner")),
    "runner-frozen": Fault(weight=1, act=lambda faults: faults.freeze("runner")),
    "orchestrator-killed": Fault(weight=1, act=lambda faults: faults.kill("orchestrator")),
    "postgres-killed": Fault(weight=1, act=lambda faults: faults.kill("postgres")),
    "delivered-again": Fault(weight=0.5, act=lambda faults: faults.deliver_again()),
    "restored": Fault(weight=0.2, act=lambda faults: faults.restore()),
    DISK_FULL: Fault(weight=1, act=lambda faults: faults.fill_disk()),
}


def _ordered(name: str) -> Fault:
    point, _, act = name.partition(".")
    return Fault(weight=1, act=lambda faults: faults.order(act, point))


def _is_stopped(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:  # noqa: PTH123 - the kernel's own file
            return stat.read().rpartition(")")[2].split()[0] == "T"
    except (FileNotFoundError, ProcessLookupError):
        return False
