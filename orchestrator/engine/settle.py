"""Carrying out what was decided of an attempt: one transaction, under the case's epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID, uuid4

from orchestrator.domain.cases import (
    AskHuman,
    AwaitApproval,
    CaseState,
    Decision,
    End,
    FailedControl,
    GiveBack,
    LookAgain,
    RetryAt,
    RetryIn,
    WaitUntil,
    is_incident,
)
from orchestrator.domain.errors import BusinessException, EntryInDoubt, LeaseLost
from orchestrator.engine.doubts import after, begin
from orchestrator.engine.filed import wake_and_end, wakes_others
from orchestrator.engine.recording import WouldEnter
from orchestrator.engine.suite_events import record_all
from orchestrator.engine.urgency import as_row, known_of, urgency
from orchestrator.engine.work import Attempt, Workbench
from orchestrator.language.faults import ExpressionError
from orchestrator.store.database import StoreError, Transaction, array


async def settle(bench: Workbench, attempt: Attempt, decision: Decision) -> Decision:
    """Write the decision; an entry still intended is in doubt: its application is left in peace first, whatever was decided.

    Raises :class:`LeaseLost` when another may hold the case: nothing is written then.
    """
    if isinstance(decision, GiveBack):
        await tell_rest(attempt)
        return decision
    case = attempt.case
    if isinstance(decision, End) and not attempt.told and await _ended_at_once(bench, attempt, decision):
        return decision
    async with bench.database.transaction(bench.actor) as tx:
        if await tx.first("cases.lock_held", **case.lease.key) is None:
            raise LeaseLost
        await record_all(tx, bench, case.reference, attempt.told)
        if await begin(tx, bench, case) or not isinstance(decision, End):
            decision = await after(tx, case, decision)
        if isinstance(decision, End):
            decision = await wake_and_end(tx, attempt, decision)
        await tx.run("cases.settle", **_settled(bench, attempt, decision), proven=False)
        await _set_urgency(tx, bench, attempt, decision)
        await _say_what_follows(tx, bench, attempt, decision)
    return decision


async def _ended_at_once(bench: Workbench, attempt: Attempt, decision: End) -> bool:
    """End a case in one statement; False, and nothing written, when others may wait, the lease is lost or not all is proven."""
    if wakes_others(bench.scenario):
        return False
    values = _settled(bench, attempt, decision)
    return await bench.database.once("cases.settle", **values, proven=True) is not None


def _settled(bench: Workbench, attempt: Attempt, decision: Decision) -> dict[str, Any]:
    """Return what ``cases.settle`` writes of a decision, its event included."""
    case, (outcome, code) = attempt.case, _words(decision)
    said = {
        "attempt": case.attempt,
        "outcome": outcome,
        "code": code or "",
        "version": bench.scenario.hash,
        "session": str(case.lease.session),
    }
    ended = {"outcome": outcome, "code": code, "incident": is_incident(decision), "said": said}
    touched = {"failed": attempt.failed_in, "touched": array(sorted(bench.touched))}
    forgive = isinstance(decision, LookAgain) and decision.elsewhere
    target = {"findings": _sealed(bench, attempt), "forgive": forgive, **_target(decision)}
    return {"actor": bench.actor, **case.lease.key, **target, **ended, **touched, **_acts(attempt)}


@dataclass(frozen=True, kw_only=True)
class PlainEnd:
    """An end of which nothing else is to be written, and that nothing waits for: no application was touched."""

    attempt: Attempt
    decision: End
    #: What the attempt found, sealed.
    findings: bytes


def plain_end(attempt: Attempt, decision: Decision) -> PlainEnd | None:
    """Return the end that may be written with others; None: it is written at once, or is no end."""
    seen = attempt.acts.seen
    if not isinstance(decision, End) or attempt.told or attempt.bench.touched or seen.left or seen.refused:
        return None
    if wakes_others(attempt.bench.scenario):
        return None
    findings = _sealed(attempt.bench, attempt)
    return PlainEnd(attempt=attempt, decision=decision, findings=findings) if findings is not None else None


async def end_together(session: UUID, ends: Sequence[PlainEnd]) -> list[PlainEnd]:
    """Write ends of a session in one statement; returns those that were not: each is to be settled by itself."""
    if not ends:
        return []
    bench = ends[0].attempt.bench
    values = {
        "id": [end.attempt.case.id for end in ends],
        "epoch": [end.attempt.case.lease.epoch for end in ends],
        "ended_as": [end.decision.name for end in ends],
        "findings": [end.findings for end in ends],
    }
    try:
        written = {
            row["id"] for row in await bench.database.at_once("cases.end", actor=bench.actor, session=session, **values)
        }
    except StoreError:  # it refuses one of them, and so all
        return list(ends)
    return [end for end in ends if end.attempt.case.id not in written]


async def put_back(bench: Workbench, session: UUID, row: Mapping[str, Any]) -> None:
    """Put a claimed case back of which nothing was begun; nothing is written when its lease is lost."""
    lease = {"id": row["id"], "epoch": row["epoch"], "session": session}
    nothing = dict.fromkeys(
        ("ended_as", "wait_until", "delay", "findings", "code", "incident", "said", "failed", "touched")
    )
    how = {"actor": bench.actor, "state": "ready", "outcome": "given_back", "forgive": True, "proven": False}
    await bench.database.once("cases.settle", **lease, **how, **nothing, left=0, refused=0)


async def keep_findings(attempt: Attempt) -> None:
    """Keep what an attempt has read before it enters: what follows goes on from it, whatever happens to this session.

    Raises :class:`LeaseLost` when another may hold the case.
    """
    bench, case = attempt.bench, attempt.case
    async with bench.database.transaction(bench.actor) as tx:
        if not await tx.run("cases.keep_findings", **case.lease.key, findings=_sealed(bench, attempt)):
            raise LeaseLost


async def _say_what_follows(tx: Transaction, bench: Workbench, attempt: Attempt, decision: Decision) -> None:
    """Write what a case waits for, or whom it asks."""
    case = attempt.case
    match decision:
        case WaitUntil(step=step, day=day, waits_for=waits_for):
            await tx.run("cases.waits", id=case.id, waits_for=waits_for, waited={step: str(day)} if step else {})
        case LookAgain():
            await tx.run("cases.waits_in_doubt", id=case.id)
        case RetryAt():
            await tx.run("cases.next_try", id=case.id)
        case AskHuman():
            await _open_exception(tx, bench, attempt, decision)
        case _:
            return


async def give_back(bench: Workbench, attempt: Attempt) -> None:
    """Put a case back, with what was read and proven: robots are stopped, or its application refused or puzzled one."""
    case = attempt.case
    async with bench.database.transaction(bench.actor) as tx:
        nothing = dict.fromkeys(("ended_as", "wait_until", "delay"))
        target = {"state": "ready", "findings": _sealed(bench, attempt), **nothing}
        ended = {"outcome": "given_back", "code": None, "incident": None, "said": None, **_acts(attempt)}
        how = {"actor": bench.actor, "forgive": True, "proven": False, "failed": None, "touched": None}
        await tx.run("cases.settle", **case.lease.key, **target, **ended, **how)
        await record_all(tx, bench, case.reference, attempt.told)


async def tell_rest(attempt: Attempt) -> None:
    """Write what a suite did of a case that nothing more may be written of."""
    if not attempt.told:
        return
    async with attempt.bench.database.transaction(attempt.bench.actor) as tx:
        await record_all(tx, attempt.bench, attempt.case.reference, attempt.told)


def _acts(attempt: Attempt) -> dict[str, int]:
    """Return what the desks counted: how many acts left, how many were refused."""
    seen = attempt.acts.seen
    return {"left": seen.left, "refused": seen.refused}


async def _set_urgency(tx: Transaction, bench: Workbench, attempt: Attempt, decision: Decision) -> None:
    """Say how urgent a case is, now that more was read; one that ends is urgent no more."""
    case = attempt.case
    if isinstance(decision, End):
        return
    try:
        found = urgency(bench.scenario, attempt.names, case.run_date, bench.today)
    except (ExpressionError, BusinessException):  # what it was stays: the attempt did not get far enough to tell
        return
    await tx.run("cases.set_urgency", rows=[as_row({"id": case.id, "epoch": case.lease.epoch}, found)])


async def _open_exception(tx: Transaction, bench: Workbench, attempt: Attempt, decision: AskHuman) -> None:
    queue = _queue(bench, decision)
    await tx.run(
        "exceptions.open",
        id=uuid4(),
        caisse=bench.scenario.caisse,
        case_id=attempt.case.id,
        scenario=bench.scenario.name,
        cause=decision.cause,
        code=decision.code,
        message=decision.message,
        failed=[_as_json(control) for control in decision.failed],
        queue=queue,
        restricted=bench.scenario.restricted(queue),
        attempt=attempt.case.attempt,
        amount_c=attempt.amount.centimes if attempt.amount else None,
    )


def _queue(bench: Workbench, decision: AskHuman) -> str:
    """The queue of the first code that has one of its own; a sensitive code wins over any other."""
    codes = [decision.code, *(control.code for control in decision.failed)]
    scenario = bench.scenario
    own = [scenario.codes[code].queue for code in codes if code in scenario.codes]
    others = [queue for queue in own if queue != scenario.queue]
    return next((queue for queue in others if scenario.restricted(queue)), [*others, scenario.queue][0])


def _as_json(control: FailedControl) -> dict[str, str]:
    return {"code": control.code, "step": control.step, "title": control.sentence}


def _target(decision: Decision) -> dict[str, Any]:
    """Return where a case goes; what is waited for by an instant and by a delay is waited for until both have come."""
    nothing = dict.fromkeys(("ended_as", "wait_until", "delay"))
    match decision:
        case End(name=name):
            return {**nothing, "state": CaseState.ENDED, "ended_as": name}
        case RetryIn(delay=delay):
            return {**nothing, "state": CaseState.WAITING, "delay": delay}
        case RetryAt(at=at) | WaitUntil(at=at):
            return {**nothing, "state": CaseState.WAITING, "wait_until": at}
        case LookAgain(at=look_at, delay=delay):
            return {**nothing, "state": CaseState.WAITING, "wait_until": look_at, "delay": delay}
        case AwaitApproval():
            return {**nothing, "state": CaseState.AWAITING_APPROVAL}
        case _:
            return {**nothing, "state": CaseState.EXCEPTION}


def _words(decision: Decision) -> tuple[str, str | None]:
    match decision:
        case End(name=name):
            return name, None
        case RetryIn(reason=reason) | RetryAt(reason=reason):
            return "retry", reason
        case WaitUntil(step=step):
            return "waiting", step
        case LookAgain():
            return "doubt", EntryInDoubt.__name__
        case AskHuman(cause=cause, code=code):
            return f"exception:{cause}", code
        case AwaitApproval():
            return "awaiting_approval", None
        case GiveBack():
            return "lease_lost", None


def _sealed(bench: Workbench, attempt: Attempt) -> bytes | None:
    """Seal what an attempt knows; None when it only looked for what a person declared: what was known before stays."""
    if attempt.case.instruction.get("do") == "read_back" and not attempt.findings:
        return None
    rows = [finding.as_json() for finding in attempt.findings]
    seen = {
        "rows": rows,
        "recorded": attempt.recorded,
        "known": known_of(bench.scenario, attempt.names),
        "would_enter": [asdict(WouldEnter.of(due)) for due in attempt.due],
        "amount_c": attempt.amount.centimes if attempt.amount else None,
    }
    return bench.vault.seal(attempt.case.data_key, f"cases:findings:{attempt.case.id}", seen)
