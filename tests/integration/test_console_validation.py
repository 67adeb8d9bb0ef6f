"""Validation: a second person, exactly what was displayed, with the password given again."""

from __future__ import annotations

import re
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

PASSWORD = "correct cheval pile agrafe"


def _row(owner_url: str, statement: str, *values: object) -> Any:
    with psycopg.connect(owner_url, options="-c search_path=glr", row_factory=dict_row) as connection:
        return connection.execute(statement, values).fetchone()


def _approval(owner_url: str, case: Any) -> Any:
    columns = "approval.state, validator, cases.state::text as case_state, instruction"
    joined = "approval join cases on cases.id = approval.case_id"
    return _row(owner_url, f"select {columns} from {joined} where approval.id = %s", case.approval)


def _execute(owner_url: str, statement: str, *values: object) -> None:
    with psycopg.connect(owner_url, options="-c search_path=glr -c glr.actor=test") as connection:
        connection.execute(statement, values)


async def _digest(person: Any, case: Any) -> str:
    page = await person.get(f"/validations/{case.approval}")
    return str(re.findall(r'name="empreinte" value="([0-9a-f]+)"', page.text)[0])


async def test_a_supervisor_sees_what_will_be_entered_and_opening_it_is_recorded(
    seed: Any, visit: Any, owner_url: str
) -> None:
    case = await seed.awaiting()
    supervisor = await visit("s.noir")
    assert case.reference in (await supervisor.get("/validations")).text
    page = await supervisor.get(f"/validations/{case.approval}")
    assert case.nir in page.text
    assert "712,50" in page.text
    event = _row(owner_url, "select actor, object from audit_outbox where verb = 'approval.opened'")
    assert event == {"actor": "agent:s.noir", "object": case.reference}


async def test_approving_gives_the_case_back_to_the_robot(seed: Any, visit: Any, owner_url: str) -> None:
    case = await seed.awaiting()
    supervisor = await visit("s.noir")
    digest = await _digest(supervisor, case)
    await supervisor.post(f"/validations/{case.approval}/approuver", empreinte=digest, mot_de_passe=PASSWORD)
    assert _approval(owner_url, case) == {
        "state": "approved",
        "validator": "s.noir",
        "case_state": "ready",
        "instruction": {"do": "resend", "by": "s.noir"},
    }
    event = _row(owner_url, "select actor from audit_outbox where verb = 'approval.approved'")
    assert event == {"actor": "agent:s.noir"}


async def test_approving_needs_the_password_again(seed: Any, visit: Any, owner_url: str) -> None:
    case = await seed.awaiting()
    supervisor = await visit("s.noir")
    digest = await _digest(supervisor, case)
    page = await supervisor.post(f"/validations/{case.approval}/approuver", empreinte=digest, mot_de_passe="faux")
    assert (page.status_code, _approval(owner_url, case)["state"]) == (422, "asked")


@pytest.mark.parametrize("digest", ["", "00" * 32, "zz", "abc"])
async def test_another_digest_than_the_displayed_one_approves_nothing(
    seed: Any, visit: Any, owner_url: str, digest: str
) -> None:
    case = await seed.awaiting()
    supervisor = await visit("s.noir")
    address = f"/validations/{case.approval}/approuver"
    page = await supervisor.post(address, empreinte=digest, mot_de_passe=PASSWORD)
    assert (page.status_code, _approval(owner_url, case)["state"]) == (409, "asked")


async def test_refusing_opens_an_exception_with_the_reason_for_an_agent(
    seed: Any, visit: Any, owner_url: str, vault: Any
) -> None:
    case = await seed.awaiting()
    supervisor, agent = await visit("s.noir"), await visit("a.martin")
    digest = await _digest(supervisor, case)
    address = f"/validations/{case.approval}/refuser"
    assert (await supervisor.post(address, empreinte=digest, motif=" ")).status_code == 422
    await supervisor.post(address, empreinte=digest, motif="Montant à vérifier avec le service")
    assert (_approval(owner_url, case)["state"], _approval(owner_url, case)["case_state"]) == ("refused", "exception")
    item = _row(owner_url, "select id, cause, code, queue, message, note from exception_item")
    assert (item["cause"], item["code"], item["queue"]) == ("business", "VALIDATION", "ij")
    assert "Montant" not in item["message"]
    await agent.post(f"/exceptions/{item['id']}/prendre")
    assert "Montant à vérifier avec le service" in (await agent.get(f"/exceptions/{item['id']}")).text


