"""The entry protocol: no entry is made a second time without a human having decided so, and every doubt is visible (ENTER).

PLANNED → (APPROVED) → LOOKED → INTENT → ACT → CONFIRMED; anything unclear between INTENT and CONFIRMED is a doubt. Its
application is left in peace, then looked at: ours is confirmed, what pays nothing and is absent is made once more, the rest is
for a person (ADR 28).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from orchestrator.domain.cases import Done, Outcome
from orchestrator.domain.entries import EntryPlan, EntrySeen, Sighting, classify, classify_doubt, effect_digest
from orchestrator.domain.errors import ApplicationException, BusinessException, EntryInDoubt, RobotsStopped
from orchestrator.domain.money import Euros
from orchestrator.drivers.act import Sent, WebAct
from orchestrator.drivers.deposit import Deposit
from orchestrator.drivers.desks import AnyDesk
from orchestrator.drivers.terminal_act import TerminalAct
from orchestrator.engine.doubts import leave_in_peace
from orchestrator.engine.due import DueEntry
from orchestrator.engine.entry_ledger import EntryLedger, EntryRow
from orchestrator.engine.evidence import keep_capture
from orchestrator.engine.failures import controls_outcome
from orchestrator.engine.findings import Finding, of_item
from orchestrator.engine.lease import LeasePermit
from orchestrator.engine.work import Attempt
from orchestrator.language.model import Mode

#: The code of a number that is not in the application, and of one that is there with another amount.
NOT_FOUND, DIFFERS = "RELECTURE", "RELECTURE-ECART"


class NotSent(ApplicationException):
    """La clôture a arrêté la saisie avant son départ : rien n'a été saisi."""


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One planned entry and what it would write."""

    row: EntryRow
    plan: EntryPlan
    arguments: Mapping[str, object]


class Entering:
    """One entry of one attempt."""

    def __init__(self, attempt: Attempt, due: DueEntry) -> None:
        self.attempt = attempt
        self.due = due
        self.step = due.step
        self.bench = attempt.bench
        self.case = attempt.case
        self.rules = due.rules
        self.digest = effect_digest(due.effect_key, self.bench.vault.effect)
        self.ledger = EntryLedger(self.bench, self.case, due)

    async def before_reading(self) -> EntryRow | None:
        """Return what is remembered of it, before anything is read; only looks at what is in doubt.

        The effect key is made of identifiers of the delivery alone, so it is known then; and what the controls would read
        is our own entry.
        """
        row = await self.known()
        return await self._look_after_doubt(row) if row is not None and row.state == "doubtful" and row.ours else row

    async def known(self) -> EntryRow | None:
        """Return what is remembered of it; None when it was never planned."""
        return await self.ledger.known(self.digest)

    async def plan(self) -> EntryRow:
        """Remember the effect, once in the whole database."""
        return await self.ledger.plan(self.digest)

    def planned(self, row: EntryRow) -> Planned:
        """Return what it would write, frozen."""
        return Planned(row=row, plan=self.due.plan(row.token, row.earlier), arguments=self.due.arguments())

    async def approved(self, entry: Planned) -> bool:
        """True when nobody need agree, or a second person did; otherwise that person is asked."""
        return not self.due.needs_approval or await self.ledger.approved(entry.row, entry.arguments, entry.plan.amount)

    async def make(self, entry: Planned) -> Outcome:
        """Wait for its turn, read again, look, act and prove; returns an outcome, or raises what ``decide()`` knows."""
        if self.bench.scenario.mode is Mode.LIVE:  # before it reads: what it acts on is fresh
            await self.ledger.turn()
        names = dict(self.due.names)
        failed = [
            refused
            for step in self.step.reread
            for refused in await self.attempt.read(self.bench.scenario.step(step), names, self.due.item)
        ]
        if failed:
            return controls_outcome(failed, self.attempt.again(failed))
        if await self._already_there(entry):
            return Done(name="already_done")
        if self.bench.scenario.mode is not Mode.LIVE:
            return Done(name="shadow")
        return await self._act(entry)

    async def read_back(self, reference: str, person: str, amount: Euros | None = None) -> Done | None:
        """Check with the same look-up what an agent entered by hand; None when this reference is not about it.

        Raises ``BusinessException`` when another amount than the declared one is there.
        """
        given = self.due.given(*dict.fromkeys((*self.rules.look_up_with, self.rules.subject)))
        for seen in await self._seen(given):
            if seen.reference == reference and seen.subject == given[self.rules.subject] and seen.alive:
                if amount is not None and seen.amount != amount:
                    raise _differs(seen, amount)
                ours = await self.ledger.by_hand(self.digest, seen, person)
                await self._capture("by_hand")
                return Done(name="entered" if ours else "done_by_hand")
        return None

    # --- looked ------------------------------------------------------------------------------------------------------

    async def _already_there(self, entry: Planned) -> bool:
        """Look first; True when the application already shows our own entry, which is then confirmed."""
        sighting, seen = classify(await self._seen(entry.arguments), entry.plan)
        if sighting is Sighting.ABSENT or seen is None:
            return False
        if sighting is Sighting.OURS:
            await self._confirm(entry.row, seen)
            return True
        who = f"{seen.reference} ({seen.amount}, saisie par {seen.author})"
        raise BusinessException("C-09", f"L'application montre déjà {who} pour cet objet : rien n'a été saisi.")

    async def _seen(self, arguments: Mapping[str, object]) -> list[EntrySeen]:
        look_up = self.bench.keywords[self.rules.look_up]
        found: list[EntrySeen] = await self.bench.call(look_up, {n: arguments[n] for n in self.rules.look_up_with})
        return found

    # --- intent, act, confirmed, doubt -------------------------------------------------------------------------------

    async def _act(self, entry: Planned) -> Outcome:
        act: WebAct | TerminalAct | Deposit = await self.bench.call(
            self.step.keyword, {**entry.arguments, "token": entry.plan.token}
        )
        desk = self._desk()
        cookies = await desk.cookies() if desk else ""
        values = self.ledger.values_digest(entry.plan.amount, entry.plan.period, entry.plan.subject)
        await self.ledger.intend(entry.row, entry.plan.amount, values, cookies)
        permit = LeasePermit(self.case.lease, self.bench.database, self.step.keyword.application)
        sent = await act.perform(permit)
        if sent is Sent.ANSWERED:
            return await self._prove(entry)
        if sent is Sent.UNKNOWN:
            raise EntryInDoubt from act.changed if isinstance(act, WebAct) else None
        stopped = await self.ledger.not_sent(entry.row)
        if sent is Sent.REFUSED_BY_APPLICATION:
            raise BusinessException("SAISIE", "L'application a refusé les valeurs sur son propre formulaire.")
        raise RobotsStopped if stopped else NotSent

    async def _prove(self, entry: Planned) -> Outcome:
        """Read back anew; only ours, with the same values, confirms."""
        try:
            if desk := self._desk():
                desk.wear_page()
            sighting, seen = classify(await self._seen(entry.arguments), entry.plan)
        except (ApplicationException, TimeoutError):
            raise EntryInDoubt("La saisie a été envoyée mais n'a pas pu être relue : à vérifier.") from None
        if sighting is not Sighting.OURS or seen is None:
            raise EntryInDoubt("La saisie a été envoyée mais sa relecture ne la montre pas telle quelle : à vérifier.")
        await self._confirm(entry.row, seen)
        await self._capture("confirmed")
        return Done(name="entered")

    async def _look_after_doubt(self, row: EntryRow) -> EntryRow:
        """Look once its application was left in peace: ours confirms; absent and no payment is made once more, once only.

        Raises ``EntryInDoubt`` for all the rest: before that time it is looked at later, after it a person decides.
        """
        await leave_in_peace(self.bench, self.case)  # a login that could not be ended before
        if await self.ledger.in_peace(row):
            raise EntryInDoubt
        if desk := self._desk():
            desk.wear_page()
        given = self.due.given(*dict.fromkeys((*self.rules.look_up_with, self.rules.subject)))
        seen = await self._seen({name: given[name] for name in self.rules.look_up_with})
        sighting, found = classify_doubt(
            seen, row.token, str(given[self.rules.subject]), self._same_as(row), row.earlier
        )
        if not await self.ledger.settle_doubt(row, sighting, found):
            raise EntryInDoubt(_IN_DOUBT[sighting].format(seen=found))
        if sighting is Sighting.ABSENT:
            return replace(row, state="planned")
        self._tell_read_back(found)
        await self._capture("confirmed")
        return replace(row, state="confirmed", settled=True, proven=True)

    def _desk(self) -> AnyDesk | None:
        """Return the desk where it is entered; None for what is deposited in a folder."""
        return self.bench.desks.get(self.step.keyword.application)

    async def _capture(self, kind: str) -> None:
        if self._desk():  # of a deposit the file itself is the proof
            await keep_capture(self.bench, self.case, self.step.id, kind)

    def _same_as(self, row: EntryRow) -> Callable[[EntrySeen], bool]:
        return lambda seen: self.ledger.values_digest(seen.amount, seen.period, seen.subject) == row.values

    def tell_settled(self, row: EntryRow) -> None:
        """Show that it was entered before, and by which case: by this one, its session ended before it could say so."""
        if row.ours and row.state == "confirmed":
            self._tell("Saisie relue", row.first, ok=True)
        else:
            self._tell("Saisie déjà faite (C-09)", row.first, ok=False)

    def tell_undone(self, row: EntryRow) -> None:
        """Show that it was taken back."""
        self._tell("Saisie annulée", row.reference, ok=None)

    async def _confirm(self, row: EntryRow, seen: EntrySeen) -> None:
        await self.ledger.confirm(row, seen)
        self._tell_read_back(seen)

    def _tell_read_back(self, seen: EntrySeen | None) -> None:
        if seen is not None:
            self._tell("Saisie relue", f"{seen.reference}, {seen.amount}", ok=True)

    def _tell(self, label: str, text: str, *, ok: bool | None) -> None:
        finding = Finding(step=self.step.id, label=label, value=text, mask=text, ok=ok)
        self.attempt.findings.append(of_item(finding, self.due.item))


#: What a person is told of an entry in doubt that robots may not settle.
_IN_DOUBT = {
    Sighting.ABSENT: "Saisie en doute : l'application, laissée en paix puis relue, ne la montre pas. Elle peut encore "
    "arriver : à vérifier, puis à saisir à la main.",
    Sighting.SAME_BY_ANOTHER: "Saisie en doute : l'application montre {seen.reference}, du même montant, sans notre marque. À "
    "vérifier.",
    Sighting.DIFFERENT: "Saisie en doute : l'application montre {seen.reference}, autre que ce qui était à saisir. À vérifier.",
    Sighting.OURS: "",
}


def _differs(seen: EntrySeen, declared: Euros) -> BusinessException:
    return BusinessException(
        DIFFERS,
        f"La saisie {seen.reference} porte {seen.amount}, {declared} déclarés : corriger dans l'application, ou déclarer ce "
        "qu'elle montre.",
    )
