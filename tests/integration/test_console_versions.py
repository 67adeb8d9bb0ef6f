"""Versions in the console: what changes, a second person, the password given again, the next stage, a stopped scenario."""

from __future__ import annotations

import re
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from published import propose_another

PASSWORD = "correct cheval pile agrafe"
PAGE = "/versions/ij-acompte"


@pytest.fixture
async def proposed(seed: Any, owner_db: Any, accounts: None) -> Any:
    """Have s.noir propose another version."""
    return await propose_another(owner_db, seed.scenario, "s.noir")


def _row(owner_url: str, statement: str) -> Any:
    with psycopg.connect(owner_url, options="-c search_path=glr", row_factory=dict_row) as connection:
        return connection.execute(statement.encode()).fetchone()


def _published(owner_url: str) -> str:
    return str(_row(owner_url, "select version from publication where state = 'published'")["version"])


async def test_a_second_person_sees_what_changes_under_french_headings_and_publishes_it(
    proposed: Any, visit: Any, owner_url: str
) -> None:
    second = await visit("t.blanc")
    assert "Taux porté à 85 %" in (await second.get(PAGE)).text
    page = (await second.get(PAGE)).text
    assert re.findall(r"<h4[^>]*>([^<]+) <span", page) == ["Scénario « ij-acompte »", "Règles datées « ij »"]
    assert re.search(r'class="less">-.*default: 0\.80', page)
    assert re.search(r'class="more">\+.*default: 0\.85', page)
    answer = await second.post(f"{PAGE}/approuver", empreinte=proposed.hash, mot_de_passe=PASSWORD)
    assert "Version publiée." in answer.text
    assert _published(owner_url) == proposed.hash
    found = _row(
        owner_url,
        "select array_agg(actor || ' ' || verb order by id) as said from audit_outbox"
        f" where verb like 'version.%' and details ->> 'version' = '{proposed.hash}'",
    )
    assert found["said"] == ["agent:s.noir version.proposed", "agent:t.blanc version.published"]


async def test_who_proposed_it_has_no_button_and_is_refused(
    seed: Any, proposed: Any, visit: Any, owner_url: str
) -> None:
    first = await visit("s.noir")
    assert "Approuver et publier" not in (await first.get(PAGE)).text
    answer = await first.post(f"{PAGE}/approuver", empreinte=proposed.hash, mot_de_passe=PASSWORD)
    assert answer.status_code == 409
    assert "autre que la personne" in answer.text
    assert _published(owner_url) == seed.scenario.hash


@pytest.mark.parametrize(("password", "hash_", "status"), [("faux", "", 422), (PASSWORD, "0" * 64, 409)])
async def test_a_wrong_password_or_another_version_than_the_displayed_one_publishes_nothing(
    seed: Any, proposed: Any, visit: Any, owner_url: str, password: str, hash_: str, status: int
) -> None:
    second = await visit("t.blanc")
    given = hash_ or proposed.hash
    answer = await second.post(f"{PAGE}/approuver", empreinte=given, mot_de_passe=password)
    assert answer.status_code == status
    assert _published(owner_url) == seed.scenario.hash


async def test_a_person_who_has_looked_releases_the_next_stage(
    seed: Any, proposed: Any, visit: Any, owner_url: str
) -> None:
    second = await visit("t.blanc")
    await second.post(f"{PAGE}/approuver", empreinte=proposed.hash, mot_de_passe=PASSWORD)
    page = (await second.get(PAGE)).text
    assert "0 dossiers commencés sur 2 permis" in page
    assert "3 dossiers de plus" in page
    seed.scenario = proposed
    done = await seed.end()
    await seed.exception("C-05", "Assuré décédé", failed=("C-05",), queue="ij-sensible")  # not for t.blanc to see
    page = (await second.get(PAGE)).text
    assert "2 dossiers commencés sur 2 permis" in page
    assert re.findall(r"(DOS-\w+)</a> ([^<]+) <span", page) == [(done.reference, "Saisi")]
    shown = f"{proposed.hash} 0"
    assert (await second.post(f"{PAGE}/etape", empreinte=shown, mot_de_passe="faux")).status_code == 422
    assert (
        "Étape suivante permise." in (await second.post(f"{PAGE}/etape", empreinte=shown, mot_de_passe=PASSWORD)).text
    )
    assert (await second.post(f"{PAGE}/etape", empreinte=shown, mot_de_passe=PASSWORD)).status_code == 409
    now = _row(owner_url, "select stage, allowed from publication where state = 'published'")
    assert now == {"stage": 1, "allowed": 5}


async def test_a_stopped_scenario_is_said_on_every_page_and_resumed_by_a_supervisor(
    seed: Any, visit: Any, runner_db: Any, owner_url: str
) -> None:
    async with runner_db.transaction("robot:acompte-ij") as tx:
        await tx.run("versions.stop_scenario", caisse="cpam-931", scenario="ij-acompte", reason="3 incidents sur 10")
    agent, supervisor = await visit("a.martin"), await visit("s.noir")
    assert "3 incidents sur 10" in (await agent.get("/exceptions")).text
    assert (await agent.post("/scenarios/ij-acompte/reprendre")).status_code == 403
    assert "Scénario repris" in (await supervisor.post("/scenarios/ij-acompte/reprendre")).text
    assert "3 incidents sur 10" not in (await agent.get("/exceptions")).text
    assert (await supervisor.post("/scenarios/ij-acompte/reprendre")).status_code == 409
    assert _row(owner_url, "select released_by from scenario_stop") == {"released_by": "s.noir"}


async def test_an_unknown_scenario_has_no_versions(seed: Any, visit: Any) -> None:
    supervisor = await visit("s.noir")
    assert (await supervisor.get("/versions/inconnu")).status_code == 404
