"""The guards of the protocol, and how each is taken out: a campaign that stays green without one proves nothing.

Each takes out one thing alone; what then goes wrong is what that guard is there for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from orchestrator.domain.cases import Done
from orchestrator.domain.entries import EntrySeen
from orchestrator.drivers import act, desk, gate, terminal_act
from orchestrator.drivers.desk import WebDesk
from orchestrator.drivers.screens import script
from orchestrator.engine import doubts, enter, entry_ledger, lease, work
from orchestrator.language.model import Control
from orchestrator.store import database
from orchestrator.store.queries import query

_NO_FENCE = "(() => { window.__glrFence = { arm: () => {} }; })"
#: What every write of a session asks of the case in hand, and what is left of that: that nobody has settled it.
_OURS = "and epoch = %(epoch)s and leased_by = %(session)s and state = 'leased' and lease_until > now()"
_ANYBODY = {
    "cases.held": "",
    "cases.may_begin": "",
    "cases.lock_held": "",
    "cases.renew": "and state = 'leased'",
    "cases.settle": "and state = 'leased'",
    "cases.keep_findings": "and state = 'leased'",
}
#: Seconds: a deadline that no process meets.
_FAR = 7 * 86400.0


async def _yes(*_: object, **__: object) -> bool:
    return True


async def _no(*_: object, **__: object) -> bool:
    return False


async def _nothing(*_: object, **__: object) -> None:
    return


def _without_lease() -> None:
    """Let a session go on with a case that it has lost: no epoch there, no deadline here or in the page."""

    def reworded(name: str) -> str:
        return query(name).replace(_OURS, _ANYBODY[name]) if name in _ANYBODY else query(name)

    for module in (database, lease):
        module.query = reworded  # type: ignore[attr-defined]
    lease.Lease.in_time = lambda self: True  # type: ignore[method-assign] # noqa: ARG005
    lease.LeasePermit.until = property(lambda self: self.lease.wall_deadline + _FAR)  # type: ignore[assignment, method-assign]


def _without_intent() -> None:
    entry_ledger.EntryLedger.intend = _nothing  # type: ignore[method-assign]


def _without_look_first() -> None:
    enter.Entering._already_there = _no  # type: ignore[method-assign] # noqa: SLF001


def _without_owners_control() -> None:
    """Take out the control of the scenario that reads what the look-up will read: it would stop most of it, by chance."""
    known = work.Attempt._holds  # noqa: SLF001

    def holds(self: work.Attempt, control: Control, names: Mapping[str, object]) -> bool:
        return control.code == "R-ACP" or known(self, control, names)

    work.Attempt._holds = holds  # type: ignore[method-assign] # noqa: SLF001


def _without_dialog_check() -> None:
    act._DialogAnswer._may_go = _yes  # type: ignore[method-assign] # noqa: SLF001


def _without_gate() -> None:
    async def passes(self: gate.Gate, *_: object) -> bool:
        if self.passage is not None:
            self.passage.seen += 1
        return True

    gate.Gate._may_pass = passes  # type: ignore[assignment, method-assign] # noqa: SLF001


def _without_key_permit() -> None:
    terminal_act.TerminalAct._may_go = _yes  # type: ignore[method-assign] # noqa: SLF001


def _without_script() -> None:
    desk.script = lambda name: _NO_FENCE if name == "fence" else script(name)  # type: ignore[attr-defined, assignment]


def _without_read_back() -> None:
    async def proves(self: enter.Entering, entry: enter.Planned) -> Done:
        """Believe the page that answered: its number is the proof."""
        at = self.bench.desks[self.step.keyword.application]
        page = at.page if isinstance(at, WebDesk) else None
        seen = EntrySeen(
            reference=page.url.rpartition("/")[2] if page else "",
            amount=entry.plan.amount,
            period=entry.plan.period,
            author=self.bench.robot,
            token=entry.plan.token,
            subject=entry.plan.subject,
        )
        await self._confirm(entry.row, seen)
        return Done(name="entered")

    enter.Entering._prove = proves  # type: ignore[method-assign] # noqa: SLF001


def _without_settle() -> None:
    """Look at once: nothing is left in peace, and no login is ended first."""
    doubts.quiet_of = lambda *_: timedelta(0)
    doubts.end_login = _yes  # type: ignore[attr-defined]


def _without_log_out() -> None:
    """End no login: as where an application has no log-out, or one that ends nothing."""
    doubts.end_login = _no  # type: ignore[attr-defined]


def _without_effect_key() -> None:
    """Let each case have an entry of its own for one effect, as if the key named the case."""

    def of_the_case(method: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
        def asked(self: entry_ledger.EntryLedger, digest: bytes, *rest: object) -> Awaitable[object]:
            return method(self, sha256(digest + self.case.id.bytes).digest(), *rest)

        return asked

    for name in ("known", "plan", "by_hand"):
        setattr(entry_ledger.EntryLedger, name, of_the_case(getattr(entry_ledger.EntryLedger, name)))


_ON_THE_WAY = frozenset({"on-the-way.kill", "key-on-the-way.kill"})


@dataclass(frozen=True, kw_only=True)
class Guard:
    """A guard, how it is taken out, and the faults in which it alone stands between a robot and a second entry."""

    take_out: Callable[[], None]
    #: Faults by name (:data:`orchestrator.campaign.faults.FAULTS`) or orders as ``point.act``, of pages and of green screens.
    faults: frozenset[str]
    #: What the applications do wrong.
    answers: str = ""


#: Every guard that can be taken out. The script, the dialog and the gate stand behind each other: see docs/reliability.md.
GUARDS: Mapping[str, Guard] = {
    "lease-epoch": Guard(
        take_out=_without_lease,
        faults=frozenset({"intended.freeze", "clicking.freeze", "asked.freeze", "at-the-key.freeze"}),
    ),
    "intent": Guard(take_out=_without_intent, faults=_ON_THE_WAY, answers="slow=0.5,slow_seconds=18"),
    "settle": Guard(take_out=_without_settle, faults=_ON_THE_WAY, answers="slow=0.5,slow_seconds=18"),
    "log-out": Guard(take_out=_without_log_out, faults=frozenset({"in-the-gate.freeze"})),
    "look-first": Guard(take_out=_without_look_first, faults=frozenset({"session-killed"})),
    "owners-control": Guard(take_out=_without_owners_control, faults=frozenset({"session-killed"})),
    "default-deny": Guard(take_out=_without_script, faults=frozenset({"clicking.freeze"})),
    "dialog-check": Guard(take_out=_without_dialog_check, faults=frozenset({"asked.freeze"})),
    "request-gate": Guard(take_out=_without_gate, faults=frozenset({"at-the-gate.freeze"})),
    "key-permit": Guard(take_out=_without_key_permit, faults=frozenset({"at-the-key.freeze"})),
    "read-back": Guard(take_out=_without_read_back, faults=frozenset({"session-killed"}), answers="alter=0.3"),
    "effect-key": Guard(
        take_out=_without_effect_key, faults=frozenset({"session-killed"}), answers="slow=1.0,slow_seconds=16"
    ),
}
