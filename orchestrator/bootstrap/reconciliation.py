"""Reconciliation on the real thing: the application read as its robot reads it, our tables, the deliveries (ENTER, 7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from orchestrator.bootstrap.world import World
from orchestrator.domain.civil import SystemClock, paris_date
from orchestrator.domain.entries import EntrySeen, effect_digest
from orchestrator.domain.errors import SettingsError
from orchestrator.domain.keywords import EntryRules
from orchestrator.drivers.browser import open_browser
from orchestrator.drivers.desks import AnyDesk, desk_at
from orchestrator.engine import restorations
from orchestrator.engine.due import DueEntry, foreseen
from orchestrator.engine.gaps import Explained, write_down
from orchestrator.engine.reconcile import (
    GapKind,
    Reconciliation,
    Source,
    made_by_others,
    of_days,
    reconcile,
    source_gaps,
)
from orchestrator.engine.recording import Recording
from orchestrator.language.faults import ExpressionError
from orchestrator.language.model import RunInfo, Scenario
from orchestrator.store.database import Database, Transaction, array

#: Gaps of these kinds are looked up under every author.
_LOOKED_UP = frozenset({GapKind.MISSING, GapKind.DOUBT})


@dataclass(frozen=True, kw_only=True)
class Reconciled:
    """One robot at one application, reconciled."""

    robot: str
    application: str
    first: date
    last: date
    found: Reconciliation
    #: What people said of each gap, by its fingerprint.
    explained: Explained

    @property
    def unexplained(self) -> int:
        """How many gaps nobody has explained."""
        return sum(not self.explained.get(gap.fingerprint(self.application)) for gap in self.found.gaps)


def reconcilable(world: World) -> list[str]:
    """Return one scenario for each robot and list by author that an application gives of its entries."""
    found: dict[tuple[str, str], str] = {}
    for name in sorted(world.scenario_names()):
        scenario = world.scenario(name)
        rules = _rules(scenario)
        if rules is not None:
            found.setdefault((scenario.robot, rules.made_by), name)
    return list(found.values())


async def reconcile_scenario(world: World, name: str, start: date | None, end: date | None) -> Reconciled | None:
    """Compare what the application shows under the robot's name with our entries and the deliveries; write gaps down.

    The days default to the first run until today; None when there was no run and no day is named, or when the robot was
    never put to work in this house: it has neither runs nor accounts.
    """
    scenario = world.scenario(name)
    rules = _rules(scenario)
    if rules is None:
        raise SettingsError(f"« {name} » ne saisit rien qu'une application montre par auteur : rien à rapprocher.")
    caisse, application = world.settings.caisse, _application(rules)
    async with Database(world.urls["glr_orchestrator"], size=1) as database:
        async with database.transaction("reconcile") as tx:
            days = await tx.first("runs.days", caisse=caisse, scenario=name) or {}
            waits = await restorations.standing(tx, caisse)
        if not days.get("first") and not world.works_here(scenario.robot):
            return None
        first, last = start or days.get("first"), end or _until_now(days.get("last"))
        if waits is not None:  # what is unknown began on the day of the backup
            first, last = min(first or waits.since, waits.since), end or _until_now(waits.since)
        if first is None or last is None:
            return None
        found = await _compare(world, database, scenario, rules, first, last)
        async with database.transaction("reconcile") as tx:
            explained = await write_down(tx, caisse, application, found.gaps)
            await tx.record(
                caisse,
                "entries.reconciled",
                application,
                robot=scenario.robot,
                first=first.isoformat(),
                last=last.isoformat(),
                matched=found.matched,
                total_c=found.total.centimes,
                gaps=len(found.gaps),
            )
            await tx.run("restorations.look", caisse=caisse, application=application, first=first, last=last)
    return Reconciled(
        robot=scenario.robot, application=application, first=first, last=last, found=found, explained=explained
    )


async def _compare(
    world: World, database: Database, scenario: Scenario, rules: EntryRules, first: date, last: date
) -> Reconciliation:
    application, robot = _application(rules), world.robot(scenario.robot)
    account = world.accounts(robot)[application]
    scope = {"caisse": world.settings.caisse, "robot": scenario.robot}
    listed = [word.name for word in world.keywords.values() if word.entry and word.entry.made_by == rules.made_by]
    async with open_browser(world.settings.network) as browser:
        desk = desk_at(browser, world.contract(application), account)
        seen = await world.keywords[rules.made_by].function(desk, author=account.login, start=first, end=last)
        async with database.transaction("reconcile") as tx:
            ours = await tx.all("entries.of_list", keywords=array(listed), **scope)
            sources = [Source(**row) for row in await tx.all("runs.sources", first=first, last=last, **scope)]
            unproven = await tx.all("runs.unproven", first=first, last=last, **scope)
        compared = reconcile(of_days(ours, seen, first, last), seen)
        gaps = made_by_others(compared, await _others(world, database, desk, scenario, compared))
    return replace(compared, gaps=(*gaps, *source_gaps(sources, unproven)), sources=tuple(sources))


async def _others(
    world: World, database: Database, desk: AnyDesk, scenario: Scenario, compared: Reconciliation
) -> Mapping[str, Sequence[EntrySeen]]:
    """Look up, under every author, the object of each entry that is missing or in doubt; by token."""
    found: dict[str, Sequence[EntrySeen]] = {}
    for gap in compared.gaps:
        if gap.kind not in _LOOKED_UP or not gap.case:
            continue
        async with database.transaction("reconcile") as tx:
            due = await _due(tx, world, scenario, gap.case, gap.token)
        if due is not None:
            seen = await world.keywords[due.rules.look_up].function(desk, **due.given(*due.rules.look_up_with))
            subject = due.given(due.rules.subject)[due.rules.subject]
            mine = desk.account.login
            found[gap.token] = [one for one in seen if one.subject == str(subject) and one.author != mine]
    return found


async def _due(tx: Transaction, world: World, scenario: Scenario, case: str, token: str) -> DueEntry | None:
    """Return the entry of a case that has this token, as its scenario foresees it; None when it cannot say."""
    row = await tx.first("gaps.case", caisse=world.settings.caisse, reference=case, token=token)
    if row is None or row["scenario"] != scenario.name:
        return None
    try:
        names = _names(world, scenario, row)
        due = foreseen(scenario, names)
        wanted = row["effect_digest"]
        return next(each for each in due if effect_digest(each.effect_key, world.vault.effect) == wanted)
    except (KeyError, ExpressionError, StopIteration):
        return None


def _names(world: World, scenario: Scenario, row: Mapping[str, Any]) -> dict[str, object]:
    fields = scenario.case.names_of(Recording.open(world.vault, row).payload)
    return {**scenario.parameters, **fields, "run": RunInfo(date=row["run_date"])}


def _rules(scenario: Scenario) -> EntryRules | None:
    found = (step.keyword.entry for step in scenario.entries)
    return next((rules for rules in found if rules is not None and rules.made_by), None)


def applications_entered(world: World) -> list[str]:
    """Return the applications where a robot of this house may have entered something that can be listed by author."""
    scenarios = [world.scenario(name) for name in world.scenario_names()]
    found = [_rules(each) for each in scenarios if world.works_here(each.robot)]
    return sorted({_application(rules) for rules in found if rules is not None})


def _application(rules: EntryRules) -> str:
    return rules.made_by.partition(".")[0]


def _until_now(last: date | None) -> date | None:
    """Return the day up to which a run's entries may have been made: after an approval or a wait, later than its own."""
    return max(last, paris_date(SystemClock().now())) if last else None
