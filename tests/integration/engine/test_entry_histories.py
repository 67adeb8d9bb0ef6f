"""Property: no sequence of events ends a case with an entry that is not proven, nor enters twice what nobody decided twice.

A state machine of hypothesis over the engine's own functions and PostgreSQL's own rules; no rule of ours is repeated. Every
session that ever had the case lives on and goes on acting, dead lease or not. The oracle is the application's own list.
``GLR_HISTORIES=500`` looks deeper.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from entry_lanes import DAY, EntryLanes, Lane, limits
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from robot_world import PROJECT

from orchestrator.bootstrap.world import load_keywords
from orchestrator.domain.cases import AskHuman, Cause, Decision, End, RetryIn
from orchestrator.domain.civil import Period
from orchestrator.domain.entries import EntryPlan, EntrySeen, Sighting, classify, classify_doubt, token_of
from orchestrator.domain.errors import BusinessException, EntryElsewhere, EntryInDoubt, LeaseLost, RobotsStopped
from orchestrator.domain.money import Euros
from orchestrator.engine import doubts
from orchestrator.engine.claimed import Claimed
from orchestrator.engine.doubts import begin
from orchestrator.engine.due import DueEntry
from orchestrator.engine.entry_ledger import EntryLedger, EntryRow, held
from orchestrator.engine.lease import LeasePermit
from orchestrator.engine.settle import give_back, settle
from orchestrator.engine.work import Attempt
from orchestrator.language.load import load_scenario
from orchestrator.settings import Settings
from orchestrator.store.accounts import create_account
from orchestrator.store.database import Database, StoreError

USUAL = 30
HISTORIES = int(os.environ.get("GLR_HISTORIES", str(USUAL)))
STEPS = 30
TEN, PERIOD, SUBJECT = Euros(1_000), Period(start=DAY, end=DAY), "A000001"
#: What the engine and the database say to an event that comes at the wrong moment.
REFUSALS = (LeaseLost, EntryInDoubt, EntryElsewhere, BusinessException, RobotsStopped, StoreError)
CASES = "select id, reference, state::text as state from cases where run = any (%s) order by created_at desc"
ENTRIES = """
    select entry.id, entry.case_id, entry.ordinal, entry.state::text as state, entry.token, entry.reference, entry.payment
    from entry where effect_digest = %s order by ordinal
"""


@dataclass
class Home:
    """What all histories share: a database, its roles, a loop."""

    loop: asyncio.AbstractEventLoop
    lanes: EntryLanes
    owner: Database
    lane: Lane

    def run(self, work: Awaitable[Any]) -> Any:
        return self.loop.run_until_complete(work)


@dataclass
class Hand:
    """A session that has, or once had, the case."""

    case: Claimed
    ledger: EntryLedger
    row: EntryRow | None = None
    #: It has typed and not yet clicked.
    armed: bool = False


@dataclass
class Application:
    """Somebody else's list; what is sent may arrive late, and nothing arrives from a login that was ended."""

    lines: list[EntrySeen] = field(default_factory=list)
    on_the_way: list[EntrySeen] = field(default_factory=list)

    def take_in(self, line: EntrySeen) -> None:
        self.lines.append(replace(line, reference=f"AC-{len(self.lines) + 1}"))


HOME: dict[str, Home] = {}
#: What becomes of a request.
ARRIVES = st.sampled_from(["arrives", "arrives", "arrives", "late", "lost"])
#: What was reached, so that the histories are known to go far enough.
REACHED: Counter[str] = Counter()


