"""With JavaScript off everything is links and forms, and works the same."""

from __future__ import annotations

from typing import Any

import psycopg
from advances_world import read_advances

from orchestrator.console import ConsoleWorld
from orchestrator.store.database import Database


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
        await page.goto(address, wait_until="networkidle")  # a request that the next page cuts off is not a refusal
    assert said == []


async def test_the_open_advances_are_sorted_filtered_and_turned_with_the_keyboard_and_without_script(
    seed: Any, at_browser: Any, console_world: ConsoleWorld, owner_db: Database
) -> None:
    first, *_ = await read_advances(console_world, seed, owner_db, aside=60)
    page = await at_browser("c.roux", java_script_enabled=False)
    await page.goto("/avances")

    async def go(name: str) -> Any:
        """Follow a link with the keyboard; return the numbers that are listed then."""
        link = page.get_by_role("main").get_by_role("link", name=name)
        await link.focus()
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
        return await page.locator("table.list tbody td:first-child").all_inner_texts()

    by_amount = await go("le plus grand montant")
    assert by_amount == [f"ACP-2026-{line:06d}" for line in range(2, 52)]
    assert await go("Suivants") == [f"ACP-2026-{line:06d}" for line in range(52, 67)]
    assert await go("Attend le paiement d’Arpège") == ["ACP-2026-000002"]
    await go("tout montrer")
    assert await go("la plus ancienne") == [f"ACP-2026-{line:06d}" for line in range(66, 16, -1)]
    await go("Attend le paiement d’Arpège")
    await go(first.reference)
    assert page.url.endswith(f"/dossiers/{first.reference}")
