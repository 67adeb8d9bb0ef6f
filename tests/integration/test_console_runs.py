"""Exécutions: figures that add up, live events, rows set aside."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import psycopg


def _figures(page: str) -> dict[str, int]:
    found = re.findall(r"</svg> ([^<]+)</dt><dd>(\d+)</dd>", page)
    return {title: int(count) for title, count in found}


async def test_the_page_of_a_run_accounts_for_every_row(seed: Any, visit: Any, owner_url: str) -> None:
    await seed.end()
    await seed.end("nothing_to_pay")
    await seed.end("already_done")
    await seed.exception()
    await seed.awaiting()
    await seed.case()
    await seed.set_aside(17, "nir", "clé du NIR fausse")
    with psycopg.connect(owner_url) as connection:
        connection.execute("update glr.delivery set rows = 7")
    agent = await visit("a.martin")
    page = (await agent.get(f"/executions/{seed.run}")).text
    figures = _figures(page)
    assert figures == {
        "Saisis": 1,
        "Rien à payer": 1,
        "Déjà faits": 1,
        "À valider": 1,
        "Exceptions": 1,
        "Rejetés, retirés": 0,
        "Lignes écartées": 1,
        "Restent": 1,
    }
    assert "6 lignes sur 7" in page
    assert "clé du NIR fausse" in page
    assert "697,39" in page
    assert "1\u00a0409,89" in page, "control total: entered and awaiting"
    assert f'href="/executions/{seed.run}"' in (await agent.get("/executions")).text


async def test_a_run_tells_its_progress_as_events_until_it_is_over(seed: Any, at_browser: Any, owner_url: str) -> None:
    with psycopg.connect(owner_url) as connection:
        connection.execute("update glr.delivery set rows = 2")
    await seed.end()
    page = await at_browser("a.martin")
    await page.goto(f"/executions/{seed.run}")
    assert await page.locator(".headline strong").inner_text() == "50 %"
    await seed.end()
    await page.get_by_text("robot au repos").wait_for()
    assert await page.locator(".headline strong").inner_text() == "100 %"


async def test_without_script_the_page_refreshes_itself_and_shows_the_same(
    seed: Any, at_browser: Any, owner_url: str
) -> None:
    with psycopg.connect(owner_url) as connection:
        connection.execute("update glr.delivery set rows = 1")
    page = await at_browser("a.martin", java_script_enabled=False)
    await page.goto(f"/executions/{seed.run}")
    assert "0 %" in await page.locator(".headline").inner_text()
    await seed.end()
    await page.get_by_text("robot au repos").wait_for()


async def test_a_part_of_a_page_without_session_is_left_as_it_is(seed: Any, visit: Any) -> None:
    stranger = await visit()
    answer = await stranger.client.get(f"/executions/{seed.run}/progression", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.text) == (204, "")


async def test_watching_a_run_does_not_keep_a_session_alive(seed: Any, visit: Any, owner_url: str) -> None:
    agent = await visit("a.martin")
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("update glr.web_session set last_seen = now() - interval '29 min'")
        await agent.get(f"/executions/{seed.run}/progression")
        old = "select last_seen < now() - interval '20 min' from glr.web_session"
        assert connection.execute(old).fetchone() == (True,)
        await agent.get(f"/executions/{seed.run}")
        assert connection.execute(old).fetchone() == (False,)


async def test_pages_answer_in_time(seed: Any, visit: Any) -> None:
    for _ in range(20):
        await seed.exception(capture=False)
    agent = await visit("a.martin")
    case = await seed.exception()
    spent = []
    loop = asyncio.get_running_loop()
    for address in (
        "/exceptions",
        f"/exceptions/{case.item}",
        f"/dossiers/{case.reference}",
        f"/executions/{seed.run}",
    ):
        for _ in range(12):
            begun = loop.time()
            assert (await agent.get(address)).status_code == 200
            spent.append(loop.time() - begun)
    assert sorted(spent)[len(spent) // 2] < 0.1, "half of the pages take more than 100 ms"


async def test_the_page_of_a_run_shows_what_it_gave_away_with_hash_addressee_and_state(seed: Any, visit: Any) -> None:
    await seed.end()
    agent = await visit("a.martin")
    assert "Rien n’a encore été remis" in (await agent.get(f"/executions/{seed.run}")).text
    digest = "ab" * 32
    given = {
        "recap": ("files.write", {"folder": "remises", "name": "recap.xlsx", "size": 4321, "sha256": digest}),
        "courriel": ("mail.send", {"to": "controle", "message_id": "<1@glr>"}),
        "rangement": ("files.move", None),
    }
    async with seed.database.transaction("robot:acompte-ij") as tx:
        for key, (keyword, result) in given.items():
            await tx.run("hand_overs.intend", caisse="cpam-931", run=seed.run, effect_key=key, keyword=keyword)
            if result is not None:
                await tx.run("hand_overs.made", run=seed.run, effect_key=key, result=result)
            else:
                await tx.run("hand_overs.failed", run=seed.run, effect_key=key, state="doubtful")
    page = (await agent.get(f"/executions/{seed.run}")).text
    shown = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    for words in ("recap.xlsx dans «&nbsp;remises&nbsp;»", digest, "courriel à « controle »", "&lt;1@glr&gt;"):
        assert words in shown
    assert sorted(re.findall(r'tag[ a-z]*">(faite|en doute)<', page)) == ["en doute", "faite", "faite"]
    assert "tranche par glr close" in shown
