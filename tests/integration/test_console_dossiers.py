"""Dossiers: found by reference or NIR, with their timeline and captures; no personal data in addresses."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from orchestrator.language.fields import Field


async def test_a_nir_finds_its_cases_and_stays_out_of_address_and_answer(seed: Any, visit: Any) -> None:
    case = await seed.end()
    other = await seed.end()
    agent = await visit("a.martin")
    spaced = f"{case.nir[0]} {case.nir[1:3]} {case.nir[3:]}"
    page = await agent.post("/dossiers/recherche", recherche=spaced)
    assert page.url.path == "/dossiers/recherche"
    assert case.reference in page.text
    assert other.reference not in page.text
    assert case.nir not in page.text + str(page.url)


async def test_a_reference_leads_to_its_dossier_whatever_its_case(seed: Any, visit: Any) -> None:
    case = await seed.end()
    agent = await visit("a.martin")
    page = await agent.post("/dossiers/recherche", recherche=case.reference.lower())
    assert page.url.path == f"/dossiers/{case.reference}"


async def test_a_wrong_nir_teaches_and_a_search_without_result_says_so(seed: Any, visit: Any) -> None:
    agent = await visit("a.martin")
    wrong = await agent.post("/dossiers/recherche", recherche="1 85 02 75 123 456 78")
    assert wrong.status_code == 422
    assert "clé du NIR fausse" in wrong.text
    assert "456" not in wrong.text
    assert "Aucun dossier" in (await agent.post("/dossiers/recherche", recherche="DOS-XXXXXXXX")).text
    assert (await agent.get("/dossiers/DOS-XXXXXXXX")).status_code == 404


async def test_the_timeline_tells_in_order_what_happened(seed: Any, visit: Any) -> None:
    case = await seed.end()
    agent = await visit("a.martin")
    page = await agent.get(f"/dossiers/{case.reference}")
    titles = re.findall(r"</time> <strong>([^<]+)</strong>", page.text)
    assert set(titles) == {
        "Dossier chargé",
        "Le robot prend le dossier",
        "Saisie prévue",
        "Intention d’acte enregistrée",
        "Acte relu et prouvé",
        "Saisie confirmée",
        "Capture masquée de la saisie relue",
        "Tentative : Saisi",
    }
    assert titles[0] == "Dossier chargé"
    assert titles[-1] == "Tentative : Saisi"
    assert "CONFIRMÉE" in page.text
    assert case.nir not in page.text
    assert "LAMBERT" not in page.text


async def test_captures_are_served_by_digest_to_who_may_see_their_case(seed: Any, visit: Any) -> None:
    case = await seed.exception(queue="ij-sensible")
    trusted, agent, stranger = await visit("c.roux"), await visit("a.martin"), await visit()
    address = re.findall(r'src="(/preuves/[^"]+)"', (await trusted.get(f"/exceptions/{case.item}")).text)[0]
    image = await trusted.get(address)
    assert (image.status_code, image.headers["content-type"]) == (200, "image/png")
    assert image.headers["cache-control"] == "no-store"
    assert (await agent.get(address)).status_code == 404
    assert (await stranger.client.get(address)).status_code == 303
    digest = address.rpartition("/")[2]
    elsewhere = await seed.exception()
    for wrong in (f"/preuves/{elsewhere.reference}/{digest}", f"/preuves/{case.reference}/..%2Fx.png"):
        assert (await trusted.get(wrong)).status_code == 404


async def test_a_sensitive_case_is_not_found_by_others(seed: Any, visit: Any) -> None:
    case = await seed.exception(queue="ij-sensible")
    trusted, agent = await visit("c.roux"), await visit("a.martin")
    assert case.reference in (await trusted.post("/dossiers/recherche", recherche=case.nir)).text
    assert case.reference not in (await agent.post("/dossiers/recherche", recherche=case.nir)).text
    assert case.reference not in (await agent.post("/dossiers/recherche", recherche=case.reference)).text


async def test_data_on_health_is_shown_to_nobody_not_even_to_who_holds_the_case(
    seed: Any, visit: Any, console_world: Any
) -> None:
    known = seed.scenario.case.fields
    changed = {**known, "anomaly": Field(name="anomaly", type="health", column="Code anomalie")}
    case_model = replace(seed.scenario.case, fields=changed)
    case = await seed.exception()
    agent = await visit("a.martin")
    await agent.post(f"/exceptions/{case.item}/prendre")
    shown = await agent.post(f"/exceptions/{case.item}/reveler")
    assert (case.name in shown.text, "TECH_NON_PAYE" in shown.text) == (True, True)
    console_world.scenarios[seed.scenario.name] = replace(seed.scenario, case=case_model)
    page = await agent.get(f"/exceptions/{case.item}")
    assert (case.name in page.text, "TECH_NON_PAYE" in page.text) == (True, False)
    assert 'name="champ-anomaly"' not in page.text
    assert "TECH_NON_PAYE" not in (await agent.get(f"/dossiers/{case.reference}")).text
