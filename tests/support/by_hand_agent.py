"""Somebody who enters a proposal in COMPTA by hand, as when robots are stopped: reads the labels, whatever changed."""

from __future__ import annotations

import json
import re

from playwright.async_api import Browser
from robot_world import PracticeWorld, Row

_NUMBER = re.compile(r"ACP-\d{4}-\d{6}")


async def propose_by_hand(browser: Browser, world: PracticeWorld, row: Row, amount: str) -> str:
    """Enter a proposal for a row of the delivery with COMPTA's own form; returns the number that COMPTA gave it."""
    people = json.loads((world.practice.folder / "accounts.json").read_text("utf-8"))["compta"]
    login = next(name for name, each in people.items() if each["role"] != "robot")
    context = await browser.new_context(base_url=world.accounts["compta"].address)
    window = await context.new_page()
    window.on("dialog", lambda dialog: dialog.accept())
    await window.goto("/connexion")
    await window.get_by_label("Identifiant").fill(login)
    await window.get_by_label("Mot de passe").fill(people[login]["password"])
    await window.get_by_role("button", name="Se connecter").click()
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
    await context.close()
    assert found is not None, "COMPTA gave no number"
    return found[0]


def typed(amount_c: int) -> str:
    """Write centimes as people type them."""
    return f"{amount_c // 100},{amount_c % 100:02d}"
