"""An entry that is made once more: never by a delivery or a retry, by people alone; COMPTA's own ledger says so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime, time
from pathlib import Path
from typing import Any

import httpx
import pytest
from by_hand_agent import cancel_by_hand
from console_world import PASSWORD, Person
from playwright.async_api import Browser
from published import orchestrator_of
from robot_world import DAY, PROJECT, PracticeWorld, RobotWorld, robot_world

from orchestrator.bootstrap.further import FurtherRuns
from orchestrator.bootstrap.world import World
from orchestrator.console.app import create_console
from orchestrator.console.world import ConsoleWorld
from orchestrator.domain.civil import PARIS
from orchestrator.engine.results import RowOutcome
from orchestrator.settings import Settings
from orchestrator.store.database import Database, StoreError
from orchestrator.store.vault import Vault

AGAIN = """
    insert into entry (id, caisse, effect_digest, scenario, application, keyword, payment, token, case_id, ordinal)
    select gen_random_uuid(), caisse, effect_digest, scenario, application, keyword, payment, 'GLR-B', case_id, %s from entry
"""


class OfTheDay:
    """The day that the applications show."""

    def now(self) -> datetime:
        return datetime.combine(DAY, time(12), PARIS)


@pytest.fixture
async def world(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path
) -> AsyncIterator[RobotWorld]:
    practice_world.fault()
    async with robot_world(practice_world, runner_url, vault, tmp_path) as opened:
        yield opened


@dataclass
class Office:
    """People at the console of a robot's world."""

    world: RobotWorld
    owner: Database
    app: Any
    leaving: AsyncExitStack

    async def at(self, login: str) -> Person:
        transport = httpx.ASGITransport(app=self.app)
        client = httpx.AsyncClient(transport=transport, base_url="http://console.test")
        person = Person(client=await self.leaving.enter_async_context(client))
        assert (await person.log_in(login)).status_code == 200
        return person

    async def rows(self, text: str, *values: object) -> list[dict[str, Any]]:
        async with self.owner.transaction("test") as tx:
            return list(await (await tx.connection.execute(text.encode(), values)).fetchall())

    async def ask(self, person: Person, reason: str = "Annulée dans COMPTA par erreur") -> httpx.Response:
        """Ask on the page of the one closed case that its entry be made once more."""
        (case,) = await self.rows("select cases.reference, entry.id from cases join entry on entry.case_id = cases.id")
        page = f"/dossiers/{case['reference']}"
        assert "À saisir une nouvelle fois" in (await person.get(page)).text
        return await person.post(f"{page}/nouvelle-saisie", saisie=str(case["id"]), motif=reason)

    async def answer(self, person: Person, how: str) -> httpx.Response:
        """Agree, or refuse, from the list of what waits for a second person."""
        asked = "select further.id, cases.reference from further_entry further join entry on entry.id = further.entry"
        (row,) = await self.rows(f"{asked} join cases on cases.id = entry.case_id where further.state = 'asked'")
        page = f"/dossiers/{row['reference']}"
        assert page in (await person.get("/validations")).text
        return await person.post(f"{page}/nouvelle-saisie/{row['id']}/{how}", mot_de_passe=PASSWORD)


@pytest.fixture
async def office(
    world: RobotWorld, console_world: ConsoleWorld, owner_db: Database, runner_url: str, vault: Vault, tmp_path: Path
) -> AsyncIterator[Office]:
    """Give people a console that starts runs as ``glr serve`` does."""
    known = World(
        settings=Settings(workspace=tmp_path, home=PROJECT, caisse="cpam-931"),
        urls={"glr_runner": runner_url, "glr_orchestrator": orchestrator_of(runner_url)}, vault=vault,
        keywords=world.bench.keywords,
    )  # fmt: skip
    give = FurtherRuns(world=known, loader=world.loader, clock=OfTheDay()).give
    app = create_console(replace(console_world, give_again=give))
    async with AsyncExitStack() as leaving:
        yield Office(world=world, owner=owner_db, app=app, leaving=leaving)


