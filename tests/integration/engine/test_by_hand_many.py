"""Cases of several entries, approvals and waits, worked by hand at the console and in COMPTA; robots read back, or go on."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from by_hand_agent import decide, open_item, reopen_compta, stop_compta
from grouped_world import by_hand, grouped_scenario, household
from playwright.async_api import Page
from robot_world import PracticeWorld, RobotWorld, Row, robot_world
from witnessed import release

from orchestrator.domain.civil import opening
from orchestrator.domain.money import Euros
from orchestrator.engine.results import RowOutcome
from orchestrator.language.model import Scenario
from orchestrator.store.database import Database, StoreError
from orchestrator.store.vault import Vault

CHANGED = {"compta": {"screen": "nouvelle-avance", "kind": "swap_labels", "seed": 4}}
ASKED = ("default: 700.00 EUR", "default: 50.00 EUR")
LATER = (
    "  - id: written\n",
    '  - id: tomorrow\n    wait: {until: "add_days(today, 1)", then: written}\n\n  - id: written\n',
)
FIRST = (
    "  - id: checked\n",
    '  - id: tomorrow\n    wait: {until: "add_days(today, 1)", then: checked}\n\n  - id: checked\n',
)
SEEN = """
  - id: two_days
    wait: {until: "add_days(today, 2)", then: seen}

  - id: seen
    extract: compta.advances
    with: {nir: "${nir}"}
    controls:
      C-03: count(seen) > 1

