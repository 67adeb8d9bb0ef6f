"""À la main: who gets which case of a stopped application, and what the database refuses whatever the console does."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from by_hand_agent import decide
from console_world import PASSWORD

from orchestrator.domain.civil import SystemClock, opening, paris_date
from orchestrator.engine.by_hand import take
from orchestrator.engine.sweep import sweep
from orchestrator.engine.tickets import ticket_queue
from orchestrator.engine.wake import wake_by_document

CAISSE = "cpam-931"


@pytest.fixture
async def stopped(seed: Any) -> Any:
    """Close COMPTA to the robots of a run that has been loaded."""
    await seed.stop_application("compta")
    return seed


def _connect(url: str, actor: str = "agent:a.martin") -> psycopg.Connection[Any]:
    return psycopg.connect(url, options=f"-c search_path=glr -c glr.actor={actor}")


def _due(owner_url: str, case: Any, day: str | None) -> None:
    with _connect(owner_url) as connection:
        connection.execute("update cases set due = %s where id = %s", [day, case.id])


async def _take(person: Any, **form: str) -> Any:
    return await person.post("/a-la-main/compta/prendre", **form)


def _reference(page: str) -> str:
    found = re.search(r"<title>(DOS-\w+)", page)
    assert found is not None
    return found[1]


async def test_cases_are_taken_by_priority_then_due_date_then_arrival(stopped: Any, visit: Any, owner_url: str) -> None:
    late, no_due, first, soon, urgent = [await stopped.case(priority=each) for each in (10, 10, 10, 10, 90)]
    for case, day in ((late, "2026-04-30"), (no_due, None), (soon, "2026-03-30")):
        _due(owner_url, case, day)
    agent = await visit("a.martin")
    page = (await agent.get("/a-la-main?application=compta")).text
    listed = re.findall(r"data-row>(DOS-\w+)<", page)
    wanted = [each.reference for each in (urgent, soon, first, late, no_due)]
    assert listed == wanted
    assert [_reference((await _take(agent)).text) for _ in wanted] == wanted
    assert "Plus rien à prendre ici." in (await _take(agent)).text


async def test_five_people_who_take_at_once_get_five_cases(stopped: Any, visit: Any, owner_url: str) -> None:
    for _ in range(5):
        await stopped.case()
    people = [await visit(login) for login in ("a.martin", "b.petit", "c.roux", "s.noir", "t.blanc")]
    pages = await asyncio.gather(*(_take(person) for person in people))
    assert len({_reference(page.text) for page in pages}) == 5
    with _connect(owner_url) as connection:
        taken = connection.execute("select count(*), count(distinct taken_by) from by_hand").fetchone()
        assert taken == (5, 5)


async def test_a_person_and_a_robot_never_get_the_same_case(stopped: Any, visit: Any, owner_url: str) -> None:
    for _ in range(8):
        await stopped.case()
    people = [await visit(login) for login in ("a.martin", "b.petit", "c.roux", "s.noir")]
    robots = [stopped.claim_one() for _ in range(4)]  # sessions that have not yet seen that the application is closed
    taken = await asyncio.gather(*(_take(person) for person in people), *robots)
    assert len({_reference(each.text) for each in taken[:4]}) == 4
    assert taken[4:] == [None] * 4
    with _connect(owner_url) as connection:
        states = connection.execute("select state::text, count(*) from cases group by state order by 1").fetchall()
        assert states == [("exception", 4), ("ready", 4)]


async def test_a_case_is_taken_by_its_reference_once(stopped: Any, visit: Any) -> None:
    case, other = await stopped.case(), await stopped.case()
    agent, colleague = await visit("a.martin"), await visit("b.petit")
    assert _reference((await _take(agent, dossier=other.reference)).text) == other.reference
    assert "Plus rien à prendre ici." in (await _take(colleague, dossier=other.reference)).text
    assert _reference((await _take(colleague)).text) == case.reference


async def test_nothing_is_taken_from_robots_that_work(seed: Any, visit: Any, console_url: str) -> None:
    case = await seed.case()
    agent = await visit("a.martin")
    assert (await _take(agent)).status_code == 409
    with _connect(console_url) as connection, pytest.raises(psycopg.Error) as refused:
        connection.execute(
            "insert into by_hand (case_id, caisse, application, taken_by) values (%s, %s, 'compta', 'a.martin')",
            [case.id, CAISSE],
        )
    assert refused.value.sqlstate == "GL007"
    with _connect(console_url) as connection, pytest.raises(psycopg.Error) as refused:
        connection.execute("update cases set state = 'exception' where id = %s", [case.id])
    assert refused.value.sqlstate == "GL007"


async def test_a_sensitive_case_stays_with_those_who_may_see_it(seed: Any, visit: Any, owner_url: str) -> None:
    case = await seed.exception("C-11", "Personne sensible", failed=("C-11",), queue="ij-sensible")
    await seed.stop_application("compta")
    with _connect(owner_url) as connection:
        connection.execute(
            "update exception_item set closed_at = now(), closed_by = 'c.roux', decision = 'resend' where id = %s",
            [case.item],
        )
        connection.execute("update cases set state = 'ready' where id = %s", [case.id])
    assert "Plus rien à prendre ici." in (await _take(await visit("a.martin"))).text
    page = await _take(await visit("c.roux"))
    assert _reference(page.text) == case.reference
    assert "restreinte" in page.text


@pytest.mark.parametrize(
    "statement",
    [
        "update cases set state = 'ready', instruction = '{\"do\": \"resend\"}' where id = %(case)s",
        "update cases set state = 'waiting', wait_until = now(), waits_for = 'document' where id = %(case)s",
        "update entry set state = 'intent', amount_c = 1 where case_id = %(case)s",
        "update cases set state = 'rejected' where id = %(case)s",
    ],
)
async def test_the_database_keeps_a_declared_case_from_robots(
    stopped: Any, visit: Any, owner_url: str, statement: str
) -> None:
    case = await stopped.case()
    await _take(await visit("a.martin"))
    with _connect(owner_url) as connection:
        declare = "update by_hand_entry set reference = 'ACP-1', declared_by = 'a.martin', declared_at = now()"
        connection.execute(declare.encode())
        with pytest.raises(psycopg.Error) as refused:
            connection.execute(statement.encode(), {"case": case.id})
    assert refused.value.sqlstate == "GL007"
    for undone in (
        "update by_hand set given_back_by = 'a.martin', given_back_at = now()",
        "update by_hand_entry set reference = null, declared_by = null, declared_at = null, left_by = 'x', left_at = now()",
    ):
        with _connect(owner_url) as connection:
            connection.execute(declare.encode())
            with pytest.raises(psycopg.Error) as refused:
                connection.execute(undone.encode())
        assert refused.value.sqlstate == "GL007", "a declared number is read back first"


async def test_the_database_gives_nothing_back_to_robots_before_something_is_said_of_it(
    stopped: Any, visit: Any, owner_url: str
) -> None:
    case = await stopped.case()
    await _take(await visit("a.martin"))
    asked = "update cases set state = 'ready', instruction = '{\"do\": \"read_back\"}' where id = %s"
    for said in ("", ", left_by = 'a.martin', left_at = now()"):
        with _connect(owner_url) as connection:
            connection.execute(f"update by_hand_entry set place = place{said}".encode())
            with pytest.raises(psycopg.Error) as refused:
                connection.execute(asked.encode(), [case.id])
        assert refused.value.sqlstate == "GL007"


async def test_an_effect_that_another_case_plans_or_has_entered_is_left_to_the_robot(
    stopped: Any, visit: Any, owner_url: str
) -> None:
    agent = await visit("a.martin")
    mine = await stopped.case()
    await _take(agent)
    with _connect(owner_url) as connection:
        connection.execute("update cases set key_digest = '\\x00', line = 900 where id = %s", [mine.id])
    stopped.count -= 1  # the same person and stop once more, as another scenario would carry them
    again = await stopped.case()
    assert f"la même saisie est connue par le dossier {mine.reference}." in (await _take(agent)).text
    with _connect(owner_url) as connection:
        found = connection.execute("select state::text from cases where id = %s", [again.id]).fetchone()
        assert found == ("ready",)


async def test_a_case_that_waited_for_a_document_waits_again_unless_the_document_came_meanwhile(
    seed: Any, visit: Any, owner_url: str, console_db: Any, vault: Any, scenario: Any
) -> None:
    case, agent = await seed.exception(), await visit("a.martin")
    await seed.stop_application("compta")
    fields = {"nir": case.nir, "stop_id": "A000001"}
    digest = vault.blind(f"key:{scenario.name}", scenario.case.key.render(fields))
    with _connect(owner_url) as connection:
        connection.execute("update cases set key_digest = %s where id = %s", [digest, case.id])
    day = paris_date(SystemClock().now()) + timedelta(days=10)
    waits = {"decision": "wait", "jusqu_au": str(day), "texte-wait": "Attestation demandée"}
    await decide(agent, f"/exceptions/{case.item}", **waits)
    columns = "select state::text, waits_for, wait_until from cases"
    listed = (await agent.get("/a-la-main?application=compta&vue=en-attente")).text
    assert "une pièce, au plus tard le" in listed
    assert "Plus rien à prendre ici." in (await _take(agent)).text

    taken = await _take(agent, dossier=case.reference)
    assert "Il attendait une pièce" in taken.text
    await decide(agent, str(taken.url.path), decision="resend", **{"texte-resend": ""})
    with _connect(owner_url) as connection:
        assert connection.execute(columns).fetchall() == [("waiting", "document", opening(day))]

    taken = await _take(agent, dossier=case.reference)
    async with console_db.transaction("machine:flux-arpege") as tx:
        assert await wake_by_document(tx, vault, scenario, fields)
        assert not await wake_by_document(tx, vault, scenario, fields), "said once"
    await decide(agent, str(taken.url.path), decision="resend", **{"texte-resend": ""})
    with _connect(owner_url) as connection:
        assert connection.execute(columns).fetchall() == [("ready", None, None)]
        events = connection.execute("select verb from audit_outbox where verb = 'by_hand.document'").fetchall()
    assert events == [("by_hand.document",)]


async def _digest(person: Any, case: Any) -> str:
    page = (await person.get(f"/validations/{case.approval}")).text
    return str(page.split('name="empreinte" value="', 1)[1].split('"', 1)[0])


async def _approve(person: Any, case: Any, digest: str) -> Any:
    address = f"/validations/{case.approval}/approuver"
    return await person.post(address, empreinte=digest, mot_de_passe=PASSWORD)


async def test_who_approves_and_who_takes_at_the_same_moment_are_never_both_heard(
    seed: Any, visit: Any, owner_url: str, console_db: Any, vault: Any, scenario: Any
) -> None:
    agent, boss = await visit("a.martin"), await visit("s.noir")
    first, second = await seed.awaiting(), await seed.awaiting()
    await seed.stop_application("compta")
    digest = await _digest(boss, first)
    decided = {"id": first.approval, "caisse": CAISSE, "login": "s.noir", "state": "approved"}
    async with console_db.transaction("agent:s.noir") as tx:
        assert await tx.first("console.decide_approval", values_digest=bytes.fromhex(digest), **decided)
        page = await _take(agent, dossier=first.reference)
        assert "une personne décide en ce moment de sa validation" in page.text
        instruction = {"do": "resend", "by": "s.noir"}
        assert await tx.run("console.resume_approved", id=first.id, caisse=CAISSE, instruction=instruction)

    digest = await _digest(boss, second)
    who: dict[str, Any] = {"application": "compta", "login": "a.martin"}
    where = {"caisse": CAISSE, "restricted": False}
    async with console_db.transaction("agent:a.martin") as tx:
        taken, _ = await take(tx, vault, {scenario.name: scenario}, reference=second.reference, where=where, **who)
        assert taken is not None
        late = asyncio.create_task(_approve(boss, second, digest))
        assert not (await asyncio.wait([late], timeout=0.6))[0], "it waits for who was first"
    assert (await late).status_code == 409
    with _connect(owner_url) as connection:
        found = connection.execute(
            "select cases.state::text, approval.state from cases join approval on approval.case_id = cases.id order by line"
        ).fetchall()
    assert found == [("ready", "approved"), ("exception", "void")]


async def test_the_database_lets_nobody_approve_what_a_person_has_taken(seed: Any, visit: Any, owner_url: str) -> None:
    case = await seed.awaiting()
    await seed.stop_application("compta")
    await _take(await visit("a.martin"), dossier=case.reference)
    with _connect(owner_url, "agent:s.noir") as connection, pytest.raises(psycopg.Error) as refused:
        connection.execute(
            "update approval set state = 'approved', validator = 's.noir' where id = %s", [case.approval]
        )
    assert refused.value.sqlstate == "GL007"


async def test_a_session_that_dies_after_a_number_was_not_found_leaves_a_case_that_the_sweep_gives_back(
    stopped: Any, visit: Any, owner_url: str, owner_db: Any, runner_db: Any, runner_url: str
) -> None:
    case, agent = await stopped.case(), await visit("a.martin")
    other = await stopped.case()
    taken = await _take(agent)
    number = {"reference-1": "ACP-2026-000777", "montant-1": "697,39"}
    await decide(agent, str(taken.url.path), decision="done_by_hand", **number)
    with _connect(owner_url) as connection:
        connection.execute("delete from application_stop")
    assert await stopped.claim_one() == case.reference
    assert await stopped.claim_one() == other.reference
    async with runner_db.transaction("robot:acompte-ij") as tx:
        (line,) = await tx.all("by_hand.to_read_back", case_id=case.id)
        assert await tx.run("by_hand.not_found", case_id=case.id, entry=line["entry"]) == 1
    with _connect(owner_url) as connection:
        connection.execute("update cases set lease_until = now() - interval '1 s'")
    queue = ticket_queue(runner_url, size=1)
    async with queue.open_async():
        await sweep(runner_db, queue)
    with _connect(owner_url) as connection:
        states = connection.execute("select state::text from cases order by line").fetchall()
    assert states == [("ready",), ("ready",)], "the orphans of a sweep go back together or not at all"
