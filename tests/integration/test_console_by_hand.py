"""À la main: who gets which case of a stopped application, and what the database refuses whatever the console does."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import psycopg
import pytest

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
        declare = "update by_hand set reference = 'ACP-1', declared_by = 'a.martin', declared_at = now()"
        connection.execute(declare.encode())
        with pytest.raises(psycopg.Error) as refused:
            connection.execute(statement.encode(), {"case": case.id})
    assert refused.value.sqlstate == "GL007"
    with _connect(owner_url) as connection, pytest.raises(psycopg.errors.CheckViolation):
        connection.execute(f"{declare}, given_back_by = 'a.martin', given_back_at = now()".encode())


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
    assert "déjà connue par un autre dossier" in (await _take(agent)).text
    with _connect(owner_url) as connection:
        found = connection.execute("select state::text from cases where id = %s", [again.id]).fetchone()
        assert found == ("ready",)