limits: {"""


@pytest.fixture
def scenario(request: pytest.FixtureRequest, tmp_path: Path) -> Scenario:
    """Give the scenario of the groups, to robots and to the console."""
    return grouped_scenario(tmp_path, *getattr(request, "param", ()))


@pytest.fixture
async def world(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path, scenario: Scenario
) -> AsyncIterator[RobotWorld]:
    practice_world.fault()
    async with robot_world(practice_world, runner_url, vault, tmp_path, scenario) as opened:
        yield opened
        release(opened, {})


async def _rows(owner: Database, statement: str, *values: object) -> list[tuple[Any, ...]]:
    async with owner.transaction("test") as tx:
        cursor = await tx.connection.execute(statement.encode(), values)
        return [tuple(row.values()) for row in await cursor.fetchall()]


async def case_of(owner: Database, run: UUID) -> tuple[Any, ...]:
    (row,) = await _rows(owner, "select state::text as state, ended_as, reference from cases where run = %s", run)
    return row


async def entries_of(owner: Database) -> list[tuple[int, str]]:
    return await _rows(owner, "select line, state::text as state from entry where undoes is null order by line")


def ledger(practice: PracticeWorld, rows: list[Row]) -> list[int]:
    """Return how many proposals COMPTA's own ledger has for each stop."""
    return [len(practice.lines_of(row.stop)) for row in rows]


async def fill(page: Page, place: int, number: str) -> None:
    line = page.get_by_role("group", name=re.compile(rf"ligne {place}\b"))
    await line.get_by_label("Numéro de la saisie").fill(number)
    await line.get_by_label("Montant saisi").fill("100,00")


async def test_each_entry_is_declared_for_itself_and_what_is_not_read_back_stays_with_the_person(
    world: RobotWorld, at_browser: Any, look: Any, owner_db: Database
) -> None:
    rows = household(world.world, 3)
    loaded = await world.deliver(*rows)
    await stop_compta(world)
    page = await at_browser("a.martin")
    await page.goto("/a-la-main")
    await page.get_by_role("button", name="Prendre le suivant").click()
    await page.wait_for_url("**/exceptions/*")
    assert "À lire dans les applications\tPériode" in await page.inner_text("main"), "only read: said, not guessed"
    await page.keyboard.press("2")
    legend = await page.locator("legend").first.inner_text()
    assert f"{Euros(10_000)} attendus" in legend, "the amount is a parameter: known without reading"

    numbers = [by_hand(world.world, row) for row in rows[:2]]
    problems = await look(page, "a-la-main-plusieurs")
    for typed in (
        numbers[0],
        "Tab",
        "100,00",
        "Enter",
    ):  # by the keyboard alone, from the field that the key has opened
        await (page.keyboard.press(typed) if typed.isalpha() else page.keyboard.type(typed))
    await page.wait_for_url("**/exceptions/*message=declaree-en-partie")
    assert "Le dossier reste à vous" in await page.inner_text("main")
    assert (await case_of(owner_db, loaded.run))[0] == "exception"
    with pytest.raises(StoreError) as refused:  # the database itself, whatever the console does
        await _rows(owner_db, "update cases set state = 'ready', instruction = '{\"do\": \"read_back\"}' returning id")
    assert refused.value.state == "GL007"

    await page.locator("summary", has_text="Saisi à la main").click()
    await fill(page, 3, "ACP-1999-000001")
    await (
        page.get_by_role("group", name=re.compile("ligne 4"))
        .get_by_label("Si elle n’est pas faite")
        .select_option("rien")
    )
    await page.locator("#texte-done_by_hand").fill("Arrêt annulé hier, vu dans Arpège")
    await page.get_by_role("button", name="Enregistrer").click()
    await page.wait_for_url("**/a-la-main?*message=declaree*")
    assert await world.work() == "application stopped"
    await reopen_compta(owner_db)
    await world.work()
    item, code = await open_item(owner_db, loaded.run)
    assert code == "RELECTURE"
    assert await entries_of(owner_db) == [(2, "by_hand"), (3, "planned"), (4, "planned")]
    assert ledger(world.world, rows) == [1, 1, 0], "a robot entered nothing"

    await page.goto(item)
    said = await page.inner_text("main")
    problems += await look(page, "a-la-main-plusieurs-relecture")
    assert "proposal (ligne 3) : La référence ACP-1999-000001 n'a pas été relue" in said
    assert "1 sur 2 saisies" in said
    await page.get_by_role("button", name="Prendre").click()
    await page.locator("summary", has_text="Saisi à la main").click()
    await fill(page, 3, numbers[1])
    await page.get_by_role("button", name="Enregistrer").click()
    await page.wait_for_url("**/a-la-main?*message=declaree*")
    await world.work()
    state, end, reference = await case_of(owner_db, loaded.run)
    assert (state, end) == ("ended", "done_by_hand")
    assert await entries_of(owner_db) == [(2, "by_hand"), (3, "by_hand"), (4, "planned")]
    await page.goto("/a-la-main?application=compta&vue=relues")
    assert problems + await look(page, "a-la-main-plusieurs-relues") == []
    listed = " ".join((await page.inner_text("main")).split())
    assert all(
        f"relue proposal (ligne {line}) : n° {number}" in listed for line, number in zip((2, 3), numbers, strict=True)
    )
    assert "rien à saisir proposal (ligne 4)" in listed
    await page.goto(f"/dossiers/{reference}")
    assert "CONFIRMÉE" in await page.inner_text("main")

    again = await world.deliver(*rows[:2])
    await world.work()
    assert {row.outcome for row in await world.results(again.run)} == {RowOutcome.ALREADY_DONE}
    assert ledger(world.world, rows) == [1, 1, 0]


async def test_what_is_left_to_the_robot_is_made_by_it_once_the_rest_is_read_back(
    world: RobotWorld, visit: Any, owner_db: Database
) -> None:
    rows = household(world.world, 2)
    loaded = await world.deliver(*rows)
    release(world, CHANGED)
    await world.work()  # the changed form is seen just before the act (ADR 9): what was read is known
    release(world, {})
    assert ledger(world.world, rows) == [0, 0]
    agent = await visit("a.martin")
    page = await agent.post("/a-la-main/compta/prendre")
    item, number = str(page.url.path), by_hand(world.world, rows[1])
    twice = {f"{name}-{place}": text for place in (1, 2) for name, text in (("reference", number), ("montant", "100"))}
    refused = await decide(agent, item, decision="done_by_hand", **twice)
    assert refused.status_code == 422
    assert "Le même numéro est donné deux fois" in refused.text
    declared = {"reference-2": number, "montant-2": "100,00"}
    refused = await decide(agent, item, decision="done_by_hand", **declared, **{"sinon-1": "rien"})
    assert "dites pourquoi il n’y a rien à saisir" in refused.text
    await decide(agent, item, decision="done_by_hand", **declared, **{"sinon-1": "robot"})
    await reopen_compta(owner_db)
    await world.work()
    assert (await case_of(owner_db, loaded.run))[:2] == ("ended", "entered")
    assert await entries_of(owner_db) == [(2, "confirmed"), (3, "by_hand")]
    assert ledger(world.world, rows) == [1, 1]
    assert [result.outcome for result in await world.results(loaded.run)] == [RowOutcome.ENTERED] * 2


@pytest.mark.parametrize("scenario", [(LATER,)], indirect=True)
async def test_what_is_left_of_a_case_that_waited_waits_again_once_the_rest_is_read_back(
    world: RobotWorld, visit: Any, owner_db: Database
) -> None:
    rows = household(world.world, 2)
    loaded = await world.deliver(*rows)
    await world.work()
    waits = "select state::text as state, waits_for, wait_until from cases"
    (waiting,) = await _rows(owner_db, waits)
    assert waiting[:2] == ("waiting", "date")
    await stop_compta(world)
    agent, reference = await visit("a.martin"), (await case_of(owner_db, loaded.run))[2]
    page = await agent.post("/a-la-main/compta/prendre", dossier=reference)
    declared = {"reference-1": by_hand(world.world, rows[0]), "montant-1": "100", "sinon-2": "robot"}
    await decide(agent, str(page.url.path), decision="done_by_hand", **declared)
    await reopen_compta(owner_db)
    await world.work()
    assert await entries_of(owner_db) == [(2, "by_hand"), (3, "planned")]
    assert await _rows(owner_db, waits) == [waiting], "its day has not come"
    await _rows(owner_db, "update cases set wait_until = now() where state = 'waiting' returning id")
    await world.work()
    assert (await case_of(owner_db, loaded.run))[:2] == ("ended", "entered")
    assert ledger(world.world, rows) == [1, 1]


@pytest.mark.parametrize("scenario", [(FIRST, ("\nlimits: {", SEEN))], indirect=True)
async def test_what_follows_an_entry_by_hand_goes_on_after_it_and_judges_nothing_before_it_again(
    world: RobotWorld, visit: Any, owner_db: Database
) -> None:
    rows = household(world.world, 2)
    loaded = await world.deliver(*rows)
    await stop_compta(world)
    agent = await visit("a.martin")
    page = await agent.post("/a-la-main/compta/prendre")
    numbers = {f"reference-{place}": by_hand(world.world, row) for place, row in enumerate(rows, start=1)}
    await decide(
        agent, str(page.url.path), decision="done_by_hand", **numbers, **{"montant-1": "100", "montant-2": "100"}
    )
    await reopen_compta(owner_db)
    await world.work()
    in_two_days = opening(world.bench.today.fromordinal(world.bench.today.toordinal() + 2))
    assert await _rows(owner_db, "select state::text as state, wait_until from cases") == [("waiting", in_two_days)]
    await _rows(owner_db, "update cases set wait_until = now() where state = 'waiting' returning id")
    await world.work()
    assert (await case_of(owner_db, loaded.run))[:2] == ("ended", "done_by_hand")
    assert ledger(world.world, rows) == [1, 1]


@pytest.mark.parametrize("scenario", [(ASKED, LATER)], indirect=True)
async def test_a_wait_goes_on_when_given_back_and_a_pending_approval_is_withdrawn_when_taken(
    world: RobotWorld, visit: Any, owner_db: Database
) -> None:
    rows = household(world.world, 2)
    loaded = await world.deliver(*rows)
    await world.work()
    tomorrow = opening(world.bench.today.fromordinal(world.bench.today.toordinal() + 1))
    waits = "select state::text as state, waits_for, wait_until, due from cases"
    (waiting,) = await _rows(owner_db, waits)
    assert waiting[:3] == ("waiting", "date", tomorrow)
    await stop_compta(world)
    agent, boss = await visit("a.martin"), await visit("s.noir")
    reference = (await case_of(owner_db, loaded.run))[2]
    assert "Plus rien à prendre" in (await agent.post("/a-la-main/compta/prendre")).text, "nobody's turn: by name alone"
    page = await agent.post("/a-la-main/compta/prendre", dossier=reference)
    assert "Il attendait la date du scénario" in page.text
    await decide(agent, str(page.url.path), decision="resend", **{"texte-resend": ""})
    assert await _rows(owner_db, waits) == [waiting], "it waits as before"

    await reopen_compta(owner_db)
    await _rows(owner_db, "update cases set wait_until = now() where state = 'waiting' returning id")
    await world.work()
    asked = await _rows(owner_db, "select id from approval where state = 'asked'")
    assert (await case_of(owner_db, loaded.run))[0] == "awaiting_approval"
    assert len(asked) == 2
    validation = f"/validations/{asked[0][0]}"
    digest = (await boss.get(validation)).text.split('name="empreinte" value="', 1)[1].split('"', 1)[0]
    await stop_compta(world)
    assert "une validation" in (await agent.get("/a-la-main?application=compta&vue=en-attente")).text
    page = await agent.post("/a-la-main/compta/prendre", dossier=reference)
    item = str(page.url.path)
    late = await boss.post(f"{validation}/approuver", empreinte=digest, mot_de_passe="correct cheval pile agrafe")
    assert late.status_code == 409
    assert "a été pris à la main" in late.text
    assert await _rows(owner_db, "select distinct state from approval") == [("void",)]
    numbers = [by_hand(world.world, row) for row in rows]
    form = {f"reference-{place}": number for place, number in enumerate(numbers, start=1)}
    await decide(agent, item, decision="done_by_hand", **form, **{"montant-1": "100", "montant-2": "100"})
    await reopen_compta(owner_db)
    await world.work()
    assert (await case_of(owner_db, loaded.run))[:2] == ("ended", "done_by_hand")
    assert ledger(world.world, rows) == [1, 1]
