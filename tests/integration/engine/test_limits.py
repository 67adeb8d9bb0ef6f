"""Ceilings, the ramp and the share of incidents hold before they are crossed, with sixteen lanes at work on one database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from entry_lanes import LANES, EntryLanes, Lane, limits
from robot_world import PROJECT
from settling import settled

from orchestrator.bootstrap.world import load_keywords
from orchestrator.domain.errors import BusinessException
from orchestrator.domain.money import Euros
from orchestrator.language.load import load_scenario
from orchestrator.settings import Settings
from orchestrator.store import database as store
from orchestrator.store.database import Database
from orchestrator.store.queries import query
from orchestrator.store.vault import Vault

TEN, HUNDRED = Euros(1_000), Euros(10_000)
#: Money added to what was read, not to what is there: the row's lock is of no use, and its check is gone.
READ_THEN_WRITE = """
with seen as materialized (
    select coalesce((select amount_c from spending
                     where caisse = %(caisse)s and scenario = %(scenario)s and scope = %(scope)s), 0) as amount_c,
           pg_sleep(0.05)
)
insert into spending (caisse, scenario, scope, amount_c, limit_c)
select %(caisse)s, %(scenario)s, %(scope)s, seen.amount_c + %(amount_c)s, %(limit_c)s from seen
on conflict (caisse, scenario, scope) do update set amount_c = excluded.amount_c
"""


@pytest.fixture
async def lanes(runner_url: str, vault: Vault) -> AsyncIterator[EntryLanes]:
    keywords = load_keywords(Settings(home=PROJECT))
    scenario = load_scenario(PROJECT / "scenarios" / "ij-acompte.yaml", keywords=keywords, caisse="cpam-931")
    async with Database(runner_url, size=LANES) as database:
        lanes = EntryLanes(replace(scenario, limits=limits()), database, vault)
        await lanes.publish(runner_url)
        yield lanes


def limited(lanes: EntryLanes, **changes: Euros) -> EntryLanes:
    return replace(lanes, scenario=replace(lanes.scenario, limits=limits(**changes)))


async def one_each(lanes: EntryLanes) -> list[str]:
    """Have sixteen lanes spend ten euros each at the same moment; returns what each was told."""
    lanes_ = [await lanes.lane(number) for number in range(LANES)]
    cases = [(lane, await lane.take()) for lane in lanes_]
    planned = [(lane, case, await lane.plan(case)) for lane, case in cases if case is not None]

    async def spend(lane: Lane, case: Any, entry: Any) -> str:
        try:
            await lane.intend(case, entry, TEN)
        except BusinessException as refused:
            return str(refused)
        return ""

    return await asyncio.gather(*(spend(*one) for one in planned))


async def spent(owner: Database, prefix: str) -> list[tuple[int, int]]:
    async with owner.transaction("test") as tx:
        found = await tx.connection.execute(
            "select amount_c, limit_c from spending where scope like %s", [f"{prefix}:%"]
        )
        return [(row["amount_c"], row["limit_c"]) for row in await found.fetchall()]


@pytest.mark.parametrize(("ceiling", "said"), [("per_run", "de l'exécution"), ("per_day", "de la journée")])
async def test_sixteen_lanes_spend_what_the_ceiling_allows_and_not_a_cent_more(
    lanes: EntryLanes, owner_db: Database, ceiling: str, said: str
) -> None:
    held = limited(lanes, **{ceiling: HUNDRED})
    await held.load(LANES)
    told = await one_each(held)
    assert sorted(told) == [""] * 10 + [f"Plafond {said} atteint ({HUNDRED})."] * 6
    assert await spent(owner_db, ceiling.removeprefix("per_")) == [(HUNDRED.centimes, HUNDRED.centimes)]
    async with owner_db.transaction("test") as tx:
        found = await tx.connection.execute("select sum(amount_c)::bigint as sum from entry where state = 'intent'")
        assert await found.fetchall() == [{"sum": HUNDRED.centimes}]


async def test_without_the_lock_the_ceiling_is_crossed(
    lanes: EntryLanes, owner_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guard is taken out: what the test above then shows is not owed to chance."""
    held = limited(lanes, per_run=HUNDRED)
    await held.load(LANES)
    monkeypatch.setattr(store, "query", lambda name: READ_THEN_WRITE if name == "entries.spend" else query(name))
    told = await one_each(held)
    assert told.count("") > 10
    (found,) = await spent(owner_db, "run")
    assert found[0] < told.count("") * TEN.centimes


async def test_the_day_is_the_one_on_which_it_is_spent_whatever_the_day_of_the_run(lanes: EntryLanes) -> None:
    held = limited(lanes, per_day=HUNDRED)
    for day in (date(2026, 3, 26), date(2026, 3, 27)):
        await held.load(8, run_date=day)
    assert (await one_each(held)).count("") == 10


async def test_the_ceiling_of_a_case_is_that_of_all_its_entries_whenever_they_are_made(lanes: EntryLanes) -> None:
    held = limited(lanes, per_case=Euros(1_500))
    await held.load(1)
    lane = await held.lane()
    case = await lane.take()
    assert case is not None
    await lane.intend(case, await lane.plan(case, "first"), TEN)
    with pytest.raises(BusinessException, match="Plafond du dossier atteint"):
        await lane.intend(case, await lane.plan(case, "second"), TEN)


async def test_money_that_was_not_spent_is_free_again_even_under_a_lower_ceiling(
    lanes: EntryLanes, owner_db: Database
) -> None:
    held = limited(lanes, per_run=HUNDRED, per_day=HUNDRED)
    await held.load(3)
    lane = await held.lane()
    cases = [case for _ in range(3) if (case := await lane.take()) is not None]
    entries = [await lane.plan(case) for case in cases]
    for case, entry in zip(cases[:2], entries[:2], strict=True):
        await lane.intend(case, entry, TEN)
    lower = replace(lane, lanes=limited(lanes, per_run=Euros(500)))
    with pytest.raises(BusinessException, match="exécution"):
        await lower.intend(cases[2], entries[2], TEN)
    assert await lower.ledger(cases[0]).not_sent(entries[0]) is False
    assert await spent(owner_db, "run") == [(TEN.centimes, HUNDRED.centimes)]
    assert await spent(owner_db, "day") == [(TEN.centimes, HUNDRED.centimes)]


async def test_incidents_that_end_together_are_counted_one_after_the_other(
    lanes: EntryLanes, owner_db: Database
) -> None:
    """Nine attempts without an incident; two lanes fail at the same moment: together they are beyond the share, alone not."""
    async with owner_db.transaction("test") as tx:
        await tx.connection.execute("update scenario_version set incidents = 10")
    await lanes.load(11)
    lane = await lanes.lane()
    cases = [case for _ in range(11) if (case := await lane.take()) is not None]
    for case in cases[:9]:
        await lane.end(case)
    async with lanes.database.transaction("robot:one") as tx:
        await tx.run("cases.settle", **cases[9].lease.key, **settled("ready", incident=True))
        other = asyncio.create_task(lane.end(cases[10], "ready", incident=True))
        await asyncio.sleep(0.3)
        assert not other.done()
    await other
    assert await lane.take() is None