async def test_who_worked_on_the_case_is_excluded_and_sees_masks(seed: Any, visit: Any, owner_url: str) -> None:
    case = await seed.awaiting()
    _execute(
        owner_url,
        "insert into exception_item (id, caisse, case_id, scenario, cause, code, message, queue, attempt, closed_at,"
        " closed_by, decision) values (gen_random_uuid(), 'cpam-931', %s, 'ij-acompte', 'business', 'C-03', '…', 'ij', 1,"
        " now(), 's.noir', 'resend')",
        case.id,
    )
    excluded, other = await visit("s.noir"), await visit("t.blanc")
    page = await excluded.get(f"/validations/{case.approval}")
    assert "Vous avez travaillé sur ce dossier" in page.text
    assert case.nir not in page.text
    digest = await _digest(other, case)
    address = f"/validations/{case.approval}/approuver"
    refused = await excluded.post(address, empreinte=digest, mot_de_passe=PASSWORD)
    assert (refused.status_code, _approval(owner_url, case)["state"]) == (409, "asked")
    await other.post(address, empreinte=digest, mot_de_passe=PASSWORD)
    assert _approval(owner_url, case)["state"] == "approved"


async def test_a_role_that_the_scenario_did_not_name_cannot_approve(seed: Any, visit: Any, owner_url: str) -> None:
    case = await seed.awaiting(roles=["accounting"])
    supervisor = await visit("s.noir")
    digest = await _digest(supervisor, case)
    page = await supervisor.post(f"/validations/{case.approval}/approuver", empreinte=digest, mot_de_passe=PASSWORD)
    assert (page.status_code, _approval(owner_url, case)["state"]) == (409, "asked")


async def test_an_expired_or_decided_approval_is_not_decided_again(seed: Any, visit: Any, owner_url: str) -> None:
    case = await seed.awaiting()
    first, second = await visit("s.noir"), await visit("t.blanc")
    digest = await _digest(first, case)
    address = f"/validations/{case.approval}/approuver"
    _execute(owner_url, "update approval set expires_at = now() - interval '1 s'")
    assert (await first.post(address, empreinte=digest, mot_de_passe=PASSWORD)).status_code == 409
    _execute(owner_url, "update approval set expires_at = now() + interval '1 h'")
    await first.post(address, empreinte=digest, mot_de_passe=PASSWORD)
    late = await second.post(address, empreinte=digest, mot_de_passe=PASSWORD)
    assert late.status_code == 409
    assert "Sophie Noir a déjà décidé" in late.text


async def test_values_that_do_not_match_their_fingerprint_are_not_shown(seed: Any, visit: Any, owner_url: str) -> None:
    case = await seed.awaiting()
    altered = [{"label": "Montant", "value": "1 712,50 €", "mask": "1 712,50 €"}]
    sealed = seed.vault.seal(case.key, f"approval:payload:{case.approval}", altered)
    _execute(owner_url, "update approval set payload = %s", sealed)
    supervisor = await visit("s.noir")
    page = await supervisor.get(f"/validations/{case.approval}")
    assert page.status_code == 409
    assert "1 712,50" not in page.text


async def test_a_supervisor_reopens_an_application_and_everyone_sees_that_it_is_stopped(
    seed: Any, visit: Any, runner_db: Any, owner_url: str
) -> None:
    async with runner_db.transaction("robot:acompte-ij") as tx:
        await tx.run("sessions.stop_application", caisse="cpam-931", application="compta", reason="mot de passe expiré")
    agent, supervisor = await visit("a.martin"), await visit("s.noir")
    assert "COMPTA est arrêtée" in (await agent.get("/exceptions")).text
    page = await supervisor.post("/applications/compta/rouvrir")
    assert "Application rouverte" in page.text
    assert "COMPTA est arrêtée" not in page.text
    assert (await supervisor.post("/applications/compta/rouvrir")).status_code == 409
    event = _row(owner_url, "select actor, object from audit_outbox where verb = 'application.reopened'")
    assert event == {"actor": "agent:s.noir", "object": "compta"}


async def test_what_waits_for_a_second_person_comes_by_priority_then_due_date(
    seed: Any, visit: Any, owner_url: str
) -> None:
    late, soon, urgent = [await seed.awaiting() for _ in range(3)]
    for case, priority, due in ((late, 10, "2999-01-02"), (soon, 10, "2020-01-02"), (urgent, 90, None)):
        _execute(owner_url, "update cases set priority = %s, due = %s where id = %s", priority, due, case.id)
    page = (await (await visit("s.noir")).get("/validations")).text
    assert re.findall(r"data-row>(DOS-\w+)<", page) == [case.reference for case in (urgent, soon, late)]
    assert page.count("en retard</span>") == 1
