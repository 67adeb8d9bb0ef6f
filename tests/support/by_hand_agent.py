"""Somebody who works by hand while robots are stopped: enters in COMPTA, and says so at the console."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import UUID

from playwright.async_api import Browser, Page
from robot_world import PracticeWorld, RobotWorld, Row

from orchestrator.store.database import Database

_NUMBER = re.compile(r"ACP-\d{4}-\d{6}")
#: The hidden fields of a decision.
_VERSIONS = ("version", "version_dossier")


async def propose_by_hand(browser: Browser, world: PracticeWorld, row: Row, amount: str) -> str:
    """Enter a proposal for a row with COMPTA's own form, reading its labels, whatever changed; returns its number."""
    window = await at_compta(browser, world)
    await window.goto("/avances/nouvelle")
    form = {
        "NIR": row.nir,
        "Référence arrêt": row.stop,
        "Période du": "05/03/2026",
        "au": "26/03/2026",
        "Montant": amount,
        "Motif": "Acompte saisi à la main",
    }
    for label, value in form.items():
        await window.get_by_label(label, exact=True).fill(value)
    await window.get_by_role("button", name="Enregistrer").click()
    found = _NUMBER.search(await window.inner_text("body"))
    await window.context.close()
    assert found is not None, "COMPTA gave no number"
    return found[0]


async def cancel_by_hand(browser: Browser, world: PracticeWorld, number: str) -> None:
    """Cancel a proposal with COMPTA's own form."""
    window = await at_compta(browser, world)
    await window.goto("/annulations/nouvelle")
    await window.get_by_label("Numéro", exact=True).fill(number)
    await window.get_by_label("Motif", exact=True).fill("Erreur de dossier")
    await window.get_by_role("button", name="Annuler l'avance").click()
    await window.wait_for_url("**/annulations/ACP-*")
    await window.context.close()


async def at_compta(browser: Browser, world: PracticeWorld) -> Page:
    """Log a person in to COMPTA, in a browser of their own."""
    people = json.loads((world.practice.folder / "accounts.json").read_text("utf-8"))["compta"]
    login = next(name for name, each in people.items() if each["role"] != "robot")
    context = await browser.new_context(base_url=world.accounts["compta"].address)
    window = await context.new_page()
    window.on("dialog", lambda dialog: dialog.accept())
    await window.goto("/connexion")
    await window.get_by_label("Identifiant").fill(login)
    await window.get_by_label("Mot de passe").fill(people[login]["password"])
    await window.get_by_role("button", name="Se connecter").click()
    return window


def typed(amount_c: int) -> str:
    """Write centimes as people type them."""
    return f"{amount_c // 100},{amount_c % 100:02d}"


async def stop_compta(world: RobotWorld) -> None:
    """Close COMPTA to the robots."""
    async with world.bench.database.transaction("test") as tx:
        where = {"caisse": world.bench.scenario.caisse, "application": "compta"}
        await tx.run("sessions.stop_application", reason="Un écran a changé.", **where)


async def reopen_compta(owner: Database) -> None:
    """Open COMPTA to the robots again, as a supervisor does."""
    async with owner.transaction("agent:s.noir") as tx:
        await tx.run("sessions.reopen_application", caisse="cpam-931", application="compta")


async def decide(agent: Any, item: str, **form: str) -> Any:
    """Take an exception and decide it, without a browser; returns the answer."""
    await agent.post(f"{item}/prendre")
    page = (await agent.get(item)).text
    versions = {name: page.split(f'name="{name}" value="', 1)[1].split('"', 1)[0] for name in _VERSIONS}
    return await agent.post(f"{item}/decision", **versions, **form)


async def open_item(owner: Database, run: UUID) -> tuple[str, str]:
    """Return address and code of the open exception of the one case of a run."""
    async with owner.transaction("test") as tx:
        cursor = await tx.connection.execute(
            "select item.id, item.code from exception_item item join cases on cases.id = item.case_id"
            " where cases.run = %s and closed_at is null",
            [run],
        )
        row = await cursor.fetchone()
    assert row is not None
    return f"/exceptions/{row['id']}", row["code"]
