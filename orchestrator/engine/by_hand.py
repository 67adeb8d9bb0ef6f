"""Cases that people work by hand while an application is closed to robots, in the order of the robots.

Who takes a case takes the effect that it would have, so that no other case can enter it meanwhile; the database refuses every
act of a robot on it until it is given back, or read back (ADR 21).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from orchestrator.domain.entries import effect_digest, token_of
from orchestrator.engine.due import foreseen
from orchestrator.engine.recording import Recording
from orchestrator.language.model import ForEach, RunInfo, Scenario
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
    """A case that stays with the robots: its entry is known already."""

    #: Its reference.
    reference: str
    #: Why, in French.
    why: str


def workable(scenarios: Mapping[str, Scenario], application: str) -> list[str]:
    """Return the scenarios whose cases people may work by hand while that application is closed.

    Those that use it and make one entry a case: one number then says all that was entered.
    """
    return sorted(name for name, each in scenarios.items() if _enters_once(each) and application in _used(each))


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
        why = await _reserve(tx, vault, scenarios[row["scenario"]], row)
        if not why:
            return await _take(tx, vault, scenarios[row["scenario"]], row, application, login), left
        passed.append(row["id"])
        left.append(Left(reference=row["reference"], why=why))


async def _take(
    tx: Transaction, vault: Vault, scenario: Scenario, row: Mapping[str, Any], application: str, login: str
) -> Taken:
    about = {"case_id": row["id"], "caisse": scenario.caisse}
    await tx.run("by_hand.take", application=application, login=login, **about)
    await tx.run("by_hand.leave_robots", version=row["version"], **about)
    item, amount = uuid4(), Recording.open(vault, row).amount_c
    message = f"À saisir à la main : {application.upper()} est arrêtée pour les robots."
    said = {"code": CODE, "message": message, "queue": scenario.queue, "amount_c": amount}
    await tx.run("by_hand.open", id=item, **said, **about)
    await tx.run("console.claim", id=item, caisse=scenario.caisse, login=login, restricted=True)
    return Taken(item=item, reference=row["reference"])


async def _reserve(tx: Transaction, vault: Vault, scenario: Scenario, row: Mapping[str, Any]) -> str:
    """Take the effect that the case would have; returns why not, or nothing."""
    try:
        (due,) = foreseen(scenario, _names(vault, scenario, row))
    except KeyError:
        return "il a été chargé sous une autre version du scénario"
    step, digest = due.step, effect_digest(due.effect_key, vault.effect)
    await tx.run(
        "by_hand.plan",
        id=uuid4(),
        caisse=scenario.caisse,
        effect_digest=digest,
        scenario=scenario.name,
        application=step.keyword.application,
        keyword=step.keyword.name,
        payment=due.rules.payment,
        token=token_of(digest),
        case_id=row["id"],
    )
    if await tx.run("by_hand.reserve", effect_digest=digest, case_id=row["id"]):
        return ""
    known = await tx.first("by_hand.known_effect", effect_digest=digest) or {}
    number = f", n° {known['reference']}" if known.get("reference") else ""
    return f"la même saisie est connue par le dossier {known.get('case_reference')}{number}"


def _names(vault: Vault, scenario: Scenario, row: Mapping[str, Any]) -> dict[str, object]:
    fields = scenario.case.names_of(Recording.open(vault, row).payload)
    return {**scenario.parameters, **fields, "run": RunInfo(date=row["run_date"])}


def _enters_once(scenario: Scenario) -> bool:
    repeated = any(isinstance(step, ForEach) and any(call.entries for call in step.calls) for step in scenario.steps)
    return len(scenario.entries) == 1 and not repeated


def _used(scenario: Scenario) -> Collection[str]:
    return {word.application for step in scenario.calls for word in step.uses}