class Histories(RuleBasedStateMachine):
    """One case with one entry."""

    def __init__(self) -> None:
        super().__init__()
        self.home, self.application = HOME["home"], Application()
        self.hands: list[Hand] = []
        self.decided = 0

    # --- what happens ------------------------------------------------------------------------------------------------

    @initialize(payment=st.booleans())
    def loaded(self, payment: bool) -> None:  # noqa: FBT001
        lanes = self.home.lanes
        step = lanes.scenario.entries[0]
        assert step.keyword.entry is not None
        rules = replace(step.keyword.entry, payment=payment)
        self.step = replace(step, keyword=replace(step.keyword, entry=rules))
        self._do(self._leave_no_other_case())
        self.runs = [self.home.run(lanes.load(1))]
        self.digest = lanes.vault.blind("effect", str(self.runs))

    @rule()
    def deliver_again(self) -> None:
        """The same object comes again once its case is closed; a delivery decides nothing."""
        if self._rows(CASES, self.runs)[0]["state"] in {"ended", "rejected", "cancelled"}:
            self.runs.append(self.home.run(self.home.lanes.load(1)))

    @rule()
    def claim(self) -> None:
        case = self.home.run(self.home.lane.take())
        if case is not None:
            due = DueEntry(step=self.step, names={})
            self.hands.append(Hand(case=case, ledger=EntryLedger(self.home.lanes.bench(), case, due)))

    @rule(until=st.sampled_from([5, 5, 5, 1, 2, 3, 4]), how=ARRIVES)
    def work(self, until: int, how: str) -> None:
        """A session goes its way until it stops somewhere, dead or frozen."""
        self.claim()
        steps: list[Callable[[], None]] = [
            lambda: self.plan(0),
            lambda: self.look_and_arm(0),
            lambda: self.send(0, how),
            lambda: self.confirm(0),
            lambda: self.settle(0, "end"),
        ]
        for step in steps[:until] if self.hands else []:
            step()

    @rule(ended=st.booleans(), readable=st.booleans())
    def settle_a_doubt(self, ended: bool, readable: bool) -> None:  # noqa: FBT001
        """Another session finds what one left, ends its login or cannot, and looks."""
        self.lose_lease()
        self.claim()
        self.doubt(0)
        if ended:
            self.end_logins()
        self.look_after_doubt(0, readable)

    @rule(at=st.integers(0, 99))
    def plan(self, at: int) -> None:
        hand = self._hand(at)
        if hand is not None:
            hand.row = self._do(hand.ledger.plan(self.digest))

    @rule(at=st.integers(0, 99))
    def look_and_arm(self, at: int) -> None:
        """Look first, as the protocol does; only what is absent is intended."""
        hand = self._hand(at)
        if hand is None or hand.row is None or hand.row.settled:
            return
        plan = EntryPlan(token=hand.row.token, amount=TEN, period=PERIOD, subject=SUBJECT, earlier=hand.row.earlier)
        sighting, seen = classify(self.application.lines, plan)
        if sighting is Sighting.ABSENT:
            hand.armed = self._do(self._intend(hand)) is not None
        elif sighting is Sighting.OURS and seen is not None:
            self._do(hand.ledger.confirm(hand.row, seen))

    @rule(at=st.integers(0, 99), how=ARRIVES)
    def send(self, at: int, how: str) -> None:
        """Send what was armed, when the permit says so: it arrives, arrives later, or is lost on the way."""
        hand = self._hand(at)
        if hand is None or hand.row is None or not hand.armed:
            return
        hand.armed = False
        if not self.home.run(LeasePermit(hand.case.lease, self.home.lanes.database, "compta").holds()):
            return
        line = EntrySeen(
            reference="", amount=TEN, period=PERIOD, author="acompte-ij", token=hand.row.token, subject=SUBJECT
        )
        if how == "late":
            self.application.on_the_way.append(line)
        elif how == "arrives":
            self.application.take_in(line)

    @rule()
    def arrive(self) -> None:
        if self.application.on_the_way:
            self.application.take_in(self.application.on_the_way.pop())

    @rule(at=st.integers(0, 99))
    def confirm(self, at: int) -> None:
        hand = self._hand(at)
        if hand is None or hand.row is None:
            return
        ours = [line for line in self.application.lines if line.token == hand.row.token]
        if ours:
            self._do(hand.ledger.confirm(hand.row, ours[0]))

    @rule(at=st.integers(0, 99))
    def doubt(self, at: int) -> None:
        hand = self._hand(at)
        if hand is not None:
            hand.armed = False
            self._do(self._begin_doubt(hand))

    @rule()
    def end_logins(self) -> None:
        """Nothing more comes of a login that was ended."""
        self.application.on_the_way.clear()
        for hand in self.hands:
            hand.armed = False
        self._do(self._login_ended())

    @rule(at=st.integers(0, 99), readable=st.booleans())
    def look_after_doubt(self, at: int, readable: bool) -> None:  # noqa: FBT001
        hand = self._hand(at)
        if hand is None or not readable:
            return
        row = self._do(hand.ledger.known(self.digest))
        if row is None or row.state != "doubtful" or not row.ours or self._do(hand.ledger.in_peace(row)) is not False:
            return
        sighting, seen = classify_doubt(self.application.lines, row.token, SUBJECT, lambda _: True, row.earlier)
        self._do(hand.ledger.settle_doubt(row, sighting, seen))

    @rule(at=st.integers(0, 99), what=st.sampled_from(["end", "retry", "ask"]))
    def settle(self, at: int, what: str) -> None:
        hand = self._hand(at)
        if hand is None:
            return
        decisions: dict[str, Decision] = {
            "end": End(name="entered"),
            "retry": RetryIn(delay=timedelta(0), reason="X", cause=Cause.APPLICATION),
            "ask": AskHuman(cause=Cause.APPLICATION, code="X", message="x"),
        }
        bench = self.home.lanes.bench()
        self._do(settle(bench, Attempt(bench, hand.case), decisions[what]))

    @rule(at=st.integers(0, 99))
    def give_back(self, at: int) -> None:
        hand = self._hand(at)
        if hand is not None:
            bench = self.home.lanes.bench()
            self._do(give_back(bench, Attempt(bench, hand.case)))

    @rule()
    def lose_lease(self) -> None:
        self._sql(
            "update cases set lease_until = now() - interval '1 s' where run = any (%s) and state = 'leased'", self.runs
        )
        self._do(self._sweep())

    @rule(state=st.sampled_from(["ready"] * 6 + ["rejected", "cancelled", "ended", "waiting"]))
    def person_moves(self, state: str) -> None:
        """What any code of the console could try; PostgreSQL says what may be."""
        values = {"ended": ", ended_as = 'entered'", "waiting": ", wait_until = now()"}.get(state, "")
        text = f"update cases set state = '{state}'{values} where run = any (%s) and state not in ('leased', '{state}')"
        self._do(self._as_person("a.martin", text, self.runs))
        self._do(self._as_person("a.martin", _CLOSE, self.runs))

    @rule()
    def person_decides_once_more(self) -> None:
        """Two people decide that what was made is due once more."""
        made = self._rows(ENTRIES, self.digest)
        if made and self._do(self._decide_once_more(made[-1]["id"], made[-1]["case_id"])):
            self.decided += 1
            self.deliver_again()

    @rule(to=st.sampled_from(["planned", "confirmed"]))
    def robot_would_settle_a_doubt(self, to: str) -> None:
        """What a wrong program could write; PostgreSQL alone says no."""
        proof = ", reference = 'AC-0', settled_at = now()" if to == "confirmed" else ""
        self._do(self._as_robot(f"update entry set state = '{to}'{proof} where state = 'doubtful'"))

    @rule()
    def robot_would_end_the_case(self) -> None:
        free = "ended_as = 'entered', leased_by = null, lease_until = null"
        self._do(self._as_robot(f"update cases set state = 'ended', {free} where state = 'leased'"))

    @rule(ordinal=st.integers(2, 3))
    def robot_would_make_an_ordinal(self, ordinal: int) -> None:
        self._do(self._as_robot(_ORDINAL, ordinal, self.digest))

    # --- what must hold ----------------------------------------------------------------------------------------------

    @invariant()
    def holds(self) -> None:
        if not hasattr(self, "digest"):
            return
        entries, cases = self._rows(ENTRIES, self.digest), self._rows(CASES, self.runs)
        lines = self.application.lines
        REACHED.update(
            [f"case {cases[0]['state']}", *(f"entry {entry['ordinal']} {entry['state']}" for entry in entries)]
        )
        ended = {case["id"] for case in cases if case["state"] == "ended"}
        assert not [
            entry for entry in entries if entry["case_id"] in ended and entry["state"] in {"intent", "doubtful"}
        ]
        assert len(lines) <= 1 + self.decided, "entered more often than decided"
        assert [entry["ordinal"] for entry in entries] == list(range(1, len(entries) + 1))
        assert len(entries) <= 1 + self.decided
        for entry in entries:
            shown = [line for line in lines if line.token == entry["token"]]
            assert len(shown) <= 1
            if entry["state"] == "confirmed":
                assert [line.reference for line in shown] == [entry["reference"]]
            if shown:  # what was sent is never taken for what was not
                assert entry["state"] != "planned"
        for case in cases:
            assert self._rows(_TOLD, case["reference"]) == [{"verb": f"case.{case['state']}"}]

    # --- how -----------------------------------------------------------------------------------------------------------

    def _hand(self, at: int) -> Hand | None:
        """One of the sessions, the last two more often than the others."""
        return self.hands[-1 - at % (2 if at % 3 and len(self.hands) > 1 else len(self.hands))] if self.hands else None

    def _do(self, work: Awaitable[Any]) -> Any:
        """Let it happen, or be refused."""
        with suppress(*REFUSALS):
            return self.home.run(work)
        return None

    def _rows(self, text: str, *values: object) -> list[dict[str, Any]]:
        async def ask() -> list[dict[str, Any]]:
            async with self.home.owner.transaction("test") as tx:
                return list(await (await tx.connection.execute(text.encode(), values)).fetchall())

        found: list[dict[str, Any]] = self.home.run(ask())
        return found

    def _sql(self, text: str, *values: object) -> None:
        self.home.run(self._as_person("test", text, *values))

    async def _as_person(self, login: str, text: str, *values: object) -> int:
        async with self.home.owner.transaction(f"agent:{login}") as tx:
            return (await tx.connection.execute(text.encode(), values)).rowcount

    async def _as_robot(self, text: str, *values: object) -> None:
        async with self.home.lanes.database.transaction("robot:acompte-ij") as tx:
            await tx.connection.execute(text.encode(), values)

    async def _intend(self, hand: Hand) -> bool:
        assert hand.row is not None
        await hand.ledger.intend(hand.row, TEN, b"values", "")
        return True

    async def _begin_doubt(self, hand: Hand) -> None:
        async with held(self.home.lanes.bench(), hand.case) as tx:
            await begin(tx, self.home.lanes.bench(), hand.case)

    async def _login_ended(self) -> None:
        text = "select entry, n from doubt where login_ended_at is null"
        async with self.home.lanes.database.transaction("robot:acompte-ij") as tx:
            for row in await (await tx.connection.execute(text.encode())).fetchall():
                await tx.run("doubts.login_ended", entry=row["entry"], n=row["n"])

    async def _sweep(self) -> None:
        async with self.home.lanes.database.transaction("sweep") as tx:
            await tx.all("cases.sweep_orphans")
            await tx.all("cases.sweep_waiting")

    async def _decide_once_more(self, entry: UUID, case: UUID) -> bool:
        decision, about = uuid4(), {"case_id": case, "caisse": "cpam-931"}
        async with self.home.owner.transaction("agent:a.martin") as tx:
            asked = await tx.first("further.ask", id=decision, entry=entry, reason="x", login="a.martin", **about)
        if asked is None:
            return False
        async with self.home.owner.transaction("agent:s.noir") as tx:
            if asked["state"] == "asked":
                assert await tx.run("further.decide", id=decision, state="agreed", login="s.noir", **about)
            effect = await tx.first("further.effect", id=decision)
            assert effect is not None
            token = token_of(effect["effect_digest"], effect["ordinal"])
            await tx.run("further.plan", id=uuid4(), further=decision, token=token)
        return True

    async def _leave_no_other_case(self) -> None:
        """The case of an earlier history is out of the robots' way."""
        async with self.home.owner.transaction("test") as tx:
            await tx.connection.execute("set local session_replication_role = replica")
            free = "lease_until = null, leased_by = null, wait_until = null, waits_for = null, ended_as = null"
            await tx.connection.execute(f"update cases set state = 'cancelled', {free}".encode())