async def test_what_was_cancelled_is_made_once_more_by_two_people_s_decision_and_by_nothing_else(
    world: RobotWorld, office: Office, browser: Browser
) -> None:
    row = world.world.take("entered")
    await world.deliver(row)
    await world.work()
    (first,) = world.world.lines_of(row.stop)
    await cancel_by_hand(browser, world.world, first["number"])
    later = await world.deliver(replace(row, text=row.text + " "), run_date=DAY)  # a delivery decides nothing
    await world.work()
    assert (await world.only(later.run)).outcome is RowOutcome.ALREADY_DONE
    assert len(world.world.lines_of(row.stop)) == 1

    agent, supervisor = await office.at("a.martin"), await office.at("s.noir")
    assert "une autre personne l’accorde" in (await office.ask(agent)).text
    await world.work()
    assert len(world.world.lines_of(row.stop)) == 1  # asked is not agreed
    assert "une de plus, et une seule" in (await office.answer(supervisor, "accorder")).text
    await world.work()
    _, second = world.world.lines_of(row.stop)
    entries = await office.rows("select ordinal, state::text as state, reference from entry order by ordinal")
    assert [tuple(entry.values()) for entry in entries] == [
        (1, "confirmed", first["number"]), (2, "confirmed", second["number"]),
    ]  # fmt: skip
    (run,) = await office.rows("select run from cases join entry on entry.case_id = cases.id where ordinal = 2")
    assert (await world.only(run["run"])).outcome is RowOutcome.ENTERED

    (decision,) = await office.rows("select id, entry from further_entry")
    reference = (
        await office.rows("select cases.reference from cases join entry on entry.case_id = cases.id order by ordinal")
    )[0]
    await agent.post(f"/dossiers/{reference['reference']}/nouvelle-saisie/{decision['id']}/remettre")  # given once
    await world.deliver(replace(row, text=row.text + "  "), run_date=DAY)
    await world.work()
    assert len(world.world.lines_of(row.stop)) == 2
    told = await office.rows(
        "select verb, actor, details from audit_outbox where verb like 'further_entry.%%' order by id"
    )
    assert [(event["verb"], event["actor"]) for event in told] == [
        ("further_entry.asked", "agent:a.martin"), ("further_entry.agreed", "agent:s.noir"),
    ]  # fmt: skip
    assert told[0]["details"]["ordinal"] == 2
    assert told[0]["details"]["reason"] == "Annulée dans COMPTA par erreur"


async def test_who_asked_does_not_agree_and_no_robot_makes_an_ordinal(
    world: RobotWorld, office: Office, runner_db: Database, runner_url: str
) -> None:
    row = world.world.take("entered")
    await world.deliver(row)
    await world.work()
    for ordinal in (2, 3):
        with pytest.raises(StoreError, match="GL010"):
            async with office.owner.transaction("robot:acompte-ij") as tx:
                await tx.connection.execute(AGAIN, [ordinal])
    with pytest.raises(StoreError, match="42501"):  # a runner has no such right at all
        async with runner_db.transaction("robot:acompte-ij") as tx:
            await tx.connection.execute(AGAIN, [2])
    supervisor = await office.at("s.noir")
    await office.ask(supervisor)
    assert (await office.answer(supervisor, "accorder")).status_code == 409
    with pytest.raises(StoreError, match="GL010"):  # asked, not agreed
        async with office.owner.transaction("robot:acompte-ij") as tx:
            await tx.connection.execute(AGAIN, [2])
    colleague = await office.at("t.blanc")
    assert "rien ne sera saisi" in (await office.answer(colleague, "refuser")).text
    with pytest.raises(StoreError, match="GL010"):
        async with office.owner.transaction("robot:acompte-ij") as tx:
            await tx.connection.execute(AGAIN, [2])
    await office.ask(supervisor)  # once refused, it may be asked anew
    await office.answer(colleague, "accorder")
    with pytest.raises(StoreError, match="GL010"):  # the next one was decided, no other
        async with office.owner.transaction("agent:t.blanc") as tx:
            await tx.connection.execute(f"{AGAIN} where ordinal = 1".encode(), [3])
    await world.work()
    assert len(world.world.lines_of(row.stop)) == 1  # the first stands in COMPTA: the scenario's own control says so
    assert (await office.rows("select code from exception_item where closed_at is null")) == [{"code": "R-ACP"}]
    async with office.owner.transaction("agent:s.noir") as tx:
        await tx.connection.execute("update cases set state = 'rejected' where state = 'exception'")
    await world.deliver(replace(row, text=row.text + " "), run_date=DAY)
    adopt = "update entry set case_id = (select id from cases where state = 'ready') where ordinal = 2"
    with pytest.raises(StoreError, match="GL010"):  # the decision was for the case that is closed without it
        async with runner_db.transaction("robot:acompte-ij") as tx:
            await tx.connection.execute(adopt)
