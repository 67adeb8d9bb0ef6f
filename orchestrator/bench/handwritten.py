"""What a good developer would write by hand for the same job: one Playwright script, no engine, no ledger, no fence.

It does the same screens, look-ups, read-back and captures as the scenario ``ij-acompte``, on one logged-in context per
application kept for all cases. Input: a JSON file; used by ``glr bench overhead`` and by nothing else.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Dialog, Page

from orchestrator.drivers.browser import open_browser

_APPLICATIONS = ("bdo", "arpege", "compta", "rniam")
_PERSON = """
    dossier nir certification nom_naissance nom_usage prenoms date_naissance date_deces organisme organisme_depuis
    droits_debut droits_fin homonymes verrou contentieux lcf recours_amiable opposition tutelle cession personne_sensible
""".split()  # noqa: SIM905 - one word a field, as in the pages
_RIGHTS = ["categorie", "affiliation", "pension_invalidite", "avantage_vieillesse", "echeancier", "jours_indemnises"]
_REGISTERED = ["certification", "date_deces", "organisme", "date-du-jour"]
_ACCOUNT = ["iban", "bic", "titulaire", "date_modification", "origine"]


async def main(job: dict[str, Any]) -> None:
    """Work every case of the job, one after the other."""
    async with open_browser() as browser:
        pages = {name: await _log_in(browser, job["accounts"][name]) for name in _APPLICATIONS}
        for case in job["cases"]:
            await _one(pages, job, case)


async def _log_in(browser: Browser, account: dict[str, str]) -> Page:
    context = await browser.new_context(locale="fr-FR")
    page = await context.new_page()
    page.on("dialog", _accept)
    await page.goto(account["address"] + "/connexion")
    await page.fill("#identifiant", account["login"])
    await page.fill("#mot_de_passe", account["password"])
    await page.click("#btn-connexion")
    await page.wait_for_selector("#date-du-jour")
    return page


async def _accept(dialog: Dialog) -> None:
    await dialog.accept()


async def _one(pages: dict[str, Page], job: dict[str, Any], case: dict[str, Any]) -> None:
    bdo, arpege, compta = pages["bdo"], pages["arpege"], pages["compta"]
    await _search(bdo, job["accounts"]["bdo"]["address"] + "/recherche", case["nir"])
    person = {name: await bdo.inner_text(f"#{name}") for name in _PERSON}
    await bdo.goto(f"{job['accounts']['bdo']['address']}/dossier/{person['dossier']}/rib")
    for name in _ACCOUNT:
        await bdo.inner_text(f"#{name}")
    start, end = await _read_arpege(arpege, job["accounts"]["arpege"]["address"], case)
    await _find_advances(compta, job, case)
    await _search(pages["rniam"], job["accounts"]["rniam"]["address"] + "/recherche", case["nir"])
    for name in _REGISTERED:
        await pages["rniam"].inner_text(f"#{name}")
    await arpege.reload()
    await arpege.locator("table tbody tr").all_inner_texts()
    await _find_advances(compta, job, case)
    await _propose(compta, job, case, start, end)
    fresh = await compta.context.new_page()
    fresh.on("dialog", _accept)
    await compta.close()
    pages["compta"] = fresh
    rows = await _find_advances(fresh, job, case)
    if not any(case["token"] in row for row in rows):
        raise SystemExit(f"dossier {case['token']} : saisie non relue")
    await fresh.screenshot(path=Path(job["captures"]) / f"{case['token']}.png", mask=[fresh.locator("input")])


async def _read_arpege(page: Page, address: str, case: dict[str, Any]) -> tuple[date, date]:
    await _search(page, address + "/recherche", case["nir"])
    insured = await page.inner_text("#assure")
    for name in ("nir", "nom_naissance", "prenoms", "date_naissance"):
        await page.inner_text(f"#{name}")
    frame = page.frame_locator("#cadre-arrets")
    row = frame.locator("table#arrets tbody tr", has_text=case["stop"]).first
    cells = await row.locator("td").all_inner_texts()
    await page.goto(f"{address}/assure/{insured}/droits")
    for name in _RIGHTS:
        await page.inner_text(f"#{name}")
    await page.locator("table#revenus tbody tr").all_inner_texts()
    await page.goto(f"{address}/assure/{insured}/paiements")
    await page.locator("table tbody tr").all_inner_texts()
    return _day(cells[2]) + timedelta(days=3), _day(cells[3])


async def _find_advances(page: Page, job: dict[str, Any], case: dict[str, Any]) -> list[str]:
    await _search(page, job["accounts"]["compta"]["address"] + "/avances", case["nir"])
    return await page.locator("table#avances tbody tr").all_inner_texts()


async def _propose(page: Page, job: dict[str, Any], case: dict[str, Any], start: date, end: date) -> None:
    await page.goto(job["accounts"]["compta"]["address"] + "/avances/nouvelle")
    values = {
        "nir": case["nir"],
        "reference_arret": case["stop"],
        "du": f"{start:%d/%m/%Y}",
        "au": f"{max(start, end):%d/%m/%Y}",
        "montant": case["amount"],
        "motif": "Acompte IJ",
        "reference_libre": case["token"],
    }
    for name, value in values.items():
        await page.fill(f"#{name}", value)
    await page.click("#btn-enregistrer")
    await page.wait_for_selector("#numero")


async def _search(page: Page, url: str, nir: str) -> None:
    await page.goto(url)
    await page.fill("#nir", nir)
    await page.click("#btn-rechercher")
    await page.wait_for_load_state("load")


def _day(text: str) -> date:
    day, month, year = text.split("/")
    return date(int(year), int(month), int(day))


if __name__ == "__main__":
    asyncio.run(main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