#: Lived each time: what hypothesis draws depends on what else the process has loaded, so it may miss a decision.
ALWAYS: tuple[tuple[Callable[[Histories], None], ...], ...] = (
    (
        lambda h: h.loaded(payment=False),
        lambda h: h.work(5, "arrives"),
        lambda h: h.person_decides_once_more(),
        lambda h: h.work(5, "arrives"),
    ),
    (
        lambda h: h.loaded(payment=True),
        lambda h: h.work(3, "lost"),
        lambda h: h.settle_a_doubt(ended=True, readable=True),
        lambda h: h.settle(0, "ask"),
    ),
)


def lived(history: tuple[Callable[[Histories], None], ...]) -> None:
    """One history as it is written, each promise looked at after each event."""
    machine = Histories()
    for event in history:
        event(machine)
        machine.holds()


#: What the log says last of where a case stands.
_TOLD = """
    select verb from audit_outbox where object = %s and verb in ('case.ready', 'case.waiting', 'case.leased', 'case.exception',
        'case.ended', 'case.rejected', 'case.cancelled') order by id desc limit 1
"""
#: What no robot may do.
_ORDINAL = """
    insert into entry (id, caisse, effect_digest, scenario, application, keyword, payment, token, case_id, ordinal)
    select gen_random_uuid(), caisse, effect_digest, scenario, application, keyword, payment, 'GLR-B', case_id, %s
    from entry where effect_digest = %s and ordinal = 1
"""
#: A decision closes the exception that it settles.
_CLOSE = """
    update exception_item set closed_at = now(), closed_by = 'a.martin', decision = 'resend' from cases
    where cases.id = exception_item.case_id and cases.run = any (%s) and cases.state <> 'exception' and closed_at is null
"""


