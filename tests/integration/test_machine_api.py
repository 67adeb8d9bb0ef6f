"""A machine posts rows: loaded once, under its own name, to its own scenario; everything else is refused in JSON."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from orchestrator.bootstrap.services import open_console
from orchestrator.bootstrap.world import World, load_keywords
from orchestrator.settings import Settings
from orchestrator.store.database import Database
from orchestrator.store.machines import create_machine, revoke_machine
from orchestrator.store.vault import Vault

PROJECT = Path(__file__).parents[2]
ADDRESS = "/api/v1/scenarios/ij-acompte/deliveries"
NIR = "1 85 02 61 999 001 89"
GOOD = {"nir": NIR, "birth_name": "Le Gall", "stop_id": "AT1", "anomaly": "X", "raised_on": "24/03/2026"}
BAD = {**GOOD, "stop_id": "AT2", "raised_on": "31/04/2026"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose scenario takes rows of a machine."""
    home = tmp_path_factory.mktemp("home")
    for folder in ("scenarios", "robots"):
        shutil.copytree(PROJECT / folder, home / folder)
    path = home / "scenarios" / "ij-acompte.yaml"
    text = path.read_text("utf-8").replace("mode: live", "mode: shadow")
    path.write_text(text.replace("sources:\n", "sources:\n  - api: flux-arpege\n", 1), "utf-8")
    return home


@pytest.fixture
async def api(
    home: Path, tmp_path: Path, role_url: Mapping[str, str], owner_url: str, vault: Vault
) -> AsyncIterator[httpx.AsyncClient]:
    """Its console."""
    settings = Settings(workspace=tmp_path, home=home)
    urls = {**role_url, "owner": owner_url}
    world = World(settings=settings, urls=urls, vault=vault, keywords=load_keywords(settings))
    async with open_console(world) as app:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://console.test") as client:
            yield client


@pytest.fixture
async def token(owner_db: Database) -> str:
    async with owner_db.transaction("cli") as tx:
        return await create_machine(tx, "flux-arpege", "cpam-931", "ij-acompte")


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def test_rows_are_loaded_once_under_the_name_of_the_machine(
    api: httpx.AsyncClient, token: str, owner_url: str
) -> None:
    first = await api.post(ADDRESS, json={"rows": [GOOD, BAD]}, headers=bearer(token))
    again = await api.post(ADDRESS, json={"rows": [GOOD, BAD]}, headers=bearer(token))

    assert (first.status_code, again.status_code) == (201, 409)
    said = first.json()
    assert {name: said[name] for name in ("rows", "cases", "set_aside")} == {"rows": 2, "cases": 1, "set_aside": 1}
    assert "a déjà été reçue : c'est « flux-arpege du " in again.json()["error"]
    with psycopg.connect(owner_url, options="-c search_path=glr") as connection:
        assert connection.execute("select id::text, mode from run").fetchall() == [(said["run"], "shadow")]
        reasons = connection.execute("select line, reason from row_set_aside").fetchall()
        actors = connection.execute("select actor from audit_outbox where verb = 'delivery.loaded'").fetchall()
    assert reasons == [(2, "colonne « Date » : date impossible : 31/04/2026 n'existe pas au calendrier")]
    assert actors == [("machine:flux-arpege",)]


@pytest.mark.parametrize("given", [None, "Bearer ", "Bearer another", "Basic {token}", "{token}"])
async def test_nobody_else_is_served(api: httpx.AsyncClient, token: str, given: str | None) -> None:
    headers = {} if given is None else {"authorization": given.replace("{token}", token)}
    answer = await api.post(ADDRESS, json={"rows": [GOOD]}, headers=headers)

    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.json() == {"error": "Jeton absent, faux ou révoqué."}


async def test_a_revoked_token_a_replaced_one_and_another_scenario_are_refused(
    api: httpx.AsyncClient, token: str, owner_db: Database
) -> None:
    elsewhere = await api.post(ADDRESS.replace("ij-acompte", "autre"), json={"rows": []}, headers=bearer(token))
    async with owner_db.transaction("cli") as tx:
        newer = await create_machine(tx, "flux-arpege", "cpam-931", "ij-acompte")
    replaced = await api.post(ADDRESS, json={"rows": [GOOD]}, headers=bearer(token))
    async with owner_db.transaction("cli") as tx:
        await revoke_machine(tx, "flux-arpege", "cpam-931")
    revoked = await api.post(ADDRESS, json={"rows": [GOOD]}, headers=bearer(newer))

    assert [each.status_code for each in (elsewhere, replaced, revoked)] == [403, 401, 401]


