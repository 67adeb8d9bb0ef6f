"""Every page and state of the console in the real browser: axe finds nothing, nothing overflows at 400 %."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from advances_world import read_advances
from published import propose_another
from stopped_application import close_compta

from orchestrator.console import ConsoleWorld
from orchestrator.domain.civil import SystemClock, paris_date
from orchestrator.engine.gaps import write_down
from orchestrator.engine.reconcile import Gap, GapKind
from orchestrator.store.database import Database


@pytest.fixture
async def busy(seed: Any) -> Any:
    """Seed a run with something in every state."""
    for index in range(6):
        await seed.end("entered", 69_739 + index)
    await seed.end("nothing_to_pay")
    await seed.end("already_done")
    seed.items = [
        await seed.exception(),
        await seed.exception(
            "R-SM", "Avis du service médical en attente ou défavorable", failed=("R-SM", "R-TARDIF", "C-08")
        ),
        await seed.exception(
            "EntryInDoubt",
            "La saisie a peut-être eu lieu : une personne vérifie.",
            cause="doubt",
            failed=(),
            entry="doubtful",
        ),
        await seed.exception(
            "UnknownScreen",
            "COMPTA : écran « proposition » attendu, « maintenance » affiché.",
            cause="application",
            failed=(),
            capture=False,
        ),
    ]
    seed.sensitive = await seed.exception(
        "C-05", "Assuré décédé selon la base des bénéficiaires ou le RNIAM", failed=("C-05",), queue="ij-sensible"
    )
    seed.waiting = [await seed.awaiting(), await seed.awaiting(74_000)]
    await seed.case()
    await seed.set_aside(17, "nir", "clé du NIR fausse")
    await seed.set_aside(19, "date", "date impossible : 30/02/2020 n’existe pas au calendrier")
    return seed


async def test_the_login_page(at_browser: Any, look: Any) -> None:
    page = await at_browser()
    problems = await look(page, "connexion")
    await page.get_by_label("Identifiant").fill("personne")
    await page.get_by_label("Mot de passe").fill("faux")
    await page.get_by_role("button", name="Se connecter").click()
    await page.get_by_role("alert").wait_for()
    assert problems + await look(page, "connexion-refusee") == []


async def test_the_pages_of_an_agent(busy: Any, at_browser: Any, look: Any, owner_url: str) -> None:
    page, colleague, problems = await at_browser("c.roux"), await at_browser("b.petit"), []
    first, several, doubtful, application = busy.items
    problems += await look(page, "exceptions")
    await page.goto("/exceptions?vue=a-moi")
    problems += await look(page, "exceptions-vide")
    await page.goto(f"/exceptions/{first.item}")
    problems += await look(page, "exception-libre")
    await page.get_by_role("button", name="Prendre").click()
    await page.locator("summary").first.click()
    problems += await look(page, "exception-prise")
    await page.get_by_role("button", name="Voir NIR et noms").click()
    for summary in await page.locator("summary").all():
        await summary.click()
    problems += await look(page, "exception-revelee")
    await page.locator("summary").nth(0).click()
    await page.get_by_label("Date", exact=True).fill("30/02/2026")
    await page.get_by_role("button", name="Renvoyer").click()
    await page.get_by_role("alert").wait_for()
    problems += await look(page, "exception-refusee")
    await colleague.goto(f"/exceptions/{first.item}")
    problems += await look(colleague, "exception-prise-par-un-autre")
    for item, name in (
        (several, "plusieurs-controles"),
        (doubtful, "douteuse"),
        (application, "incident"),
        (busy.sensitive, "sensible"),
    ):
        await page.goto(f"/exceptions/{item.item}")
        await page.get_by_role("button", name="Prendre").click()
        problems += await look(page, f"exception-{name}")
    await page.goto("/exceptions?vue=a-moi")
    problems += await look(page, "exceptions-a-moi")
    with psycopg.connect(owner_url, options="-c search_path=glr -c glr.actor=test") as connection:
        connection.execute(
            "insert into restoration (id, caisse, backup_at, backup, restored_by) "
            "values (gen_random_uuid(), 'cpam-931', now(), '', '')"
        )
    await page.goto(f"/exceptions/{application.item}")
    problems += await look(page, "exception-base-restauree")
    assert problems == []


async def test_lost_races_settled_and_finding(busy: Any, at_browser: Any, look: Any, owner_url: str) -> None:
    page, problems = await at_browser("a.martin"), []
    first = busy.items[0]
    await page.goto(f"/exceptions/{first.item}")
    await page.get_by_role("button", name="Prendre").click()
    await page.locator("summary").nth(2).click()
    await page.get_by_role("textbox", name="Motif").fill("Homonyme : le dossier est celui d’une autre personne.")
    with psycopg.connect(owner_url, options="-c search_path=glr -c glr.actor=agent:b.petit") as connection:
        connection.execute(
            "update exception_item set claimed_by = 'b.petit', claimed_until = now() + interval '15 min', version = version + 1"
            " where id = %s", [first.item],
        )  # fmt: skip
    await page.get_by_role("button", name="Rejeter").click()
    problems += await look(page, "exception-course-perdue")
    await page.goto("/dossiers")
    problems += await look(page, "dossiers")
    await page.get_by_label("Référence").fill("185 NON")
    await page.get_by_role("button", name="Chercher").click()
    problems += await look(page, "dossiers-vide")
    await page.get_by_label("Référence").fill(busy.items[1].nir)
    await page.get_by_role("button", name="Chercher").click()
    problems += await look(page, "dossiers-trouves")
    await page.get_by_label("Référence").fill("185026E14000000000")
    await page.get_by_role("button", name="Chercher").click()
    problems += await look(page, "dossiers-nir-faux")
    await page.goto(f"/dossiers/{busy.items[2].reference}")
    problems += await look(page, "dossier")
    for address, name in (("/aide", "aide"), ("/rien", "introuvable"), ("/validations", "interdit")):
        await page.goto(address)
        problems += await look(page, name)
    assert problems == []


async def test_the_pages_of_a_supervisor(busy: Any, at_browser: Any, look: Any, runner_db: Any) -> None:
    page, problems = await at_browser("s.noir"), []
    await page.goto("/applications")
    problems += await look(page, "applications-vide")
    async with runner_db.transaction("robot:acompte-ij") as tx:
        reason = "COMPTA refuse la connexion du robot (mot de passe expiré)."
        await tx.run("sessions.stop_application", caisse="cpam-931", application="compta", reason=reason)
    await page.goto("/executions")
    problems += await look(page, "executions")
    await page.locator("[data-row]").first.click()
    problems += await look(page, "execution")
    await page.goto("/validations")
    problems += await look(page, "validations")
    await page.locator("[data-row]").first.click()
    problems += await look(page, "validation")
    await page.get_by_label("Votre mot de passe").fill("faux")
    await page.get_by_role("button", name="Approuver").click()
    problems += await look(page, "validation-refusee")
    await page.get_by_label("Votre mot de passe").fill("correct cheval pile agrafe")
    await page.get_by_role("button", name="Approuver").click()
    await page.wait_for_url("**/validations?message=approuve")
    await page.goto(f"/validations/{busy.waiting[0].approval}")
    problems += await look(page, "validation-faite")
    async with runner_db.transaction("robot:acompte-ij") as tx:
        reason = "12 incidents applicatifs sur les 50 dernières tentatives (20 % permis)"
        await tx.run("versions.stop_scenario", caisse="cpam-931", scenario="ij-acompte", reason=reason)
    await page.goto("/applications")
    problems += await look(page, "applications")
    assert problems == []


async def test_the_page_of_an_application_whose_screens_changed(
    busy: Any, at_browser: Any, look: Any, runner_db: Any, tmp_path: Path
) -> None:
    await close_compta(runner_db, tmp_path)
    page, problems = await at_browser("s.noir"), []
    await page.goto("/applications")
    problems += await look(page, "applications-ecrans")
    await page.get_by_role("link", name="Ce qui a changé (5) et quoi faire").click()
    await page.get_by_role("heading", name="Changement proposé").wait_for()
    problems += await look(page, "application-ecrans")
    assert problems == []


async def test_the_list_worked_by_hand(busy: Any, at_browser: Any, look: Any, runner_db: Any) -> None:
    page, problems = await at_browser("c.roux"), []
    await page.goto("/a-la-main")
    problems += await look(page, "a-la-main-rien")
    async with runner_db.transaction("robot:acompte-ij") as tx:
        reason = "COMPTA, écran « Nouvelle avance » : l'écran a changé (3 écarts). Rien n'a été saisi."
        await tx.run("sessions.stop_application", caisse="cpam-931", application="compta", reason=reason)
    for _ in range(3):
        await busy.case(priority=10)
    await page.goto("/a-la-main")
    problems += await look(page, "a-la-main")
    for number in ("ACP-2026-000777", ""):
        await page.goto("/a-la-main")
        await page.get_by_role("button", name="Prendre le suivant").click()
        await page.locator("summary", has_text="Saisi à la main").click()
        problems += await look(page, f"exception-a-la-main-{number or 'tenu'}")
        if number:
            await page.get_by_label("Numéro de la saisie").fill(number)
            await page.get_by_label("Montant saisi").fill("697,39")
            await page.get_by_role("button", name="Déclarer fait").click()
            await page.wait_for_url("**/a-la-main?*")
    for view in ("en-attente", "en-cours", "a-relire", "relues"):
        await page.goto(f"/a-la-main?vue={view}")
        problems += await look(page, f"a-la-main-{view}")
    await page.goto("/a-la-main?vue=a-relire")
    await page.locator("[data-row]").first.click()
    problems += await look(page, "dossier-a-relire")
    assert problems == []


async def test_what_waits_and_what_a_run_gave_away(busy: Any, at_browser: Any, look: Any) -> None:
    page, problems = await at_browser("c.roux"), []
    await page.goto("/attentes")
    problems += await look(page, "attentes-rien")
    await page.goto(f"/exceptions/{busy.items[0].item}")
    await page.get_by_role("button", name="Prendre").click()
    await page.locator("summary", has_text="Mettre en attente").click()
    await page.get_by_label("Au plus tard le").fill(str(paris_date(SystemClock().now()) + timedelta(days=10)))
    await page.get_by_label("Pièce attendue").fill("Attestation demandée à l’employeur")
    await page.locator("details[open]").get_by_role("button", name="Mettre en attente").click()
    await page.wait_for_url("**/exceptions**message=wait**")
    await page.goto("/attentes")
    problems += await look(page, "attentes")
    await page.goto("/attentes?attente=document")
    problems += await look(page, "attentes-pieces")
    await page.goto("/attentes")
    await page.get_by_label("pourquoi").fill("Pièce reçue")
    await page.get_by_role("button", name="Reprendre", exact=True).click()
    await page.get_by_role("alert").wait_for()
    problems += await look(page, "attentes-refusee")
    await page.goto(f"/dossiers/{busy.items[0].reference}")
    problems += await look(page, "dossier-en-attente")
    await page.goto(f"/executions/{busy.run}")
    problems += await look(page, "execution-sans-remise")
    async with busy.database.transaction("robot:acompte-ij") as tx:
        for key, keyword in (("recap", "files.write"), ("courriel", "mail.send")):
            await tx.run("hand_overs.intend", caisse="cpam-931", run=busy.run, effect_key=key, keyword=keyword)
        given = {"folder": "remises", "name": "recap-20260327.xlsx", "size": 4321, "sha256": "ab" * 32}
        await tx.run("hand_overs.made", run=busy.run, effect_key="recap", result=given)
        await tx.run("hand_overs.failed", run=busy.run, effect_key="courriel", state="doubtful")
    await page.goto(f"/executions/{busy.run}")
    problems += await look(page, "execution-remises")
    assert problems == []


async def test_the_gaps_of_a_reconciliation(busy: Any, at_browser: Any, look: Any) -> None:
    page, problems = await at_browser("a.martin"), []
    await page.goto("/ecarts")
    problems += await look(page, "ecarts-rien")
    ended = await busy.end()
    missing = Gap(
        kind=GapKind.MISSING,
        case=ended.reference,
        reference="ACP-2026-000103",
        message="Saisie relue autrefois, absente aujourd'hui.",
        ours_c=69_739,
    )
    extra = Gap(
        kind=GapKind.EXTRA,
        case="",
        reference="ACP-2026-000777",
        message="Saisie au nom du robot (712,50 €) que nous ne connaissons pas.",
        seen_c=71_250,
    )
    for _ in range(2):
        async with busy.database.transaction("reconcile") as tx:
            await write_down(tx, "cpam-931", "compta", [missing, extra])
    await page.goto("/ecarts")
    assert await page.get_by_role("checkbox").count() == 2
    await page.get_by_label("Ce qui explique").fill("Annulée par 1 85 02 61 999 001 89")
    await page.get_by_label("Expliquer l’écart ACP-2026-000103").check()
    await page.get_by_role("button", name="Expliquer", exact=True).click()
    await page.get_by_role("alert").wait_for()
    problems += await look(page, "ecarts-refuse")
    await page.get_by_label("Ce qui explique").fill("Annulée dans COMPTA le 30/03, pièce 4412")
    await page.get_by_role("button", name="Expliquer", exact=True).click()
    await page.wait_for_url("**/ecarts?message=ecarts-expliques")
    assert await page.get_by_role("checkbox").count() == 1
    problems += await look(page, "ecarts")
    async with busy.database.transaction("reconcile") as tx:
        said = await write_down(tx, "cpam-931", "compta", [missing, extra])
    assert sorted(said.values()) == ["", "Annulée dans COMPTA le 30/03, pièce 4412"]
    await page.goto(
        f"/dossiers/{ended.reference}"
    )  # the gap that is left stands above; what was cancelled is asked for anew
    await page.locator("summary", has_text="À saisir une nouvelle fois").click()
    problems += await look(page, "nouvelle-saisie")
    await page.get_by_label("Pourquoi elle est due à nouveau").fill("Annulée dans COMPTA par erreur, pièce 4412")
    await page.get_by_role("button", name="Demander une nouvelle saisie").click()
    await page.wait_for_url("**message=nouvelle-demandee")
    supervisor = await at_browser("s.noir")
    await supervisor.goto("/validations")
    problems += await look(supervisor, "nouvelles-saisies")
    await supervisor.get_by_role("link", name=ended.reference).click()
    await supervisor.get_by_role("button", name="Accorder la saisie n° 2").wait_for()
    problems += await look(supervisor, "nouvelle-saisie-a-accorder")
    await page.goto("/ecarts")
    assert await page.get_by_role("checkbox").count() == 1
    assert problems == []


async def test_the_bordereaux_of_the_accounting_control(busy: Any, at_browser: Any, look: Any) -> None:
    page, problems = await at_browser("d.gris"), []
    await page.goto("/bordereaux")
    problems += await look(page, "bordereaux-rien")
    await busy.close([await busy.end() for _ in range(4)])
    await page.goto("/bordereaux")
    problems += await look(page, "bordereaux")
    await page.locator("[data-row]").first.click()
    await page.get_by_label("Dossiers à tirer").fill("0")
    await page.get_by_role("button", name="Tirer au sort").click()
    await page.get_by_role("alert").wait_for()
    problems += await look(page, "bordereau-taille")
    await page.get_by_label("Dossiers à tirer").fill("3")
    await page.get_by_role("button", name="Tirer au sort").click()
    await page.wait_for_url("**tirage**")
    problems += await look(page, "bordereau-tirage")
    await page.get_by_label("Votre mot de passe").first.fill("correct cheval pile agrafe")
    await page.get_by_role("button", name="Signer le bordereau").click()
    await page.wait_for_url("**message=bordereau-signed")
    problems += await look(page, "bordereau-signe")
    for address, name in (("/exceptions", "controle-exceptions"), (f"/executions/{busy.run}", "controle-execution")):
        await page.goto(address)
        problems += await look(page, name)
    assert problems == []


async def test_the_versions_of_a_scenario(busy: Any, at_browser: Any, look: Any, owner_db: Any, owner_url: str) -> None:
    page, problems = await at_browser("s.noir"), []
    changed = await propose_another(owner_db, busy.scenario, "t.blanc")
    await page.goto("/versions")
    problems += await look(page, "versions")
    await page.locator("[data-row]").first.click()
    problems += await look(page, "version")
    await page.get_by_label("Votre mot de passe").fill("faux")
    await page.get_by_role("button", name="Approuver et publier").click()
    problems += await look(page, "version-refusee")
    await page.get_by_label("Votre mot de passe").fill("correct cheval pile agrafe")
    await page.get_by_role("button", name="Approuver et publier").click()
    await page.wait_for_url("**/versions?message=publiee")
    problems += await look(page, "versions-publiee")
    busy.scenario = changed
    await busy.end()
    await busy.exception()
    await page.locator("[data-row]").first.click()
    problems += await look(page, "version-etape")
    assert problems == []


async def test_the_open_advances_of_the_last_reading(
    seed: Any, at_browser: Any, look: Any, console_world: ConsoleWorld, owner_db: Database, owner_url: str
) -> None:
    await read_advances(console_world, seed, owner_db, aside=3)
    page, problems = await at_browser("c.roux"), []
    await page.get_by_role("link", name="Avances", exact=True).click()
    await page.get_by_role("heading", name="Avances ouvertes").wait_for()
    problems += await look(page, "avances")
    with psycopg.connect(owner_url, options="-c search_path=glr -c glr.actor=test") as connection:
        connection.execute(
            "insert into schedule_occurrence (caisse, scenario, occurrence, due, fired_by)"
            " values ('cpam-931', 'acompte-suivi', 'x', now() + interval '1 day', 'test')"
        )
    await page.goto("/avances?situation=closed&tri=montant")
    await page.get_by_role("alert").get_by_text("aucune nouvelle liste").wait_for()
    problems += await look(page, "avances-echec")
    assert problems == []