@pytest.fixture
def home(runner_url: str, owner_url: str, vault: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    monkeypatch.setattr(doubts, "FOLDER", timedelta(0))  # no real application is left in peace here
    loop = asyncio.new_event_loop()
    keywords = load_keywords(Settings(home=PROJECT))
    scenario = load_scenario(PROJECT / "scenarios" / "ij-acompte.yaml", keywords=keywords, caisse="cpam-931")

    async def opened(stop: Callable[[], Awaitable[None]]) -> None:
        database, owner = Database(runner_url, size=2), Database(owner_url, size=2)
        async with database, owner:
            lanes = EntryLanes(replace(scenario, limits=limits()), database, vault)
            await lanes.publish(runner_url)
            async with owner.transaction("owner") as tx:
                await create_account(tx, "a.martin", "cpam-931", "A", "agent", "correct cheval pile agrafe")
                await create_account(tx, "s.noir", "cpam-931", "S", "supervisor", "correct cheval pile agrafe")
            HOME["home"] = Home(loop=loop, lanes=lanes, owner=owner, lane=await lanes.lane())
            ready.set()
            await stop()

    ready, leaving = asyncio.Event(), asyncio.Event()

    async def stop() -> None:
        await leaving.wait()

    serving = loop.create_task(opened(stop))
    loop.run_until_complete(
        asyncio.wait([loop.create_task(ready.wait()), serving], return_when=asyncio.FIRST_COMPLETED)
    )
    yield HOME["home"]
    leaving.set()
    loop.run_until_complete(serving)
    loop.close()


def test_no_history_ends_with_an_entry_that_is_not_proven_or_enters_what_nobody_decided(home: Home) -> None:
    assert home is HOME["home"]
    how = settings(
        max_examples=HISTORIES, stateful_step_count=STEPS, deadline=None, derandomize=HISTORIES == USUAL, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    REACHED.clear()
    for history in ALWAYS:
        lived(history)
    run_state_machine_as_test(Histories, settings=how)
    assert {"case ended", "case exception", "entry 1 doubtful", "entry 1 confirmed", "entry 2 planned"} <= set(REACHED)
