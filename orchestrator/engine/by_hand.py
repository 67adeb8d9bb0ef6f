"""Cases that people work by hand while an application is closed to robots, in the order of the robots.

Who takes a case takes every effect that it could have, so that no other case can enter one of them meanwhile; the database
refuses every act of a robot on it until it is given back, or read back (ADR 21, ADR 27).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from orchestrator.domain.entries import effect_digest, token_of
from orchestrator.engine.due import DueEntry, foreseen
from orchestrator.engine.recording import Recording, WouldEnter
from orchestrator.language.model import RunInfo, Scenario
from orchestrator.store.database import Transaction, array
from orchestrator.store.vault import Vault

#: The code of the exception under which such a case is on the agents' list.
CODE = "A-LA-MAIN"


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A case that a person took."""

    #: Its exception.
    item: UUID
    #: Its reference.
    reference: str


@dataclass(frozen=True, kw_only=True)
class Left:
    """A case that stays with the robots."""

    #: Its reference.
    reference: str
    #: Why, in French.
    why: str


class StaysWithRobots(Exception):
    """Nothing of this case may be taken now."""


def workable(scenarios: Mapping[str, Scenario], application: str) -> list[str]:
    """Return the scenarios whose cases people may work while that application is closed: those that use it, and enter."""
    return sorted(name for name, each in scenarios.items() if each.entries and application in _used(each))


async def take(
    tx: Transaction,
    vault: Vault,
    scenarios: Mapping[str, Scenario],
    *,
    application: str,
    login: str,
    where: Mapping[str, Any],
    reference: str | None = None,
) -> tuple[Taken | None, list[Left]]:
    """Take the most urgent case (or the one with that reference) for a person; None when there is none to take.

    A case that waits for an approval, a date or a document is taken by its reference alone: the question to the second person
    is withdrawn, the wait ends until the case is given back.

    :param where: the caisse, and whether cases of restricted queues are among them.
    """
    left: list[Left] = []
    passed: list[UUID] = []
    names = array(workable(scenarios, application))
    while True:
        row = await tx.first(
            "by_hand.lock_to_take", scenarios=names, reference=reference, without=array(map(str, passed)), **where
        )
        if row is None:
            return None, left
        taking = _Taking(tx, vault, scenarios[row["scenario"]], row)
        try:
            async with tx.savepoint():
                return await taking.take(application, login), left
        except StaysWithRobots as why:
            passed.append(row["id"])
            left.append(Left(reference=row["reference"], why=str(why)))


def lines_of(vault: Vault, scenario: Scenario, row: Mapping[str, Any]) -> list[tuple[DueEntry, WouldEnter]]:
    """Return every entry that a case could come to by what was delivered, with what its last attempt knew of it.

    Entries that their condition excludes whatever is read are not among them. Nothing is guessed: what only a reading would
    tell is unknown. Raises ``KeyError`` when the case lacks a field of the scenario.
    """
    known = Recording.open(vault, row)
    fields = scenario.case.names_of(known.payload)
    names = {**scenario.parameters, **fields, "run": RunInfo(date=row["run_date"])}
    seen = {one.title: one for one in known.would_enter}
    due = [one for one in foreseen(scenario, names) if one.called_for is not False]
    alone = seen.get("") if len(due) == 1 else None
    return [(one, seen.get(one.title) or alone or WouldEnter.of(one)) for one in due]


@dataclass(frozen=True)
class _Taking:
    """The taking of one case, whose row is locked."""

    tx: Transaction
    vault: Vault
    scenario: Scenario
    row: Mapping[str, Any]

    @property
    def about(self) -> dict[str, Any]:
        return {"case_id": self.row["id"], "caisse": self.scenario.caisse}

    async def take(self, application: str, login: str) -> Taken:
        """Take case, effects and pending approvals; raises :class:`StaysWithRobots`, and the caller undoes what was done."""
        await self._withdraw_approvals()
        await self.tx.run("by_hand.take", application=application, login=login, **self.about)
        await self._reserve(self._lines())
        await self.tx.run("by_hand.leave_robots", version=self.row["version"], **self.about)
        item, amount = uuid4(), Recording.open(self.vault, self.row).amount_c
        message = f"À saisir à la main : {application.upper()} est arrêtée pour les robots."
        said = {"code": CODE, "message": message, "queue": self.scenario.queue, "amount_c": amount}
        await self.tx.run("by_hand.open", id=item, **said, **self.about)
        await self.tx.run("console.claim", id=item, caisse=self.scenario.caisse, login=login, restricted=True)
        return Taken(item=item, reference=self.row["reference"])

    async def _withdraw_approvals(self) -> None:
        """Nobody may approve what a person enters by hand; who decides at this very moment is not cut off."""
        free = await self.tx.all("by_hand.lock_approvals", case_id=self.row["id"])
        asked = await self.tx.first("console.others_asked", **self.about)
        if asked is None or len(free) != asked["asked"]:
            raise StaysWithRobots("une personne décide en ce moment de sa validation")
        await self.tx.run("console.void_others", **self.about)

    def _lines(self) -> list[tuple[DueEntry, WouldEnter]]:
        try:
            found = lines_of(self.vault, self.scenario, self.row)
        except KeyError:
            raise StaysWithRobots("il a été chargé sous une autre version du scénario") from None
        if not found:
            raise StaysWithRobots("d'après le fichier reçu, il n'y a rien à saisir")
        return found

    async def _reserve(self, lines: Sequence[tuple[DueEntry, WouldEnter]]) -> None:
        """Take every effect, in one order for all, so that two people who take at once never wait for each other."""
        digests = [effect_digest(due.effect_key, self.vault.effect) for due, _ in lines]
        if len(set(digests)) != len(digests):
            raise StaysWithRobots("deux de ses saisies seraient la même")
        placed = sorted(zip(digests, range(1, len(lines) + 1), lines, strict=True), key=lambda each: each[0])
        for digest, place, (due, seen) in placed:
            await self.tx.run(
                "by_hand.line",
                entry=await self._effect(due, digest),
                place=place,
                title=due.title,
                has_amount=bool(due.rules.amount),
                computed_c=seen.amount_c,
                **self.about,
            )

    async def _effect(self, due: DueEntry, digest: bytes) -> UUID:
        await self.tx.run(
            "by_hand.plan",
            id=uuid4(),
            effect_digest=digest,
            scenario=self.scenario.name,
            application=due.step.keyword.application,
            keyword=due.step.keyword.name,
            payment=due.rules.payment,
            token=token_of(digest),
            line=due.line,
            **self.about,
        )
        mine = await self.tx.first("by_hand.reserve", effect_digest=digest, case_id=self.row["id"], line=due.line)
        if mine is not None:
            entry: UUID = mine["id"]
            return entry
        known = await self.tx.first("by_hand.known_effect", effect_digest=digest) or {}
        number = f", n° {known['reference']}" if known.get("reference") else ""
        raise StaysWithRobots(f"la même saisie est connue par le dossier {known.get('case_reference')}{number}")


def _used(scenario: Scenario) -> Collection[str]:
    return {word.application for step in scenario.calls for word in step.uses}
