"""What the database remembers of an entry: each write under the case's epoch, each in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from orchestrator.domain.civil import Period
from orchestrator.domain.entries import EntrySeen, Sighting, token_of
from orchestrator.domain.errors import BusinessException, EntryElsewhere, EntryInDoubt, LeaseLost, RobotsStopped
from orchestrator.domain.money import Euros
from orchestrator.engine.claimed import Claimed
from orchestrator.engine.due import DueEntry
from orchestrator.engine.findings import displayed
from orchestrator.engine.work import Workbench
from orchestrator.language.model import Step
from orchestrator.store.database import StoreError, Transaction, array

#: How long an approval is valid.
APPROVAL_VALID = timedelta(days=5)
_CHECK_VIOLATION = "23514"
#: How people call each ceiling.
_CEILINGS = {"case": "du dossier", "day": "de la journée", "run": "de l'exécution"}
#: What the database says of an act that would begin while robots are stopped.
_STOPPED = "GL008"
#: What it says of one that would follow another too soon, and how long until it is asked again, seconds.
_TOO_SOON, _A_MOMENT = "GL011", 0.1


@dataclass(frozen=True, kw_only=True)
class EntryRow:
    """One entry as the database knows it."""

    id: UUID
    state: str
    token: str
    #: True when it was entered before, by this or another case.
    settled: bool
    #: True when it belongs to the case in hand.
    ours: bool
    #: True when it was entered before and taken back since.
    undone: bool
    #: True when the person who worked the case by hand said that it is not to be made.
    not_due: bool
    #: HMAC of what was about to be entered at the last attempt; None when nothing ever was.
    values: bytes | None
    #: The case it belongs to and the application's reference, for people.
    first: str
    #: The application's own number; empty before it is proven.
    reference: str
    #: True when it pays or prepares a payment.
    payment: bool
    #: Which of the same effect it is; beyond the first a person has decided that it is due once more.
    ordinal: int
    #: Tokens and numbers of those before it.
    earlier: frozenset[str]
    #: True when this very attempt has proven it.
    proven: bool = False


@asynccontextmanager
async def held(bench: Workbench, case: Claimed) -> AsyncIterator[Transaction]:
    """Open a transaction that holds the case's row under our epoch; raises :class:`LeaseLost` otherwise."""
    async with bench.database.transaction(bench.actor) as tx:
        if await tx.first("cases.lock_held", **case.lease.key) is None:
            raise LeaseLost
        yield tx


