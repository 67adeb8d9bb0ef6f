"""One robot session: a process that claims cases one after the other, works them on its logged-in desks, and settles them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from orchestrator.domain.cases import AskHuman, Decision, Failed, Outcome, RetryPolicy, decide
from orchestrator.domain.errors import (
    ApplicationException,
    BrowserGone,
    EntryInDoubt,
    GlrError,
    LeaseLost,
    LoginRefused,
    ReleaseChanged,
    RobotsStopped,
    TooSlow,
)
from orchestrator.drivers.witness import Witness
from orchestrator.engine.canary import Canary, Found, Propose, close_application, closed
from orchestrator.engine.claimed import Claimed
from orchestrator.engine.conclude import conclude, keep_record
from orchestrator.engine.doubts import begin, leave_in_peace
from orchestrator.engine.evidence import keep_capture
from orchestrator.engine.hand import LONGEST, Hand
from orchestrator.engine.lease import Heartbeat, Lease, clocks
from orchestrator.engine.settle import end_together, give_back, plain_end, put_back, settle, tell_rest
from orchestrator.engine.suite_steps import SuiteStuck
from orchestrator.engine.turns import OpenVersion, claim_several, hand_over_lacking, next_turn
from orchestrator.engine.work import Attempt, Workbench
from orchestrator.store.database import StoreUnavailable, array

#: Longest time for one case, seconds; no sign of life is given beyond it.
CASE_LIMIT = 180.0
#: A case at which that many sessions in a row have ended without a word goes to a person.
SILENT = 5
#: A session is recycled after that many cases: leaks end with their process.
RECYCLE_AFTER = 500
#: Seconds between two looks when cases will be ready in a moment.
PAUSE = 0.5
#: Seconds before a session ends whose applications cannot be walked now.
IN_TROUBLE = 10.0


class SessionsLost(GlrError):
    """Plusieurs sessions de suite se sont arrêtées sur ce dossier sans rien dire : pour le développeur du robot."""


@dataclass
class RobotSession:
    """The loop of one session process."""

    bench: Workbench
    heartbeat: Heartbeat
    runner: UUID
    id: UUID
    policy: RetryPolicy
    stopping: asyncio.Event
    #: Opens the workbench of another version, when its turn comes.
    open_version: OpenVersion | None = None
    #: How the screens of each application are walked first; none: that application is not walked.
    witnesses: Mapping[str, Witness] = field(default_factory=dict)
    #: Writes the change of an application's files that would follow a walk.
    propose: Propose | None = None
    #: What it has opened, by version; the bench in hand is one of them.
    benches: dict[str, Workbench] = field(default_factory=dict)
    #: The cases that it holds.
    hand: Hand = field(default_factory=Hand)
    #: When it lets go of those that it does not work, and its doing so.
    _timer: asyncio.TimerHandle | None = None
    _letting_go: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self.benches.setdefault(self.bench.scenario.hash, self.bench)

    async def run(self) -> str:
        """Work until nothing is ready; returns why it ended."""
        full = await self._begin()
        reason = "crashed"
        try:
            reason = await self._loop() if full is None else await self._no_seat()
        finally:
            self.heartbeat.hold(None)
            with suppress(StoreUnavailable):  # their leases run out
                await self._empty_hand()
            await self._end(reason)
        return reason

    async def _loop(self) -> str:
        worked = 0
        if await self._stopped_application():
            return "application stopped"
        if not await self._walked(self.bench):
            return "screens not walked"
        while not self.stopping.is_set():
            case = await self._claim()
            if case is None:
                if await self._stopped_application():
                    return "application stopped"
                if await self._crowded():
                    return "fewer seats"
                if await self._next_version():
                    continue
                if not await self._soon():
                    return "nothing ready"
                await asyncio.sleep(PAUSE)
                continue
            began = clocks()[0]
            await self._handle(case)
            self.hand.worked(clocks()[0] - began)
            worked += 1
            if worked >= RECYCLE_AFTER:
                return "recycled"
        return "asked to stop"

    async def _handle(self, case: Claimed) -> None:
        self.heartbeat.hold(case.lease)
        self.bench.touched.clear()
        attempt = Attempt(self.bench, case)
        outcome = await self._outcome(attempt)
        error = outcome.error if isinstance(outcome, Failed) else None
        attempt.failed_in = self._failed_in(error)
        changed = error.__cause__ if isinstance(error, EntryInDoubt) else error
        if isinstance(changed, LoginRefused | ReleaseChanged):
            await self._stop_application(Found.of(changed))
        if isinstance(error, LoginRefused | ReleaseChanged | RobotsStopped):
            await give_back(self.bench, attempt)
            return
        if isinstance(error, StoreUnavailable):
            raise error
        if error is not None:
            with suppress(LeaseLost):  # settle() says so
                await leave_in_peace(self.bench, case)
        decision = decide(outcome, case.attempt, self.policy, case.tries)
        if isinstance(decision, AskHuman):
            await keep_capture(self.bench, case, "exception", "exception")
        if self.hand.together and error is None and (end := plain_end(attempt, decision)) is not None:
            self.hand.ended.append(end)
            return
        await self._settle(attempt, decision)
        if error is not None:
            await self._throw_sessions_away(error)

    async def _settle(self, attempt: Attempt, decision: Decision) -> None:
        try:
            await settle(attempt.bench, attempt, decision)
        except LeaseLost:
            await tell_rest(attempt)
            await self._record("case.lease_lost", attempt.case)

    async def _outcome(self, attempt: Attempt) -> Outcome:
        try:
            async with asyncio.timeout(CASE_LIMIT):
                return await self._work(attempt)
        except TimeoutError:
            return Failed(error=TooSlow())
        except Exception as error:  # noqa: BLE001 - the border of an attempt: decide() says what each means
            return Failed(error=error)

    def _failed_in(self, error: Exception | None) -> str | None:
        """Return the application that an incident is about: the one that was touched last, unless the browser died."""
        desk = self.bench.last_desk
        about_one = isinstance(error, ApplicationException | EntryInDoubt) and not isinstance(error, BrowserGone)
        return desk.contract.application if about_one and desk is not None and self.bench.touched else None

    async def _work(self, attempt: Attempt) -> Outcome:
        case = attempt.case
        if await self._interrupted(case):
            keep_record(attempt)
            raise EntryInDoubt("La tentative précédente s'est arrêtée pendant la saisie : à vérifier.")
        if case.lease.epoch > SILENT and await self._silent(case) >= SILENT:
            raise SessionsLost
        return await conclude(attempt)

    async def _interrupted(self, case: Claimed) -> bool:
        """True when an earlier attempt died between its intent and its proof; it is in doubt from now on."""
        if case.lease.epoch == 1:  # never held before
            return False
        async with self.bench.database.transaction(self.bench.actor) as tx:
            return await begin(tx, self.bench, case)

    async def _silent(self, case: Claimed) -> int:
        async with self.bench.database.transaction(self.bench.actor) as tx:
            row = await tx.first("cases.silent_attempts", case_id=case.id, n=case.lease.epoch)
        return row["silent"] if row else 0

    async def _throw_sessions_away(self, error: Exception) -> None:
        """A page in an unknown state is not used again; a browser that died ends this process."""
        if isinstance(error, BrowserGone | SuiteStuck):
            raise error
        if self.bench.last_desk is not None:
            await self.bench.last_desk.discard()

    # --- the ledger --------------------------------------------------------------------------------------------------

    async def _claim(self) -> Claimed | None:
        """Return the next case in hand, and claim what comes next when there is none."""
        while (found := await self._next_row()) is not None:
            row, asked = found
            self.bench = self.benches[row["begun_under"]]
            try:
                case = self._claimed(row, asked)
            except KeyError as lacking:
                await hand_over_lacking(self.bench, self.id, row, str(lacking.args[0]))
                continue
            if case.lease.in_time():
                return case
            await put_back(self.bench, self.id, row)
        return None

    async def _next_row(self) -> tuple[Mapping[str, Any], tuple[float, float]] | None:
        if not self.hand.waiting:
            await self._empty_hand()
            if self.stopping.is_set():
                return None
            scenario, asked = self.bench.scenario, clocks()
            where, known = {"caisse": scenario.caisse, "scenario": scenario.name}, list(self.benches)
            database, actor, most = self.bench.database, self.bench.actor, self.hand.most
            self.hand.take(await claim_several(database, actor, self.id, known, most=most, **where), asked)
            if self.hand.together:
                self._timer = asyncio.get_running_loop().call_later(LONGEST, self._begin_to_let_go)
        return self.hand.waiting.popleft() if self.hand.waiting else None

    def _begin_to_let_go(self) -> None:
        self._letting_go = asyncio.get_running_loop().create_task(self._let_go())

    async def _let_go(self) -> None:
        """Write the ends of the cases that were worked, and let others work those that are not begun."""
        rows = self.hand.drop()
        for end in await end_together(self.id, self.hand.drop_ends()):
            await self._settle(end.attempt, end.decision)
        for row in rows:
            await put_back(self.bench, self.id, row)

    async def _empty_hand(self) -> None:
        """Hold nothing any more, and see that all of it is written."""
        if self._timer is not None:
            self._timer.cancel()
        if self._letting_go is not None:
            await self._letting_go
        self._timer = self._letting_go = None
        await self._let_go()

    async def _next_version(self) -> bool:
        """Open the workbench of a version whose turn has come; True when there was one."""
        scenario = self.bench.scenario
        async with self.bench.database.transaction(self.bench.actor) as tx:
            version = await next_turn(tx, scenario.caisse, scenario.name, list(self.benches), self.id)
        if version is None or self.open_version is None:
            return False
        opened = await self.open_version(version)
        if await self._seat(opened) is not None:
            await self._no_seat()
            return False
        if not await self._walked(opened):
            return False
        self.benches[version] = opened
        return True

    async def _walked(self, bench: Workbench) -> bool:
        """Walk the screens before anything is worked with them; False when they changed or cannot be seen now."""
        canary = Canary(session=self.id, witnesses=self.witnesses, propose=self.propose)
        try:
            found = await canary.changed(bench, self.stopping)
        except RobotsStopped:
            return False
        except LoginRefused as refused:
            found = Found.of(refused)
        except ApplicationException:
            with suppress(TimeoutError):  # in trouble: the next session looks again, a little later
                await asyncio.wait_for(self.stopping.wait(), IN_TROUBLE)
            return False
        if found is not None:
            await self._stop_application(found)
        return found is None

    def _claimed(self, row: Mapping[str, Any], asked: tuple[float, float]) -> Claimed:
        key = self.bench.vault.data_key(row["id"], row["data_key"])
        payload = self.bench.vault.open(key, f"cases:payload:{row['id']}", row["payload"])
        return Claimed(
            id=row["id"],
            reference=row["reference"],
            run=row["run"],
            attempt=row["attempts"],
            lease=Lease(
                case=row["id"], epoch=row["epoch"], session=self.id, asked=asked, last_beat=asked[0] + CASE_LIMIT
            ),
            data_key=key,
            fields=self.bench.scenario.case.names_of(payload),
            run_date=row["run_date"],
            instruction=row["instruction"] or {},
            waited={step: date.fromisoformat(day) for step, day in row["waited"].items()},
            tries=row["tries"],
            findings=row["findings"],
        )

    async def _soon(self) -> bool:
        where = {"caisse": self.bench.scenario.caisse, "scenario": self.bench.scenario.name}
        async with self.bench.database.transaction(self.bench.actor) as tx:
            await tx.all("cases.sweep_waiting")
            busy = await tx.first("cases.busy", session=self.id, **where)
        return busy is not None and (busy["ready"] or busy["soon"])

    async def _stopped_application(self) -> bool:
        async with self.bench.database.transaction(self.bench.actor) as tx:
            stopped = await closed(tx, self.bench.scenario.caisse, self.id)
        return bool(stopped & self.bench.scenario.applications)

    async def _crowded(self) -> bool:
        async with self.bench.database.transaction(self.bench.actor) as tx:
            found = await tx.first("sessions.crowded", session=self.id)
        return bool(found and found["crowded"])

    async def _no_seat(self) -> str:
        """Every seat in an application is taken: the next session asks again, a little later."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), IN_TROUBLE)
        return "no seat"

    async def _stop_application(self, found: Found) -> None:
        async with self.bench.database.transaction(self.bench.actor) as tx:
            await close_application(tx, self.bench.scenario.caisse, found)

    async def _begin(self) -> str | None:
        """Begin, and take the seats in the applications; returns the one that has none left."""
        self.heartbeat.session = self.id
        scenario = self.bench.scenario
        who = {"caisse": scenario.caisse, "runner": self.runner, "robot": self.bench.robot, "scenario": scenario.name}
        async with self.bench.database.transaction(self.bench.actor) as tx:
            await tx.run("sessions.begin", id=self.id, **who)
            await tx.record(
                scenario.caisse, "session.begun", str(self.id), robot=self.bench.robot, version=scenario.hash
            )
        return await self._seat(self.bench)

    async def _seat(self, bench: Workbench) -> str | None:
        """Take the seats that another bench needs, beside those of the benches in hand; returns where none is left."""
        used = set().union(*(each.scenario.applications for each in (*self.benches.values(), bench)))
        async with self.bench.database.transaction(self.bench.actor) as tx:
            seats = await tx.first("sessions.take_seats", session=self.id, applications=array(sorted(used)))
        return seats["full_up"] if seats else None

    async def _end(self, reason: str) -> None:
        try:
            async with self.bench.database.transaction(self.bench.actor) as tx:
                await tx.run("sessions.end", id=self.id, reason=reason)
                await tx.record(self.bench.scenario.caisse, "session.ended", str(self.id), reason=reason)
        except StoreUnavailable:
            return  # the sweep sees a session without heartbeat

    async def _record(self, verb: str, case: Claimed) -> None:
        async with self.bench.database.transaction(self.bench.actor) as tx:
            await tx.record(
                self.bench.scenario.caisse, verb, case.reference, epoch=case.lease.epoch, session=str(self.id)
            )
