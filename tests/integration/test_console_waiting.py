"""Putting a case to wait for a document, and letting it go on: one decision, one button, both compare and set."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from psycopg.types.json import Jsonb

from orchestrator.console.paging import write
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
    woken = await agent.post(
        f"/dossiers/{case.reference}/reprendre", version_dossier=version, motif="Attestation reçue"
    )
    assert "Le robot reprend le dossier." in woken.text
    assert await _state(owner_db, case.reference) == ("ready", None, None, 0)
    late = await agent.post(f"/dossiers/{case.reference}/reprendre", version_dossier=version, motif="Attestation reçue")
    assert "Ce dossier n’attend plus" in late.text


async def test_who_would_wait_for_a_document_that_a_robot_has_filed_meanwhile_goes_on_and_the_agent_is_told(
    seed: Any, visit: Any, owner_db: Database
) -> None:
    case = await seed.exception()
    agent = await visit("a.martin")
    async with owner_db.transaction("robot:depot-pieces") as tx:
        filed = {"by": "document", "document": "GED-2026-000007", "filed_by": "DOS-1"}
        await tx.connection.execute("update cases set filed = %s where id = %s", [Jsonb(filed), case.id])
    day = paris_date(SystemClock().now()) + timedelta(days=10)
    answer = await _decide(agent, case, **{"jusqu_au": str(day), "texte-wait": "Attestation demandée à l'assuré"})
    assert await _state(owner_db, case.reference) == ("ready", None, None, 0)
    assert "Une pièce avait été classée entre-temps" in answer.text


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
    assert (
        await agent.post(f"/dossiers/{case.reference}/reprendre", version_dossier="3", motif="Vu")
    ).status_code == 404


async def _later(owner: Database, case: Any, days: int, waits_for: str | None) -> None:
    """Have a case wait as robots leave it."""
    async with owner.transaction("robot:acompte-ij") as tx:
        session = "00000000-0000-0000-0000-000000000001"
        await tx.connection.execute(
            "update cases set state = 'leased', leased_by = %s, lease_until = now() + interval '1 min' where id = %s",
            [session, case.id],
        )
        await tx.connection.execute(
            "update cases set state = 'waiting', leased_by = null, lease_until = null,"
            " wait_until = now() + make_interval(days => %s) where id = %s",
            [days, case.id],
        )
        await tx.connection.execute("update cases set waits_for = %s where id = %s", [waits_for, case.id])


async def test_what_waits_is_listed_with_what_for_and_until_when_and_goes_on_for_a_reason(
    seed: Any, visit: Any, owner_db: Database
) -> None:
    document, date, retry, soon = [await seed.exception(), *[await seed.case() for _ in range(3)]]
    agent = await visit("a.martin")
    day = paris_date(SystemClock().now()) + timedelta(days=10)
    await _decide(agent, document, **{"jusqu_au": str(day), "texte-wait": "Attestation demandée à l'assuré"})
    await _later(owner_db, date, 2, "date")
    await _later(owner_db, retry, 1, None)
    await _later(owner_db, soon, 0, None)  # in a moment: nobody need look
    page = (await agent.get("/attentes")).text
    assert [page.find(case.reference) for case in (retry, date, document)] == sorted(
        page.find(case.reference) for case in (retry, date, document)
    )
    assert soon.reference not in page
    assert "Pièce : Attestation demandée" in page
    only = (await agent.get("/attentes?attente=retry")).text
    assert (retry.reference in only, date.reference in only) == (True, False)

    ticked = {f"dossier-{case.reference}": "1" for case in (document, retry)}
    without = await agent.post("/attentes/reprendre", motif=" ", **ticked)
    assert without.status_code == 422
    assert f'name="dossier-{document.reference}" value="1" checked' in without.text
    private = await agent.post("/attentes/reprendre", motif=f"vu avec {document.nir}", **ticked)
    assert private.status_code == 422
    assert document.nir not in await _reasons(owner_db)
    woken = await agent.post("/attentes/reprendre", motif="Pièces reçues par courrier", **ticked)
    assert "Repris : le robot les prend à leur tour." in woken.text
    assert [(await _state(owner_db, case.reference))[0] for case in (document, date, retry)] == [
        "ready",
        "waiting",
        "ready",
    ]
    assert await _reasons(owner_db) == ["Pièces reçues par courrier"] * 2


async def test_documents_are_listed_by_how_long_ago_they_were_asked_for_with_their_age(
    seed: Any, visit: Any, owner_db: Database
) -> None:
    cases = [await seed.exception() for _ in range(3)]
    agent = await visit("a.martin")
    today = paris_date(SystemClock().now())
    for case, until in zip(cases, (10, 5, 20), strict=True):
        asked = {"jusqu_au": str(today + timedelta(days=until)), "texte-wait": f"Attestation {until}"}
        await _decide(agent, case, **asked)
    async with owner_db.transaction("test") as tx:
        await tx.connection.execute("set local session_replication_role = replica")
        for case, days in zip(cases, (1, 0, 47), strict=True):
            earlier = "update exception_item set closed_at = closed_at - make_interval(days => %s) where id = %s"
            await tx.connection.execute(earlier, [days, case.item])
    page = (await agent.get("/attentes?attente=document")).text
    rows = re.findall(r"<tr>\s*<td>.*?</tr>", page, re.DOTALL)
    said = [(re.findall(r"data-row>([^<]*)<", row), re.findall(r'depuis">([^<]*)<', row)) for row in rows]
    oldest_first = zip((cases[2], cases[0], cases[1]), ("47 jours", "1 jour", "aujourd’hui"), strict=True)
    assert said == [([case.reference], [age]) for case, age in oldest_first]
    last = await agent.get(f"/attentes?attente=document&apres={await _mark(owner_db, cases[0])}")
    assert [case.reference in last.text for case in cases] == [False, True, False]


async def _mark(owner: Database, case: Any) -> str:
    """Return the address of what follows a case that waits for a document."""
    async with owner.transaction("test") as tx:
        cursor = await tx.connection.execute("select closed_at from exception_item where id = %s", [case.item])
        row = await cursor.fetchone()
    assert row is not None
    return write(row["closed_at"], case.id)


async def _reasons(owner: Database) -> list[str]:
    async with owner.transaction("test") as tx:
        cursor = await tx.connection.execute(
            "select details ->> 'reason' as reason from audit_outbox where verb = 'case.woken' order by id"
        )
        return [row["reason"] for row in await cursor.fetchall()]


async def test_a_sensitive_wait_is_listed_for_those_alone_who_may_see_it(
    seed: Any, visit: Any, owner_db: Database
) -> None:
    case = await seed.exception("C-11", "Personne sensible", failed=("C-11",), queue="ij-sensible")
    entitled, agent = await visit("c.roux"), await visit("a.martin")
    day = paris_date(SystemClock().now()) + timedelta(days=10)
    await _decide(entitled, case, **{"jusqu_au": str(day), "texte-wait": "Courrier du tuteur"})
    assert case.reference in (await entitled.get("/attentes")).text
    assert case.reference not in (await agent.get("/attentes")).text
    await agent.post("/attentes/reprendre", motif="Vu", **{f"dossier-{case.reference}": "1"})
    assert (await _state(owner_db, case.reference))[0] == "waiting"
