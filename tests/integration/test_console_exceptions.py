"""Exceptions: claiming, revealing, deciding; each decision as the database and the outbox keep it."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row


def _row(owner_url: str, statement: str, *values: object) -> Any:
    with psycopg.connect(owner_url, options="-c search_path=glr", row_factory=dict_row) as connection:
        return connection.execute(statement, values).fetchone()


def _case(owner_url: str, case: Any) -> Any:
    return _row(owner_url, "select state::text as state, instruction, payload from cases where id = %s", case.id)


def _item(owner_url: str, case: Any) -> Any:
    return _row(owner_url, "select * from exception_item where id = %s", case.item)


def _verbs(owner_url: str, actor: str) -> list[str]:
    with psycopg.connect(owner_url, options="-c search_path=glr") as connection:
        rows = connection.execute("select verb from audit_outbox where actor = %s order by id", [actor]).fetchall()
    return [row[0] for row in rows]


def _execute(owner_url: str, statement: str, *values: object) -> None:
    with psycopg.connect(owner_url, options="-c search_path=glr -c glr.actor=test") as connection:
        connection.execute(statement, values)


async def _versions(person: Any, case: Any) -> dict[str, str]:
    page = (await person.get(f"/exceptions/{case.item}")).text
    return {name: re.findall(rf'name="{name}" value="(\d+)"', page)[0] for name in ("version", "version_dossier")}


async def _taken(person: Any, case: Any) -> dict[str, str]:
    await person.post(f"/exceptions/{case.item}/prendre")
    return await _versions(person, case)


async def _decide(person: Any, case: Any, kind: str, seen: dict[str, str], **typed: str) -> Any:
    return await person.post(f"/exceptions/{case.item}/decision", decision=kind, **seen, **typed)


async def test_an_agent_takes_the_oldest_and_sees_masks_until_asking(seed: Any, visit: Any, owner_url: str) -> None:
    first = await seed.exception()
    await seed.exception()
    agent = await visit("a.martin")
    page = await agent.post("/exceptions/suivant")
    assert page.url.path == f"/exceptions/{first.item}"
    assert first.nir not in page.text
    assert "LAMBERT" not in page.text
    assert f"••{first.nir[10:13]}" in page.text
    shown = await agent.post(f"/exceptions/{first.item}/reveler")
    assert first.nir in shown.text
    assert "ÉTIENNE LAMBERT-DURAND" in shown.text
    assert "case.revealed" in _verbs(owner_url, "agent:a.martin")


async def test_only_the_claimer_sees_names_and_only_while_the_claim_lasts(
    seed: Any, visit: Any, owner_url: str
) -> None:
    case = await seed.exception()
    agent, colleague = await visit("a.martin"), await visit("b.petit")
    await agent.post(f"/exceptions/{case.item}/prendre")
    await agent.post(f"/exceptions/{case.item}/reveler")
    refused = await colleague.post(f"/exceptions/{case.item}/reveler")
    assert refused.status_code == 409
    assert case.nir not in refused.text + (await colleague.get(f"/exceptions/{case.item}")).text
    _execute(owner_url, "update exception_item set claimed_until = now() - interval '1 s'")
    assert case.nir not in (await agent.get(f"/exceptions/{case.item}")).text


async def test_of_ten_people_who_claim_at_once_one_holds_the_case(seed: Any, visit: Any, owner_url: str) -> None:
    case = await seed.exception()
    people = [await visit(login) for login in ("a.martin", "b.petit", "c.roux", "s.noir", "t.blanc")]
    answers = await asyncio.gather(*(person.post(f"/exceptions/{case.item}/prendre") for person in people))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    assert _item(owner_url, case)["version"] == 1


async def test_a_claim_that_ran_out_can_be_taken_by_another(seed: Any, visit: Any, owner_url: str) -> None:
    case = await seed.exception()
    agent, colleague = await visit("a.martin"), await visit("b.petit")
    seen = await _taken(agent, case)
    _execute(owner_url, "update exception_item set claimed_until = now() - interval '1 s'")
    assert (await colleague.post(f"/exceptions/{case.item}/prendre")).status_code == 200
    late = await _decide(agent, case, "reject", seen, **{"texte-reject": "Motif tapé longuement"})
    assert late.status_code == 409
    assert "Bruno Petit a pris ce dossier" in late.text
    assert "Motif tapé longuement" in late.text
    assert _case(owner_url, case)["state"] == "exception"


async def test_typing_keeps_the_claim(seed: Any, visit: Any, owner_url: str) -> None:
    case = await seed.exception()
    agent = await visit("a.martin")
    await agent.post(f"/exceptions/{case.item}/prendre")
    _execute(owner_url, "update exception_item set claimed_until = now() + interval '1 min'")
    assert (await agent.post(f"/exceptions/{case.item}/garder")).status_code == 204
    left = _row(owner_url, "select extract(epoch from claimed_until - now())::int as left from exception_item")
    assert left["left"] > 800


async def test_correct_and_resend(seed: Any, visit: Any, owner_url: str, vault: Any) -> None:
    case = await seed.exception()
    agent = await visit("a.martin")
    seen = await _taken(agent, case)
    typed = {"champ-birth_name": "LAMBERT-DURAND", "champ-raised_on": "25/03/2026", "texte-resend": "Nom d’usage livré"}
    page = await _decide(agent, case, "resend", seen, **typed)
    assert (page.status_code, page.url.path) == (200, "/exceptions")
    row = _case(owner_url, case)
    assert (row["state"], row["instruction"]) == ("ready", {"do": "resend", "by": "a.martin"})
    fields = vault.open(case.key, f"cases:payload:{case.id}", bytes(row["payload"]))["fields"]
    assert (fields["birth_name"], fields["raised_on"]) == ("LAMBERT-DURAND", "2026-03-25")
    assert (fields["nir"], fields["anomaly"]) == (case.nir, "TECH_NON_PAYE")
    item = _item(owner_url, case)
    assert (item["decision"], item["closed_by"], item["claimed_by"]) == ("resend", "a.martin", None)
    note = vault.open(case.key, f"exception_item:note:{case.item}", bytes(item["note"]))
    assert [(said["by"], said["text"]) for said in note] == [("Alice Martin", "Nom d’usage livré")]
    assert _verbs(owner_url, "agent:a.martin")[-3:] == ["exception.closed", "case.corrected", "case.ready"]


async def test_the_key_of_a_case_cannot_be_corrected(seed: Any, visit: Any, owner_url: str, vault: Any) -> None:
    case = await seed.exception()
    agent = await visit("a.martin")
    seen = await _taken(agent, case)
    await _decide(agent, case, "resend", seen, **{"champ-nir": "185027512345678", "champ-stop_id": "X"})
    fields = vault.open(case.key, f"cases:payload:{case.id}", bytes(_case(owner_url, case)["payload"]))["fields"]
    assert (fields["nir"], fields["stop_id"]) == (case.nir, "A000001")


async def test_a_wrong_field_teaches_and_loses_nothing_typed(seed: Any, visit: Any, owner_url: str) -> None:
    case = await seed.exception()
    agent = await visit("a.martin")
    seen = await _taken(agent, case)
    typed = {"champ-raised_on": "30/02/2026", "champ-birth_name": "NOM TAPÉ", "texte-resend": "Note tapée"}
    page = await _decide(agent, case, "resend", seen, **typed)
    assert page.status_code == 422
    assert "date impossible : 30/02/2026" in page.text
    assert all(text in page.text for text in typed.values())
    assert _case(owner_url, case)["state"] == "exception"
    assert _item(owner_url, case)["closed_at"] is None


async def test_done_by_hand_is_read_back(seed: Any, visit: Any, owner_url: str) -> None:
    case = await seed.exception()
    agent = await visit("a.martin")
    seen = await _taken(agent, case)
    for wrong in ("", "ab", case.nir, "AC 12 <x>"):
        assert (await _decide(agent, case, "done_by_hand", seen, reference=wrong)).status_code == 422
    await _decide(agent, case, "done_by_hand", seen, reference="AC-000777")
    row = _case(owner_url, case)
    assert row["state"] == "ready"
    assert row["instruction"] == {"do": "read_back", "reference": "AC-000777", "by": "a.martin"}
    assert _item(owner_url, case)["decision"] == "done_by_hand"


async def test_reject_needs_a_reason(seed: Any, visit: Any, owner_url: str) -> None:
    case = await seed.exception()
    agent = await visit("a.martin")
    seen = await _taken(agent, case)
    assert (await _decide(agent, case, "reject", seen, **{"texte-reject": "  "})).status_code == 422
    await _decide(agent, case, "reject", seen, **{"texte-reject": "Dossier d’un homonyme"})
    assert (_case(owner_url, case)["state"], _item(owner_url, case)["decision"]) == ("rejected", "reject")
    assert _verbs(owner_url, "agent:a.martin")[-2:] == ["exception.closed", "case.rejected"]


async def test_handing_over_frees_the_case_in_another_basket(seed: Any, visit: Any, owner_url: str) -> None:
    case = await seed.exception()
    agent = await visit("a.martin")
    seen = await _taken(agent, case)
    assert (await _decide(agent, case, "hand_over", seen, file_cible="inconnue")).status_code == 422
    assert (await _decide(agent, case, "hand_over", seen, file_cible="robot")).status_code == 422
    await _decide(agent, case, "hand_over", seen, file_cible="robot", **{"texte-hand_over": "Écran mal lu"})
    item = _item(owner_url, case)
    assert (item["queue"], item["claimed_by"], item["closed_at"], item["restricted"]) == ("robot", None, None, False)
    assert _verbs(owner_url, "agent:a.martin")[-1] == "exception.handed_over"
    colleague = await visit("b.petit")
    await colleague.post(f"/exceptions/{case.item}/prendre")
    assert "Écran mal lu" in (await colleague.get(f"/exceptions/{case.item}")).text


async def test_a_case_handed_to_a_sensitive_basket_disappears_for_others_and_stays_sensitive(
    seed: Any, visit: Any, owner_url: str
) -> None:
    case = await seed.exception()
    agent, trusted = await visit("a.martin"), await visit("c.roux")
    seen = await _taken(agent, case)
    await _decide(agent, case, "hand_over", seen, file_cible="ij-sensible", **{"texte-hand_over": "Collègue"})
    for address in (f"/exceptions/{case.item}", f"/dossiers/{case.reference}"):
        assert (await agent.get(address)).status_code == 404
        assert (await trusted.get(address)).status_code == 200
    assert case.reference not in (await agent.get("/exceptions")).text
    seen = await _taken(trusted, case)
    await _decide(trusted, case, "hand_over", seen, file_cible="ij", **{"texte-hand_over": "Retour"})
    assert _item(owner_url, case)["restricted"] is True
    assert (await agent.get(f"/exceptions/{case.item}")).status_code == 404


async def test_the_codes_of_the_scenario_limit_what_an_agent_may_decide(seed: Any, visit: Any, owner_url: str) -> None:
    dead = await seed.exception("C-05", "Assuré décédé", failed=("C-05", "C-08"), queue="ij-sensible")
    agent = await visit("c.roux")
    seen = await _taken(agent, dead)
    page = (await agent.get(f"/exceptions/{dead.item}")).text
    assert "Corriger et renvoyer" not in page
    assert "C-05 ne permet pas de corriger et renvoyer, déclarer fait à la main" in page
    for kind in ("resend", "done_by_hand"):
        assert (await _decide(agent, dead, kind, seen, reference="AC-000777")).status_code == 422
    assert _case(owner_url, dead)["state"] == "exception"
    await _decide(agent, dead, "reject", seen, **{"texte-reject": "Décès confirmé"})
    assert _case(owner_url, dead)["state"] == "rejected"


async def test_a_doubtful_entry_is_resent_without_correction(seed: Any, visit: Any, owner_url: str) -> None:
    case = await seed.exception("EntryInDoubt", "…", cause="doubt", failed=(), entry="doubtful")
    agent = await visit("a.martin")
    seen = await _taken(agent, case)
    before = _case(owner_url, case)["payload"]
    page = (await agent.get(f"/exceptions/{case.item}")).text
    assert "DOUTEUSE" in page
    assert "une saisie peut encore arriver" in page
    assert "champ-birth_name" not in page
    await _decide(agent, case, "resend", seen, **{"champ-birth_name": "AUTRE"})
    row = _case(owner_url, case)
    assert (row["state"], row["payload"]) == ("ready", before)


async def test_the_database_refuses_to_correct_what_may_have_been_entered(seed: Any, console_db: Any) -> None:
    case = await seed.exception(cause="doubt", entry="doubtful")
    async with console_db.transaction("agent:a.martin") as tx:
        values = {"id": case.id, "caisse": "cpam-931", "version": 2, "instruction": {"do": "resend"}, "payload": b"x"}
        assert await tx.run("console.resume_corrected", **values) == 0
        del values["payload"]
        assert await tx.run("console.resume_case", **values) == 1


async def test_a_restored_house_never_says_that_nothing_was_entered_of_what_it_may_have_forgotten(
    seed: Any, visit: Any, owner_url: str
) -> None:
    case, ended, rejected = [await seed.exception("C-03", "…", entry="planned") for _ in range(3)]
    agent = await visit("a.martin")
    assert "NON</p>" in (await agent.get(f"/exceptions/{case.item}")).text
    _execute(owner_url, "alter table cases disable trigger user")
    _execute(owner_url, "update cases set state = 'ended', ended_as = 'nothing_to_pay' where id = %s", ended.id)
    _execute(owner_url, "update cases set state = 'rejected' where id = %s", rejected.id)
    _execute(
        owner_url,
        "insert into restoration (id, caisse, backup_at, backup, restored_by) "
        "values (gen_random_uuid(), 'cpam-931', clock_timestamp(), '', 'test')",
    )
    seen = await _taken(agent, case)
    page = (await agent.get(f"/exceptions/{case.item}")).text
    assert "INCONNUE</p>" in page
    assert "cherchez l’objet du dossier dans COMPTA (jeton GLR-" in page
    assert "vérifiez l’application avant de rejeter" in page
    assert "INCONNUE</p>" in (await agent.get(f"/dossiers/{case.reference}")).text
    for closed in (ended, rejected):
        assert "NON</p>" in (await agent.get(f"/dossiers/{closed.reference}")).text, "it was closed in the backup"
    assert "Corriger et renvoyer" in page, "the robot looks first, whatever was corrected"
    await _decide(agent, case, "resend", seen)
    assert _case(owner_url, case)["state"] == "ready"
    _execute(owner_url, "update run set run_date = current_date + 2")
    assert "NON</p>" in (await agent.get(f"/dossiers/{case.reference}")).text, "it was not due before"


async def test_a_proven_entry_is_neither_corrected_nor_rejected(seed: Any, visit: Any) -> None:
    case = await seed.exception("ScreenChanged", "…", cause="application", failed=(), entry="confirmed")
    agent = await visit("a.martin")
    seen = await _taken(agent, case)
    page = (await agent.get(f"/exceptions/{case.item}")).text
    assert "COMPTA n° AC-000123" in page
    assert "Rejeter au métier" not in page
    assert (await _decide(agent, case, "reject", seen, **{"texte-reject": "x"})).status_code == 422


async def test_nobody_decides_without_the_claim_and_there_is_no_other_way_to_close(
    seed: Any, visit: Any, owner_url: str
) -> None:
    case = await seed.exception()
    agent = await visit("a.martin")
    seen = {"version": "0", "version_dossier": "2"}
    assert (await _decide(agent, case, "reject", seen, **{"texte-reject": "x"})).status_code == 409
    seen = await _taken(agent, case)
    for kind in ("", "close", "ignore"):
        assert (await _decide(agent, case, kind, seen)).status_code == 422
    assert _item(owner_url, case)["closed_at"] is None


@pytest.mark.parametrize("stale", [{"version": "0"}, {"version_dossier": "0"}, {"version": "x"}])
async def test_a_decision_on_an_older_page_is_refused_in_words(
    seed: Any, visit: Any, owner_url: str, stale: dict[str, str]
) -> None:
    case = await seed.exception()
    agent = await visit("a.martin")
    seen = await _taken(agent, case)
    page = await _decide(agent, case, "reject", {**seen, **stale}, **{"texte-reject": "Mon motif"})
    assert page.status_code == 409
    assert "a changé depuis l’affichage" in page.text
    assert "Mon motif" in page.text
    assert (_case(owner_url, case)["state"], _item(owner_url, case)["closed_at"]) == ("exception", None)


async def test_a_decision_taken_twice_counts_once(seed: Any, visit: Any, owner_url: str) -> None:
    case = await seed.exception()
    agent = await visit("a.martin")
    seen = await _taken(agent, case)
    twice = [_decide(agent, case, "resend", seen), _decide(agent, case, "resend", seen)]
    answers = await asyncio.gather(*twice)
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert _verbs(owner_url, "agent:a.martin").count("exception.closed") == 1


async def test_after_a_decision_the_next_of_the_same_basket_is_taken(seed: Any, visit: Any, owner_url: str) -> None:
    first, second, other = await seed.exception(), await seed.exception(), await seed.exception(queue="robot")
    agent = await visit("a.martin")
    page = await _decide(agent, first, "reject", await _taken(agent, first), **{"texte-reject": "x"})
    assert page.url.path == f"/exceptions/{second.item}"
    assert first.reference in page.text
    page = await _decide(agent, second, "reject", await _versions(agent, second), **{"texte-reject": "x"})
    assert page.url.path == "/exceptions"
    assert _item(owner_url, other)["claimed_by"] is None


async def test_giving_back_frees_the_case(seed: Any, visit: Any, owner_url: str) -> None:
    case = await seed.exception()
    agent = await visit("a.martin")
    await _taken(agent, case)
    await agent.post(f"/exceptions/{case.item}/rendre")
    assert _item(owner_url, case)["claimed_by"] is None
    assert _verbs(owner_url, "agent:a.martin")[-1] == "exception.released"


async def test_the_list_pages_by_key_and_shows_each_exception_once(seed: Any, visit: Any) -> None:
    made = [await seed.exception(capture=False) for _ in range(53)]
    agent = await visit("a.martin")
    page = await agent.get("/exceptions")
    following = re.findall(r'href="(/exceptions\?[^"]*apres=[^"]+)"', page.text)[0].replace("&amp;", "&")
    seen = [re.findall(r"data-row>([^<]+)<", text) for text in (page.text, (await agent.get(following)).text)]
    assert [len(references) for references in seen] == [50, 3]
    assert seen[0] + seen[1] == [case.reference for case in made]
    assert len(page.content) < 60_000


async def test_views_and_baskets_divide_the_open_exceptions(seed: Any, visit: Any) -> None:
    mine, theirs, free, sensitive = [
        await seed.exception(queue=queue) for queue in ("ij", "ij", "robot", "ij-sensible")
    ]
    agent, colleague = await visit("a.martin"), await visit("b.petit")
    await agent.post(f"/exceptions/{mine.item}/prendre")
    await colleague.post(f"/exceptions/{theirs.item}/prendre")

    async def shown(address: str) -> list[str]:
        return re.findall(r"data-row>([^<]+)<", (await agent.get(address)).text)

    assert await shown("/exceptions?vue=a-traiter") == [free.reference]
    assert await shown("/exceptions?vue=a-moi") == [mine.reference]
    assert await shown("/exceptions?vue=prises") == [theirs.reference]
    assert await shown("/exceptions?vue=a-traiter&file=ij") == []
    assert await shown("/exceptions?vue=a-traiter&file=ij-sensible") == []
    assert (await agent.get("/exceptions?vue=rien")).status_code == 404
    trusted = await visit("c.roux")
    assert sensitive.reference in (await trusted.get("/exceptions")).text


async def test_the_database_settles_an_exception_for_its_claimer_alone(seed: Any, console_db: Any) -> None:
    case = await seed.exception()
    values = {"id": case.item, "caisse": "cpam-931", "version": 1}
    async with console_db.transaction("agent:a.martin") as tx:
        await tx.run("console.claim", id=case.item, caisse="cpam-931", login="a.martin", restricted=False)
        closing = {"decision": "reject", "note": None, **values}
        assert await tx.run("console.close_item", login="b.petit", **closing) == 0
        moving = {"queue": "robot", "sensitive": False, "note": None, **values}
        assert await tx.run("console.hand_over", login="b.petit", **moving) == 0
        assert await tx.run("console.close_item", login="a.martin", **closing) == 1


async def test_the_list_is_by_priority_then_due_date_then_arrival_and_says_what_is_late(
    seed: Any, visit: Any, owner_url: str
) -> None:
    last, late, first, urgent = [await seed.exception() for _ in range(4)]
    for case, priority, due in (
        (last, 10, None),
        (late, 10, "2999-01-02"),
        (first, 10, "2020-01-02"),
        (urgent, 90, None),
    ):
        _execute(owner_url, "update cases set priority = %s, due = %s where id = %s", priority, due, case.id)
    agent = await visit("a.martin")
    page = (await agent.get("/exceptions")).text
    wanted = [each.reference for each in (urgent, first, late, last)]
    assert re.findall(r"data-row>(DOS-\w+)<", page) == wanted
    assert page.count("en retard</span>") == 1
    assert "<strong>1 en retard</strong>" in page
    assert (await agent.post("/exceptions/suivant")).url.path == f"/exceptions/{urgent.item}"


async def test_pages_go_on_in_the_same_order_without_missing_or_repeating(
    seed: Any, visit: Any, owner_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.console.exceptions._PAGE", 2)
    cases = [await seed.exception() for _ in range(5)]
    for place, case in enumerate(cases):
        due = "2026-04-01" if place % 2 else None
        _execute(owner_url, "update cases set priority = %s, due = %s where id = %s", place // 2, due, case.id)
    agent, address, seen = await visit("a.martin"), "/exceptions", []
    while address:
        page = (await agent.get(address)).text
        seen += re.findall(r"data-row>(DOS-\w+)<", page)
        following = re.search(r'href="([^"]+)" rel="next"', page)
        address = following[1].replace("&amp;", "&") if following else ""
    assert seen == [cases[place].reference for place in (4, 3, 2, 1, 0)]


async def test_two_queues_of_a_scenario_are_shown_and_filtered(seed: Any, visit: Any) -> None:
    mine, other = await seed.exception(), await seed.exception(queue="robot")
    agent = await visit("a.martin")
    page = (await agent.get("/exceptions")).text
    assert [f'?vue=a-traiter&amp;file={queue}"' in page for queue in ("ij", "robot")] == [True, True]
    only = (await agent.get("/exceptions?file=robot")).text
    assert re.findall(r"data-row>(DOS-\w+)<", only) == [other.reference]
    assert (await agent.post("/exceptions/suivant", file="ij")).url.path == f"/exceptions/{mine.item}"
