"""The entry protocol: no entry is made a second time without a human having decided so, and every doubt is visible (ENTER).

PLANNED → (APPROVED) → LOOKED → INTENT → ACT → CONFIRMED; anything unclear between INTENT and CONFIRMED is a doubt, and a
doubt goes to a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.domain.cases import Done, FailedControl, NeedsApproval, Outcome
from orchestrator.domain.civil import Period
from orchestrator.domain.entries import EntryPlan, EntrySeen, Sighting, classify, effect_digest
from orchestrator.domain.errors import ApplicationException, BusinessException, EntryInDoubt
from orchestrator.domain.money import Euros
from orchestrator.drivers.act import Sent, WebAct
from orchestrator.engine.entry_ledger import EntryLedger, EntryRow
from orchestrator.engine.evidence import keep_capture
from orchestrator.engine.findings import Finding
from orchestrator.engine.lease import LeasePermit
from orchestrator.engine.work import Attempt, controls_outcome
from orchestrator.language.model import Control, Mode, Step

#: The end of a case by the state of its entry.
_PROVEN = {"confirmed": "entered", "by_hand": "done_by_hand"}


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

    def __init__(self, attempt: Attempt, step: Step) -> None:
        if step.keyword.entry is None or step.effect_key is None:
            raise TypeError(f"{step.keyword.name} n'est pas une saisie")
        self.attempt = attempt
        self.step = step
        self.bench = attempt.bench
        self.case = attempt.case
        self.rules = step.keyword.entry
        self.digest = effect_digest(step.effect_key.render(attempt.names), self.bench.vault.effect)
        self.ledger = EntryLedger(self.bench, self.case, step)

    async def before_reading(self) -> Outcome | None:
        """End at once what was entered before, and only look at what is in doubt; None when the steps must be run.

        The effect key is made of the case's identifiers alone, so it is known before anything is read; and what the
        controls would read is then our own entry.
        """
        row = await self.ledger.known(self.digest)
        if row is None:
            return None
        if row.settled:
            return self._already_done(row)
        if row.state == "doubtful" and row.ours:
            return await self._look_after_doubt(row)
        return None

    async def proven(self) -> Done | None:
        """Return the end that this entry gives the case once it is proven, and the case's own; None before."""
        row = await self.ledger.known(self.digest)
        return Done(name=_PROVEN[row.state]) if row is not None and row.ours and row.state in _PROVEN else None

    async def closed_by_hand(self, reference: str) -> Done | None:
        """End a case whose entry was proven before and whose following steps an agent says are done; None before.

        Raises ``BusinessException`` for another number than that of the entry.
        """
        row = await self.ledger.known(self.digest)
        if row is None or not (row.ours and row.settled):
            return None
        if reference != row.reference:
            raise BusinessException("RELECTURE", f"La saisie de ce dossier porte le numéro {row.reference}.")
        return Done(name=_PROVEN[row.state])

    async def enter(self) -> Outcome:
        """Go through the protocol; returns an outcome, or raises what :func:`~orchestrator.domain.cases.decide` knows."""
        row = await self.ledger.plan(self.digest)
        if row.settled:
            return self._already_done(row)
        entry = self._planned(row)
        if self._needs_approval() and not await self.ledger.approved(row, entry.arguments, entry.plan.amount):
            return NeedsApproval()
        failed = [control for step in self.step.reread for control in await self._read_again(step)]
        if failed:
            return controls_outcome(failed, self.attempt.again(failed))
        if await self._already_there(entry):
            return Done(name="already_done")
        if self.bench.scenario.mode is not Mode.LIVE:
            return Done(name="shadow")
        return await self._act(entry)

    async def read_back(self, reference: str, person: str) -> Outcome:
        """Check with the same look-up what an agent entered by hand; ends the case only when it is there."""
        names = {*self.rules.look_up_with, self.rules.subject}
        arguments = {name: self.step.arguments[name].evaluate(self.attempt.names) for name in names}
        for seen in await self._seen(arguments):
            if seen.reference == reference and seen.subject == arguments[self.rules.subject] and seen.alive:
                ours = await self.ledger.by_hand(self.digest, seen, person)
                await keep_capture(self.bench, self.case, self.step.id, "by_hand")
                return Done(name="entered" if ours else "done_by_hand")
        raise BusinessException("RELECTURE", f"La référence {reference} n'a pas été relue dans l'application.")

    # --- planned, approved, looked -----------------------------------------------------------------------------------

    def _planned(self, row: EntryRow) -> Planned:
        arguments = self.attempt.arguments(self.step)
        amount, period = arguments[self.rules.amount], arguments[self.rules.period]
        if not isinstance(amount, Euros) or not isinstance(period, Period):
            raise TypeError(f"{self.step.keyword.name} : montant et période attendus")
        ceiling = self.bench.scenario.limits.per_case
        if ceiling is not None and amount > ceiling:
            raise BusinessException("C-14", f"Montant {amount} au-dessus du plafond par dossier ({ceiling}).")
        subject = str(arguments[self.rules.subject])
        plan = EntryPlan(token=row.token, amount=amount, period=period, subject=subject)
        return Planned(row=row, plan=plan, arguments=arguments)

    def _needs_approval(self) -> bool:
        rule = self.step.approval
        return rule is not None and rule.when.holds(self.attempt.names)

    async def _read_again(self, step: str) -> list[tuple[Control, FailedControl]]:
        return await self.attempt.read(self.bench.scenario.step(step))

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
        act: WebAct = await self.bench.call(self.step.keyword, {**entry.arguments, "token": entry.plan.token})
        cookies = await self.bench.desks[self.step.keyword.application].cookies()
        values = self.ledger.values_digest(entry.plan.amount, entry.plan.period, entry.plan.subject)
        await self.ledger.intend(entry.row, entry.plan.amount, values, cookies)
        sent = await act.perform(LeasePermit(self.case.lease, self.bench.database))
        if sent is Sent.ANSWERED:
            return await self._prove(entry)
        if sent is Sent.UNKNOWN:
            raise EntryInDoubt
        await self.ledger.not_sent(entry.row, entry.plan.amount)
        if sent is Sent.REFUSED_BY_APPLICATION:
            raise BusinessException("SAISIE", "L'application a refusé les valeurs sur son propre formulaire.")
        raise NotSent

    async def _prove(self, entry: Planned) -> Outcome:
        """Read back anew; only ours, with the same values, confirms."""
        try:
            self.bench.desks[self.step.keyword.application].wear_page()
            sighting, seen = classify(await self._seen(entry.arguments), entry.plan)
        except (ApplicationException, TimeoutError):
            raise EntryInDoubt("La saisie a été envoyée mais n'a pas pu être relue : à vérifier.") from None
        if sighting is not Sighting.OURS or seen is None:
            raise EntryInDoubt("La saisie a été envoyée mais sa relecture ne la montre pas telle quelle : à vérifier.")
        await self._confirm(entry.row, seen)
        await keep_capture(self.bench, self.case, self.step.id, "confirmed")
        return Done(name="entered")

    async def _look_after_doubt(self, row: EntryRow) -> Outcome:
        """Only look: ours confirms; anything else stays with a person, since a payment is never tried again by itself."""
        arguments = {name: self.step.arguments[name].evaluate(self.attempt.names) for name in self.rules.look_up_with}
        ours = [seen for seen in await self._seen(arguments) if seen.token == row.token]
        if len(ours) != 1 or self._values_of(ours[0]) != row.values:
            raise EntryInDoubt(
                "Saisie en doute : l'application ne montre pas notre saisie. À vérifier, puis à saisir à la main."
            )
        await self._confirm(row, ours[0])
        await keep_capture(self.bench, self.case, self.step.id, "confirmed")
        return Done(name="entered")

    def _values_of(self, seen: EntrySeen) -> bytes:
        return self.ledger.values_digest(seen.amount, seen.period, seen.subject)

    def _already_done(self, row: EntryRow) -> Outcome:
        if (
            row.ours and row.state == "confirmed"
        ):  # proven by this very case, whose session ended before it could say so
            self._tell("Saisie relue", row.first, ok=True)
            return Done(name="entered")
        self._tell("Saisie déjà faite (C-09)", row.first, ok=False)
        return Done(name="already_done")

    async def _confirm(self, row: EntryRow, seen: EntrySeen) -> None:
        await self.ledger.confirm(row, seen)
        self._tell("Saisie relue", f"{seen.reference}, {seen.amount}", ok=True)

    def _tell(self, label: str, text: str, *, ok: bool) -> None:
        self.attempt.findings.append(Finding(step=self.step.id, label=label, value=text, mask=text, ok=ok))


async def by_protocol(attempt: Attempt, step: Step) -> Outcome:
    """Make one entry that a suite asks for, as any other."""
    return await Entering(attempt, step).enter()
