"""With JavaScript off everything is links and forms, and works the same."""

from __future__ import annotations

from typing import Any

import psycopg


async def test_an_exception_is_settled_without_script(seed: Any, at_browser: Any, owner_url: str) -> None:
    case = await seed.exception()
    page = await at_browser("a.martin", java_script_enabled=False)
    await page.get_by_role("button", name="Prendre le suivant").click()
    await page.get_by_role("button", name="Voir NIR et noms").click()
    assert await page.get_by_text(case.nir).count() == 1
    await page.get_by_text("Rejeter au métier").click()
    await page.get_by_role("textbox", name="Motif").fill("Dossier d’un homonyme")
    await page.get_by_role("button", name="Rejeter").click()
    await page.get_by_role("status").get_by_text("Rejeté.").wait_for()
    with psycopg.connect(owner_url) as connection:
        assert connection.execute("select state::text from glr.cases").fetchone() == ("rejected",)


async def test_the_browser_refuses_nothing_of_our_pages(seed: Any, at_browser: Any) -> None:
    case = await seed.exception()
    page = await at_browser("a.martin")
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    for address in (
        "/exceptions",
        f"/exceptions/{case.item}",
        f"/dossiers/{case.reference}",
        f"/executions/{seed.run}",
        "/aide",
    ):
        await page.goto(address)
    assert said == []
