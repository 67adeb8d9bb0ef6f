"""The page of a stopped application: what changed on its screens, the proposed change, what to do."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

from stopped_application import DIFFERENCES, close_compta

from orchestrator.engine.applications import Hours, change


async def test_a_supervisor_sees_each_difference_by_screen_and_takes_the_proposed_change(
    seed: Any, visit: Any, runner_db: Any, tmp_path: Path
) -> None:
    proposal = await close_compta(runner_db, tmp_path)
    supervisor = await visit("s.noir")
    listed = (await supervisor.get("/applications")).text
    assert "l&#39;écran a changé (4 écarts)" in listed
    assert "Montant" not in listed  # counted there, told on its own page
    assert 'href="/applications/compta">Ce qui a changé (5) et quoi faire</a>' in listed
    page = (await supervisor.get("/applications/compta")).text
    assert re.findall(r"<h3>Écran « (\w+) »</h3>", page) == ["search", "advances", "proposal"]
    assert page.count("pourrait altérer une saisie") == sum(each.alters for each in DIFFERENCES)
    assert page.count("sans effet") == 1
    assert "<b>" not in page.partition("t-ecarts")[2]  # words of a page stay words
    assert "glr screens apply compta.patch" in page
    assert re.search(r'class="more">\+version: (?:&#39;|\')2', page)
    assert "la description des écrans)" in page
    given = await supervisor.get("/applications/compta/proposition.patch")
    assert (given.status_code, given.text) == (200, proposal)
    assert given.headers["content-disposition"] == 'attachment; filename="compta.patch"'


async def test_nobody_else_sees_it_and_an_open_application_has_no_such_page(
    seed: Any, visit: Any, runner_db: Any, tmp_path: Path
) -> None:
    await close_compta(runner_db, tmp_path)
    agent, supervisor = await visit("a.martin"), await visit("s.noir")
    for path in ("/applications/compta", "/applications/compta/proposition.patch"):
        assert (await agent.get(path)).status_code == 403
    assert (await supervisor.get("/applications/arpege")).status_code == 404
    assert "Application rouverte" in (await supervisor.post("/applications/compta/rouvrir")).text
    assert (await supervisor.get("/applications/compta")).status_code == 404


async def test_a_refused_login_has_its_reason_and_no_difference(seed: Any, visit: Any, runner_db: Any) -> None:
    async with runner_db.transaction("robot:acompte-ij") as tx:
        await tx.run("sessions.stop_application", caisse="cpam-931", application="bdo", reason="mot de passe expiré")
    supervisor = await visit("s.noir")
    page = await supervisor.get("/applications/bdo")
    assert (page.status_code, "mot de passe expiré" in page.text, "Ce qui a changé" in page.text) == (200, True, False)
    assert (await supervisor.get("/applications/bdo/proposition.patch")).status_code == 404
    assert "Ce qui a changé" not in (await supervisor.get("/applications")).text


async def test_a_supervisor_stops_and_lets_go_on_with_a_reason_that_everyone_sees(
    seed: Any, visit: Any, owner_url: str
) -> None:
    supervisor, agent = await visit("s.noir"), await visit("a.martin")
    page = (await supervisor.get("/applications")).text
    assert page.count("ouverte aux robots") == 4  # ARPEGE, BDO, COMPTA, RNIAM
    assert page.count("ouvert aux robots") == 1
    for path in ("/applications/compta", "/scenarios/ij-acompte"):
        assert (await agent.post(f"{path}/arreter", motif="essai")).status_code == 403
    refused = await supervisor.post("/applications/compta/arreter", motif="voir 1 85 02 61 999 001 89")
    assert (refused.status_code, "contient un NIR" in refused.text) == (422, True)
    assert (await supervisor.post("/applications/inconnue/arreter", motif="essai")).status_code == 404
    for path in ("/applications/compta", "/scenarios/ij-acompte"):
        stopped = await supervisor.post(f"{path}/arreter", motif="Montants <b>faux</b>")
        assert "aucune saisie" in stopped.text
        assert "étaient déjà arrêtés" in (await supervisor.post(f"{path}/arreter", motif="encore")).text
    listed = (await supervisor.get("/applications")).text
    assert "Arrêter ARPEGE" in listed
    assert "Rouvrir COMPTA" in listed
    banner = (await agent.get("/executions")).text
    assert banner.count("Montants &lt;b&gt;faux&lt;/b&gt;") == 2
    assert banner.count("par s.noir") == 2
    assert "Application rouverte" in (await supervisor.post("/applications/compta/rouvrir")).text
    assert "Scénario repris" in (await supervisor.post("/scenarios/ij-acompte/reprendre")).text
    assert (await supervisor.post("/scenarios/ij-acompte/reprendre")).status_code == 409
    assert "par s.noir" not in (await agent.get("/executions")).text


async def test_the_page_shows_limits_hours_and_how_an_application_that_incidents_closed_is_tried_again(
    seed: Any, visit: Any, console_db: Any, owner_db: Any
) -> None:
    hours = Hours(days=(7,), opens=time(0), closes=time(0, 1), zone="Indian/Reunion")
    async with console_db.transaction("agent:s.noir") as tx:
        await change(tx, "cpam-931", "arpege", "s.noir", {"sessions": 5, "per_account": 2, "act_every": 0.5})
        await change(tx, "cpam-931", "bdo", "s.noir", {"hours": hours, "incidents": 0})
    async with owner_db.transaction("test") as tx:
        closing = "insert into application_stop (caisse, application, reason, retry_at) values (%s, 'compta', %s, %s)"
        await tx.connection.execute(closing, ["cpam-931", "10 incidents applicatifs de suite.", datetime.now(UTC)])
        walk = (
            "insert into screen_walk values ('cpam-931', 'arpege', 'b', gen_random_uuid(), now(), %s, '{confirmation}')"
        )
        await tx.connection.execute(walk, [datetime(2026, 3, 20, 7, 5, tzinfo=UTC)])
    page = (await (await visit("s.noir")).get("/applications")).text
    for said in (
        "<dt>Sessions</dt><dd>0 en ce moment, 5 au plus, 2 au plus par compte de robot</dd>",
        "<dt>Entre deux saisies</dt><dd>0,5 s au moins</dd>",
        "<dt>Horaires</dt><dd>dim 00:00-00:01 Indian/Reunion</dd>",
        "hors de ses horaires",
        "<dt>Incidents</dt><dd>ne la ferment jamais</dd>",
        "fermée après des incidents",
        "10 incidents applicatifs de suite. Un dossier l&#39;essaie à partir de ",
        "Réglée par s.noir",
        "<dt>Écrans</dt><dd>pas encore parcourus par un robot</dd>",
        "<dt>Écrans</dt><dd>parcourus le 20/03/2026 à 08:05, rien qui altère une saisie ; non vu : « confirmation », où seule",
    ):
        assert said in page