@dataclass(frozen=True)
class EntryLedger:
    """One entry of a case in hand."""

    bench: Workbench
    case: Claimed
    due: DueEntry

    @property
    def step(self) -> Step:
        """The step that enters."""
        return self.due.step

    async def known(self, digest: bytes) -> EntryRow | None:
        """Return what is remembered of an effect, without planning it."""
        async with held(self.bench, self.case) as tx:
            row = await tx.first("entries.by_effect", effect_digest=digest)
        return self._row(row) if row else None

    async def plan(self, digest: bytes) -> EntryRow:
        """Remember an effect, once in the whole database; raises when another case has it in hand or in doubt."""
        async with held(self.bench, self.case) as tx:
            row = await self._remembered(tx, digest)
            if row["state"] not in {"confirmed", "by_hand", "undone"}:
                await self._make_ours(tx, row)
                await tx.run("entries.for_line", id=row["id"], line=self.due.line)
        return self._row(row)

    def values_digest(self, amount: Euros, period: Period, subject: str) -> bytes:
        """Return the HMAC of what is entered, so that a later look can compare without the values being stored."""
        return self.bench.vault.blind("entry", f"{amount.centimes}|{period.start}|{period.end}|{subject}")

    async def approved(self, entry: EntryRow, arguments: Mapping[str, object], amount: Euros) -> bool:
        """True when exactly these values were approved; otherwise freeze them and ask a second person."""
        titles = self.step.keyword.entry.titles if self.step.keyword.entry else {}
        values = displayed(titles, arguments)
        digest = self.bench.vault.approved_values(self.step.keyword.name, values)
        async with held(self.bench, self.case) as tx:
            if await tx.first("entries.approved", case_id=self.case.id, entry=entry.id, values_digest=digest):
                return True
            approval = uuid4()
            await tx.run("entries.void_asked", entry=entry.id)
            await tx.run(
                "entries.ask_approval",
                id=approval,
                caisse=self.bench.scenario.caisse,
                case_id=self.case.id,
                entry=entry.id,
                values_digest=digest,
                payload=self.bench.vault.seal(self.case.data_key, f"approval:payload:{approval}", values),
                amount_c=amount.centimes,
                roles=list(self.step.approval.by) if self.step.approval else [],
                author=self.bench.actor,
                valid_for=APPROVAL_VALID,
            )
        return False

    async def turn(self) -> None:
        """Wait until an act may begin in the application, when a person has set an interval between two."""
        async with self.bench.database.transaction(self.bench.actor) as tx:
            where = {"caisse": self.bench.scenario.caisse, "application": self.step.keyword.application}
            found = await tx.first("applications.act_turn", **where)
        await asyncio.sleep(found["wait"] if found else 0)

    async def intend(self, entry: EntryRow, amount: Euros, values: bytes, cookies: str) -> None:
        """Commit the intent, and the money under its ceilings, before the act; a moment later when another has just begun.

        Raises :class:`RobotsStopped` when a person, or the house, has stopped robots: nothing is committed then.
        """
        while True:
            if await self._intends(entry, amount, values, cookies):
                return
            await asyncio.sleep(_A_MOMENT)

    async def _intends(self, entry: EntryRow, amount: Euros, values: bytes, cookies: str) -> bool:
        sealed = self.bench.vault.seal(self.case.data_key, f"entry_attempt:cookies:{entry.id}", cookies)
        try:
            async with held(self.bench, self.case) as tx:
                counted = await self._spend(tx, amount.centimes) if self.due.undoes is None else []
                if not await tx.run("entries.intend", id=entry.id, amount_c=amount.centimes, counted=array(counted)):
                    raise LeaseLost
                lease = {"epoch": self.case.lease.epoch, "session": self.case.lease.session}
                attempt = {"entry": entry.id, "caisse": self.bench.scenario.caisse, "case_id": self.case.id}
                await tx.run("entries.begin_attempt", values_digest=values, cookies=sealed, **attempt, **lease)
        except StoreError as error:
            if error.state == _STOPPED:
                raise RobotsStopped from None
            if error.state == _TOO_SOON:
                return False
            raise
        return True

    async def confirm(self, entry: EntryRow, seen: EntrySeen) -> None:
        """Write the proof: read back, ours, with the application's own reference."""
        async with held(self.bench, self.case) as tx:
            await tx.run("entries.end_attempt", entry=entry.id, result="confirmed")
            await tx.run("entries.confirm", id=entry.id, actor=self.bench.actor, **_proof(seen))
            await self._take_back(tx)

    async def settle_doubt(self, entry: EntryRow, sighting: Sighting, seen: EntrySeen | None) -> bool:
        """Write what a look saw of an entry in doubt: ours confirms it; absent may plan it once more. True when it is settled.

        False leaves it to a person: a payment, something else in its place, a second time, or a login that may still act.
        """
        ours = seen if sighting is Sighting.OURS else None
        async with held(self.bench, self.case) as tx:
            last = await self._looked(tx, entry, sighting, ours)
            if ours is not None:
                await tx.run("entries.confirm", id=entry.id, actor=self.bench.actor, **_proof(ours))
                await self._take_back(tx)
                return True
            if sighting is not Sighting.ABSENT or entry.payment or not last["first"] or not last["login_ended"]:
                return False
            await self._free(tx, entry.id)
            await tx.run("entries.once_more", id=entry.id)
            return True

    async def in_peace(self, entry: EntryRow) -> bool:
        """True while the application of an entry in doubt is left in peace: nothing may be concluded from a look."""
        async with held(self.bench, self.case) as tx:
            last = await tx.first("doubts.last", entry=entry.id)
        return last is None or not last["quiet_over"]

    async def not_sent(self, entry: EntryRow) -> bool:
        """Nothing left: the entry is planned again and its money free; True when robots are stopped now."""
        async with held(self.bench, self.case) as tx:
            await self._free(tx, entry.id)
            await tx.run("entries.end_attempt", entry=entry.id, result="not_sent")
            await tx.run("entries.not_sent", id=entry.id)
            where = {"case_id": self.case.id, "application": self.step.keyword.application}
            now = await tx.first("entries.stopped_now", **where)
        return bool(now and now["stopped"])

    async def by_hand(self, digest: bytes, seen: EntrySeen, person: str) -> bool:
        """Write that a person entered it; True when what was read back turns out to be our own entry."""
        async with held(self.bench, self.case) as tx:
            row = await self._remembered(tx, digest)
            ours = bool(seen.token == row["token"])
            settled = row["state"] in {"confirmed", "by_hand"}
            if row["case_id"] != self.case.id or settled or seen.reference in row["earlier"]:
                raise BusinessException("C-09", f"Saisie déjà connue : {row['case_reference']}, {row['reference']}.")
            await tx.run("entries.end_attempt", entry=row["id"], result="confirmed" if ours else "doubtful")
            if ours and row["state"] == "doubtful":
                await self._looked(tx, self._row(row), Sighting.OURS, seen)
            await tx.run("entries.confirm" if ours else "entries.by_hand", id=row["id"], actor=person, **_proof(seen))
            await self._take_back(tx)
            await tx.run("cases.instruction_done", **self.case.lease.key)
        return ours

    # --- inside ------------------------------------------------------------------------------------------------------

    def _row(self, row: Mapping[str, Any]) -> EntryRow:
        return EntryRow(
            id=row["id"],
            state=row["state"],
            token=row["token"],
            settled=row["state"] in {"confirmed", "by_hand"},
            ours=row["case_id"] == self.case.id,
            undone=row["state"] == "undone",
            not_due=row["not_due"],
            values=row["values_digest"],
            first=f"{row['case_reference']}, référence {row['reference']}",
            reference=row["reference"] or "",
            payment=row["payment"],
            ordinal=row["ordinal"],
            earlier=frozenset(each for each in row["earlier"] if each),
        )

    async def _looked(
        self, tx: Transaction, entry: EntryRow, sighting: Sighting, ours: EntrySeen | None
    ) -> Mapping[str, Any]:
        last = await tx.first("doubts.last", entry=entry.id)
        reference = ours.reference if ours else None
        if last is None or not await tx.run("doubts.looked", entry=entry.id, seen=sighting, reference=reference):
            raise EntryInDoubt
        return last

    async def _take_back(self, tx: Transaction) -> None:
        """What an entry takes back stands no more, and its money is free."""
        if self.due.undoes is not None:
            await self._free(tx, self.due.undoes)
            await tx.run("entries.undone", id=self.due.undoes)

    async def _remembered(self, tx: Transaction, digest: bytes) -> Mapping[str, Any]:
        await tx.run(
            "entries.plan",
            id=uuid4(),
            caisse=self.bench.scenario.caisse,
            effect_digest=digest,
            scenario=self.bench.scenario.name,
            application=self.step.keyword.application,
            keyword=self.step.keyword.name,
            payment=self.step.keyword.entry is not None and self.step.keyword.entry.payment,
            token=token_of(digest),
            case_id=self.case.id,
        )
        if self.due.undoes is not None:
            await tx.run("entries.takes_back", effect_digest=digest, undoes=self.due.undoes)
        row = await tx.first("entries.by_effect", effect_digest=digest)
        if row is None:  # it stands, and robots see what is their caisse's alone
            raise BusinessException(
                "C-09", "La même saisie est connue d'une autre caisse de cette base : à régler avec elle."
            )
        return row

    async def _make_ours(self, tx: Transaction, row: Mapping[str, Any]) -> None:
        if row["case_id"] == self.case.id:
            return
        first = row["case_reference"]
        if row["state"] in {"intent", "doubtful"}:
            if row["case_state"] in {"ready", "waiting", "leased"}:
                raise EntryElsewhere  # nobody is asked to enter what a robot may still make, or find made
            raise EntryInDoubt(f"La même saisie est en doute dans le dossier {first} : à régler là-bas d'abord.")
        if row["case_state"] not in {"ended", "rejected", "cancelled", None}:
            raise BusinessException("C-09", f"La même saisie est prévue par le dossier {first}, encore ouvert.")
        if row["lapsed"]:
            raise BusinessException("C-09", f"Une nouvelle saisie fut décidée pour le dossier {first}, clos sans elle.")
        await tx.run("entries.adopt", id=row["id"], case_id=self.case.id)

    async def _spend(self, tx: Transaction, centimes: int) -> list[str]:
        """Count money under every ceiling, or under none; returns under which. Raises ``BusinessException`` beyond one.

        Each ceiling is a row that is locked until the intent is committed: lanes that spend at the same time count one after
        the other, always in the same order. The day is the one on which the money is spent.
        """
        limits, scenario = self.bench.scenario.limits, self.bench.scenario
        day = await tx.first("entries.paris_day")
        scopes = {
            f"case:{self.case.id}": limits.per_case,
            f"day:{day['today'] if day else ''}": limits.per_day,
            f"run:{self.case.run}": limits.per_run,
        }
        ceilings = {scope: most.centimes for scope, most in sorted(scopes.items()) if most is not None}
        for scope, most in ceilings.items():
            where = {"caisse": scenario.caisse, "scenario": scenario.name, "scope": scope}
            try:
                await tx.run("entries.spend", **where, amount_c=centimes, limit_c=most)
            except StoreError as error:
                if error.state == _CHECK_VIOLATION:
                    reached = _CEILINGS[scope.partition(":")[0]]
                    raise BusinessException("C-14", f"Plafond {reached} atteint ({Euros(most)}).") from None
                raise
        return list(ceilings)

    async def _free(self, tx: Transaction, entry: UUID) -> None:
        """Count the money of an entry no more, where it was counted: it was not spent, or was taken back."""
        found = await tx.first("entries.counted", id=entry)
        where = {"caisse": self.bench.scenario.caisse, "scenario": self.bench.scenario.name}
        for scope in sorted(found["counted"]) if found else ():
            await tx.run("entries.free", scope=scope, amount_c=found["amount_c"] if found else 0, **where)


def _proof(seen: EntrySeen) -> dict[str, Any]:
    return {"reference": seen.reference, "amount_c": seen.amount.centimes}
