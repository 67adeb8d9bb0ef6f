"""A canary stops the run; people work its cases by hand at the console and in COMPTA; robots only read back what they did."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from by_hand_agent import decide, open_item, propose_by_hand, reopen_compta, stop_compta, typed
from playwright.async_api import Browser, Page
from robot_world import PracticeWorld, RobotWorld, Row, known_witnesses, robot_world
from witnessed import release, work

from orchestrator.domain.money import Euros
from orchestrator.drivers.witness import Witness
from orchestrator.engine.results import RowOutcome
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault

CHANGED = {"compta": {"screen": "nouvelle-avance", "kind": "swap_labels", "seed": 4}}


@pytest.fixture
async def world(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path
) -> AsyncIterator[RobotWorld]:
    practice_world.fault()
    async with robot_world(practice_world, runner_url, vault, tmp_path) as opened:
        yield opened
        release(opened, {})


async def stopped_by_the_canary(world: RobotWorld, *rows: Row) -> tuple[UUID, dict[str, Witness]]:
    """Deliver rows; the screens of COMPTA change before a robot works them."""
    witnesses = await known_witnesses(world)
    loaded = await world.deliver(*rows)
    release(world, CHANGED)
    assert await work(world, witnesses) == "screens not walked"
    return loaded.run, witnesses


async def take_next(page: Page) -> None:
    await page.goto("/a-la-main?application=compta")
    await page.get_by_role("button", name="Prendre le suivant").click()
    await page.wait_for_url("**/exceptions/*")


async def declare(page: Page, number: str, amount: str, note: str = "") -> None:
    await page.locator("summary", has_text="Saisi à la main").click()
    await page.get_by_label("Numéro de la saisie").fill(number)
    await page.get_by_label("Montant saisi").fill(amount)
    if note:
        await page.locator("#texte-done_by_hand").fill(note)
    await page.get_by_role("button", name="Déclarer fait").click()
    await page.wait_for_url("**/a-la-main?*")


async def stop_of(page: Page) -> str:
    """Read the stop of the case on the page, as an agent does before typing it into COMPTA."""
    return await page.locator("tr", has_text="Réf. arrêt").locator(".value").inner_text()


async def hold(page: Page, stop: str) -> str:
    """Take the case of a stop and keep it."""
    await page.goto("/a-la-main?application=compta")
    for reference in await page.locator("[data-row]").all_inner_texts():
        await page.goto(f"/dossiers/{reference}")
        if stop in await page.inner_text("main"):
            await page.goto("/a-la-main?application=compta")
            await page.get_by_role("button", name=f"Prendre {reference}").click()
            await page.wait_for_url("**/exceptions/*")
            return stop
    raise LookupError(stop)


async def reopen(page: Page) -> None:
    await page.goto("/applications")
    await page.get_by_role("button", name="Rouvrir COMPTA").click()
    await page.wait_for_url("**/applications?message=rouverte")


async def states(owner: Database, run: UUID) -> dict[int, tuple[str, str | None]]:
    async with owner.transaction("test") as tx:
        cursor = await tx.connection.execute(
            "select line, state::text as state, ended_as from cases where run = %s order by line", [run]
        )
        return {row["line"]: (row["state"], row["ended_as"]) for row in await cursor.fetchall()}


async def test_what_people_entered_while_the_robot_was_stopped_is_read_back_and_entered_by_no_later_run(
    world: RobotWorld, at_browser: Any, browser: Browser, owner_db: Database
) -> None:
    rows = [world.world.take("entered") for _ in range(3)]
    run, witnesses = await stopped_by_the_canary(world, *rows)
    agent, colleague = await at_browser("a.martin"), await at_browser("b.petit")

    await agent.get_by_role("link", name="Travailler à la main").click()  # from the banner of every page
    await take_next(agent)
    mine = await stop_of(agent)
    await take_next(colleague)
    theirs = await stop_of(colleague)
    assert mine != theirs, "two people never get the same case"
    assert "n’avait pas encore travaillé ce dossier" in await agent.inner_text("main")

    row = next(each for each in rows if each.stop == mine)
    assert row.amount_c is not None
    number = await propose_by_hand(browser, world.world, row, typed(row.amount_c))
    await declare(agent, number, typed(row.amount_c))
    await agent.get_by_role("link", name="À relire").click()
    listed = await agent.inner_text("table")
    assert f"n° {number}" in listed
    await agent.locator("[data-row]").first.click()
    shown = await agent.inner_text("main")
    assert "À RELIRE" in shown, "never taken for confirmed"
    assert "Ni confirmée, ni à refaire" in shown

    await colleague.locator("summary", has_text="Rien n’a été saisi : rendre au robot").click()
    await colleague.get_by_role("button", name="Renvoyer").click()
    await colleague.wait_for_url("**/a-la-main?*message=rendu-robots*")
    await agent.goto("/a-la-main?application=compta&vue=a-prendre")
    given_back = await agent.locator("tbody tr").count()
    assert given_back == 2, "the third case, and the one given back"
    third = next(each for each in rows if each.stop not in {mine, theirs})
    held = await hold(agent, third.stop)

    assert await work(world, witnesses) == "application stopped"
    release(world, {})
    await reopen(await at_browser("s.noir"))
    assert await work(world, witnesses) == "nothing ready"
    ended = await states(owner_db, run)
    line_of = {each.stop: place for place, each in enumerate(rows, start=2)}
    assert ended[line_of[mine]] == ("ended", "done_by_hand")
    assert ended[line_of[held]] == ("exception", None)

    again = await world.deliver(*reversed(rows))  # the same people in another file, for a new run
    await work(world, witnesses)
    lines = {each.stop: world.world.lines_of(each.stop) for each in rows}
    assert [(each["amount_c"], each["reason"]) for each in lines[mine]] == [(row.amount_c, "Acompte saisi à la main")]
    assert lines[held] == [], "a person holds it"
    outcomes = {each.outcome for each in await world.results(again.run)}
    assert outcomes == {RowOutcome.ALREADY_DONE, RowOutcome.SET_ASIDE}, "held: its case is still open"
    assert all(len(found) <= 1 for found in lines.values()), "nothing stands twice in the ledger"

    await agent.goto("/a-la-main?application=compta&vue=relues")
    assert f"relue n° {number}" in " ".join((await agent.inner_text("table")).split())
    case = await agent.locator("[data-row]").first.inner_text()
    await agent.goto(f"/dossiers/{case}")
    shown = await agent.inner_text("main")
    assert "Saisi à la main, relu" in shown
    assert "CONFIRMÉE" in shown
    assert "Capture masquée de la saisie à la main" in shown


NOTHING = {"decision": "resend", "texte-resend": ""}


async def test_a_number_that_is_not_there_or_another_amount_goes_back_to_a_person_and_to_no_robot(
    world: RobotWorld, visit: Any, browser: Browser, owner_db: Database
) -> None:
    row = world.world.take("entered")
    assert row.amount_c is not None
    loaded = await world.deliver(row)
    await stop_compta(world)
    agent = await visit("a.martin")
    taken = str((await agent.post("/a-la-main/compta/prendre")).url.path)
    amount = typed(row.amount_c)
    wrong = await decide(agent, taken, decision="done_by_hand", **{"reference-1": "ACP-1999-000001"})
    assert wrong.status_code == 422
    assert "Montant attendu" in wrong.text
    await decide(agent, taken, decision="done_by_hand", **{"reference-1": "ACP-1999-000001", "montant-1": amount})
    await reopen_compta(owner_db)

    await world.work()
    item, code = await open_item(owner_db, loaded.run)
    assert code == "RELECTURE"
    number = await propose_by_hand(browser, world.world, row, amount)
    await decide(agent, item, decision="done_by_hand", **{"reference-1": number, "montant-1": typed(row.amount_c + 1)})
    await world.work()
    item, code = await open_item(owner_db, loaded.run)
    assert code == "RELECTURE-ECART"
    refused = await decide(agent, item, **NOTHING)
    assert refused.status_code == 422, "something stands in COMPTA: no robot gets it back"
    assert "n’est ni rendu au robot ni rejeté avant sa relecture" in refused.text
    await world.work()
    assert len(world.world.lines_of(row.stop)) == 1

    await decide(agent, item, decision="done_by_hand", **{"reference-1": number, "montant-1": amount})
    await world.work()
    assert [*(await states(owner_db, loaded.run)).values()] == [("ended", "done_by_hand")]
    assert len(world.world.lines_of(row.stop)) == 1
    async with owner_db.transaction("test") as tx:
        cursor = await tx.connection.execute("select verb from audit_outbox where verb like 'by_hand.%' order by id")
        verbs = [each["verb"] for each in await cursor.fetchall()]
    assert verbs == [
        f"by_hand.{what}" for what in ("taken", "declared", "not_found", "declared", "declared", "read_back", "done")
    ]


async def test_who_takes_a_case_that_the_robot_had_computed_sees_what_it_would_have_entered(
    world: RobotWorld, visit: Any
) -> None:
    row = world.world.take("entered")
    assert row.amount_c is not None
    await world.deliver(row)
    release(world, CHANGED)
    await world.work()  # without a witness the changed form is seen just before the act (ADR 9)
    assert world.world.lines_of(row.stop) == []
    agent = await visit("a.martin")
    page = await agent.post("/a-la-main/compta/prendre")
    shown = page.text.split("Ce que le robot aurait saisi", 1)[1].split("Saisie déjà faite", 1)[0]
    for words in (str(Euros(row.amount_c)), row.stop, f"••{row.nir[10:13]}"):
        assert words in shown
    assert row.nir not in page.text
    other = {"reference-1": "ACP-2026-000777", "montant-1": typed(row.amount_c + 100)}
    refused = await decide(agent, str(page.url.path), decision="done_by_hand", **other)
    assert refused.status_code == 422
    assert f"le robot aurait saisi {Euros(row.amount_c)}" in refused.text
    noted = {**other, "texte-done_by_hand": "Une journée de plus, vue avec le service médical"}
    assert (await decide(agent, str(page.url.path), decision="done_by_hand", **noted)).status_code == 200