REFUSED: list[tuple[bytes, str, int, str]] = [
    (b"{", "application/json", 400, "JSON illisible, ou une clé donnée deux fois."),
    (b'{"rows": [], "rows": []}', "application/json", 400, "JSON illisible, ou une clé donnée deux fois."),
    (b"[" * 100_000, "application/json", 400, "JSON illisible, ou une clé donnée deux fois."),
    (b'{"rows": {}}', "application/json", 400, 'Attendu : {"rows": [{"champ": "texte", …}, …]}.'),
    (b'{"rows": [{"nir": 185026199900189}]}', "application/json", 400,
     "Ligne 1 : un objet dont chaque valeur est un texte est attendu."),
    (b'{"rows": [{"personne": "x"}]}', "application/json", 422,
     "1 champ(s) que le scénario n'a pas. Attendus : nir, birth_name, stop_id, anomaly, raised_on."),
    (b"x" * 1_000_001, "application/json", 413, "Un million d'octets au plus : envoyer en plusieurs fois."),
    (b'{"rows": []}', "text/plain", 415, "Un corps en application/json est attendu."),
]  # fmt: skip


@pytest.mark.parametrize(("body", "kind", "status", "sentence"), REFUSED)
async def test_what_is_badly_asked_is_told_and_loads_nothing(
    api: httpx.AsyncClient, token: str, owner_url: str, body: bytes, kind: str, status: int, sentence: str
) -> None:
    answer: Any = await api.post(ADDRESS, content=body, headers={**bearer(token), "content-type": kind})

    assert (answer.status_code, answer.json()) == (status, {"error": sentence})
    with psycopg.connect(owner_url) as connection:
        assert connection.execute("select count(*) from glr.run").fetchone() == (0,)


async def test_the_token_itself_is_nowhere_in_the_database(token: str, owner_url: str) -> None:
    with psycopg.connect(owner_url) as connection:
        found = connection.execute("select machine::text, octet_length(token_digest) from glr.machine").fetchone()

    assert found is not None
    assert (token in found[0], found[1]) == (False, 32)


DOCUMENTS = "/api/v1/scenarios/ij-acompte/documents"
KEY = {"nir": NIR, "stop_id": "AT1"}


async def test_a_document_wakes_the_case_that_waits_for_it_once_and_no_other(
    api: httpx.AsyncClient, token: str, owner_url: str
) -> None:
    async def announce(*documents: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        answer = await api.post(DOCUMENTS, json={"documents": documents}, headers=bearer(token))
        return answer.status_code, answer.json()

    another = {**GOOD, "stop_id": "AT3"}
    assert (await api.post(ADDRESS, json={"rows": [GOOD, another]}, headers=bearer(token))).status_code == 201
    assert await announce(KEY) == (200, {"documents": 1, "woken": 0}), "it waits for nothing yet"
    with psycopg.connect(owner_url, options="-c search_path=glr", autocommit=True) as connection:
        wait = (
            "update cases set state = 'waiting', wait_until = now() + interval '9 days', waits_for = %s where line = %s"
        )
        connection.execute("alter table cases disable trigger user")
        for waits_for, line in (("document", 1), ("date", 2)):
            connection.execute(wait, [waits_for, line])
        connection.execute("alter table cases enable trigger user")

        refused = await announce(KEY, {"nir": "1 85 02 61 999 001 88", "stop_id": "AT1"})
        assert (refused[0], "Pièce 2" in refused[1]["error"], "999" in refused[1]["error"]) == (422, True, False)
        lacking = await announce({"nir": NIR})
        assert lacking == (422, {"error": "Pièce 1 : champ « stop_id » attendu. Aucun dossier n'est repris."})
        states = "select state::text from cases order by line"
        assert connection.execute(states).fetchall() == [("waiting",), ("waiting",)], "all or none"

        both = await announce(KEY, {**KEY, "stop_id": "AT3"}, {**KEY, "stop_id": "AT9"})
        assert both == (200, {"documents": 3, "woken": 1}), "a date is waited for whatever arrives"
        assert await announce(KEY) == (200, {"documents": 1, "woken": 0})
        assert connection.execute(states).fetchall() == [("ready",), ("waiting",)]
        told = connection.execute(
            "select actor, details ->> 'by' from audit_outbox where verb = 'case.woken'"
        ).fetchall()
    assert told == [("machine:flux-arpege", "document")]


async def test_a_document_is_announced_by_the_machine_of_its_scenario_alone(api: httpx.AsyncClient, token: str) -> None:
    elsewhere = DOCUMENTS.replace("ij-acompte", "another")
    for address, headers in ((DOCUMENTS, {}), (elsewhere, bearer(token))):
        answer = await api.post(address, json={"documents": [KEY]}, headers=headers)
        assert answer.status_code == (403 if headers else 401)
