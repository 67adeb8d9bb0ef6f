"""Putting a case to wait for a document, and letting it go on: one decision, one button, both compare and set."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from orchestrator.domain.civil import SystemClock, opening, paris_date
from orchestrator.store.database import Database


async def _state(owner: Database, reference: str) -> tuple[Any, ...]:
    async with owner.transaction("test") as tx:
        cursor = await tx.connection.execute(
            "select state::text as state, waits_for, wait_until, attempts from cases where reference = %s", [reference]
        )
        row = await cursor.fetchone()
    assert row is not None
    return tuple(row.values())


async def _decide(agent: Any, case: Any, **typed: str) -> Any:
    await agent.post(f"/exceptions/{case.item}/prendre")
    page = await agent.get(f"/exceptions/{case.item}")
    versions = {name: _hidden(page.text, name) for name in ("version", "version_dossier")}
    return await agent.post(f"/exceptions/{case.item}/decision", decision="wait", **versions, **typed)


def _hidden(page: str, name: str) -> str:
    return page.split(f'name="{name}" value="', 1)[1].split('"', 1)[0]


async def test_an_agent_puts_a_case_to_wait_for_a_document_and_lets_it_go_on(
    seed: Any, visit: Any, owner_db: Database
) -> None:
    case = await seed.exception()
    agent = await visit("a.martin")
    day = paris_date(SystemClock().now()) + timedelta(days=10)
    await _decide(agent, case, **{"jusqu_au": str(day), "texte-wait": "Attestation demandée à l'assuré"})
    assert await _state(owner_db, case.reference) == ("waiting", "document", opening(day), 0)
    page = await agent.get(f"/dossiers/{case.reference}")
    assert "Attend une pièce, au plus tard le" in page.text
    assert "Mis en attente d’une pièce" in page.text

    version = _hidden(page.text, "version_dossier")
    woken = await agent.post(f"/dossiers/{case.reference}/reprendre", version_dossier=version)
    assert "Le robot reprend le dossier." in woken.text
    assert await _state(owner_db, case.reference) == ("ready", None, None, 0)
    late = await agent.post(f"/dossiers/{case.reference}/reprendre", version_dossier=version)
    assert "Ce dossier n’attend plus" in late.text


async def test_a_wait_says_for_what_and_until_a_day_to_come(seed: Any, visit: Any, owner_db: Database) -> None:
    case = await seed.exception()
    agent = await visit("a.martin")
    today = str(paris_date(SystemClock().now()))
    refused = await _decide(agent, case, **{"jusqu_au": today, "texte-wait": "Attestation"})
    assert refused.status_code == 422
    assert "La date est après aujourd’hui" in refused.text
    assert "Pièce attendue : dites laquelle" in (await _decide(agent, case, jusqu_au=today)).text
    assert (await _state(owner_db, case.reference))[0] == "exception"


async def test_a_sensitive_case_is_woken_by_nobody_who_may_not_see_it(
    seed: Any, visit: Any, owner_db: Database
) -> None:
    case = await seed.exception("C-05", "Assuré décédé", failed=("C-05",), queue="ij-sensible")
    agent = await visit("a.martin")
    assert (await agent.post(f"/dossiers/{case.reference}/reprendre", version_dossier="3")).status_code == 404
