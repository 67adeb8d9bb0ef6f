"""The console's doors: routes × roles, forms, headers, sessions, logins, logs."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI, Response
from fastapi.routing import APIRoute

from orchestrator.console import app as console_app
from orchestrator.console import create_console
from orchestrator.console.permissions import GuardedRoute, Permission, permission_of

NOBODY = "00000000-0000-0000-0000-000000000000"
PASSWORD = "correct cheval pile agrafe"
ROUTES = {
    "GET /": "read",
    "GET /static/{digest}/{name}": "public",
    "GET /sante": "public",
    "GET /connexion": "public",
    "POST /connexion": "public",
    "POST /deconnexion": "read",
    "GET /aide": "read",
    "POST /raccourcis": "read",
    "GET /executions": "read",
    "GET /executions/{run}": "read",
    "GET /executions/{run}/progression": "read",
    "GET /executions/{run}/flux": "read",
    "GET /exceptions": "read",
    "POST /exceptions/suivant": "settle",
    "GET /exceptions/{item}": "read",
    "POST /exceptions/{item}/prendre": "settle",
    "POST /exceptions/{item}/rendre": "settle",
    "POST /exceptions/{item}/reveler": "settle",
    "POST /exceptions/{item}/garder": "settle",
    "POST /exceptions/{item}/decision": "settle",
    "GET /dossiers": "read",
    "POST /dossiers/recherche": "read",
    "POST /dossiers/{reference}/reprendre": "settle",
    "POST /dossiers/{reference}/nouvelle-saisie": "settle",
    "POST /dossiers/{reference}/nouvelle-saisie/{decision}/accorder": "approve",
    "POST /dossiers/{reference}/nouvelle-saisie/{decision}/refuser": "approve",
    "POST /dossiers/{reference}/nouvelle-saisie/{decision}/remettre": "settle",
    "GET /dossiers/{reference}": "read",
    "GET /preuves/{reference}/{digest}.png": "read",
    "GET /validations": "approve",
    "GET /validations/{approval}": "approve",
    "POST /validations/{approval}/approuver": "approve",
    "POST /validations/{approval}/refuser": "approve",
    "GET /a-la-main": "read",
    "POST /a-la-main/{application}/prendre": "settle",
    "GET /ecarts": "read",
    "POST /ecarts/expliquer": "settle",
    "GET /bordereaux": "control",
    "GET /bordereaux/{run}": "control",
    "GET /bordereaux/{run}/classeur.xlsx": "control",
    "POST /bordereaux/{run}/tirage": "control",
    "POST /bordereaux/{run}/signer": "control",
    "POST /bordereaux/{run}/refuser": "control",
    "GET /attentes": "read",
    "POST /attentes/reprendre": "settle",
    "GET /avances": "read",
    "GET /avances/releve.csv": "read",
    "GET /applications": "operate",
    "GET /applications/{application}": "operate",
    "GET /applications/{application}/proposition.patch": "operate",
    "POST /applications/{application}/arreter": "operate",
    "POST /applications/{application}/rouvrir": "operate",
    "GET /versions": "publish",
    "GET /versions/{scenario}": "publish",
    "POST /versions/{scenario}/approuver": "publish",
    "POST /versions/{scenario}/etape": "publish",
    "POST /scenarios/{scenario}/arreter": "operate",
    "POST /scenarios/{scenario}/reprendre": "operate",
    "POST /api/v1/scenarios/{scenario}/deliveries": "machine",
    "POST /api/v1/scenarios/{scenario}/documents": "machine",
}
#: What each account of the tests is refused; everything else is served.
REFUSED = {
    "a.martin": {"approve", "operate", "publish", "control"},
    "s.noir": {"control"},
    "d.gris": {"settle", "operate", "publish"},
}


def _declared(app: FastAPI) -> dict[str, str]:
    found = {}
    for route in app.routes:
        assert isinstance(route, GuardedRoute), f"{route} is served without our guard"
        permission = permission_of(route.endpoint)
        assert permission is not None, f"{route.path} declares no permission: it serves nobody"
        for method in route.methods or ():
            found[f"{method} {route.path}"] = permission.value
    return found


def test_every_route_is_guarded_and_declares_the_permission_that_this_table_says(console_world: Any) -> None:
    assert _declared(create_console(console_world)) == ROUTES


def test_the_enumeration_sees_a_route_without_permission(console_world: Any) -> None:
    app = create_console(console_world)

    async def forgotten() -> Response:
        return Response("secret")

    app.router.routes.append(GuardedRoute("/oubli", forgotten))
    with pytest.raises(AssertionError, match="/oubli declares no permission"):
        _declared(app)
    app.router.routes.append(APIRoute("/nu", forgotten))
    with pytest.raises(AssertionError):
        _declared(app)


async def test_a_route_without_permission_serves_nobody(console_world: Any, visit: Any) -> None:
    async def forgotten() -> Response:
        return Response("secret")

    supervisor = await visit("s.noir")
    app = supervisor.client._transport.app
    app.router.routes.append(GuardedRoute("/oubli", forgotten))
    answer = await supervisor.get("/oubli")
    assert (answer.status_code, "secret" in answer.text) == (403, False)


@pytest.mark.parametrize("who", ["", *REFUSED])
async def test_each_route_serves_whom_its_permission_names(seed: Any, visit: Any, who: str) -> None:
    person = await visit(who)
    token = await person.token()
    for route, permission in ROUTES.items():
        if route == "POST /deconnexion" or permission in {"public", "machine"}:
            continue
        method, path = route.split()
        address = re.sub(r"\{\w+\}", NOBODY, path)
        body = {"data": {"csrf": token}, "headers": {"origin": "http://console.test"}} if method == "POST" else {}
        answer = await person.client.request(method, address, **body)
        to_login = answer.status_code == 303 and answer.headers["location"].startswith("/connexion")
        if not who:
            assert to_login, route
        elif permission in REFUSED[who]:
            assert answer.status_code == 403, route
        else:
            assert not to_login, route
            assert answer.status_code != 403, route


@pytest.mark.parametrize(
    ("token", "origin"),
    [
        ("", "http://console.test"),
        ("x" * 43, "http://console.test"),
        (None, "http://ailleurs.test"),
        (None, "null"),
        (None, ""),
    ],
)
async def test_a_form_from_elsewhere_or_without_our_token_changes_nothing(
    seed: Any, visit: Any, owner_url: str, token: str | None, origin: str
) -> None:
    case = await seed.exception()
    agent = await visit("a.martin")
    data = {"csrf": await agent.token() if token is None else token}
    headers = {"origin": origin} if origin else {}
    answer = await agent.client.post(f"/exceptions/{case.item}/prendre", data=data, headers=headers)
    assert answer.status_code == 403
    with psycopg.connect(owner_url) as connection:
        assert connection.execute("select claimed_by from glr.exception_item").fetchone() == (None,)


async def test_the_login_form_needs_the_token_of_the_browser_that_asked_for_it(visit: Any) -> None:
    stranger = await visit()
    data = {"identifiant": "a.martin", "mot_de_passe": PASSWORD, "csrf": "x"}
    answer = await stranger.client.post("/connexion", data=data, headers={"origin": "http://console.test"})
    assert answer.status_code == 403


async def test_every_answer_carries_a_strict_policy_with_a_nonce_of_its_own(visit: Any) -> None:
    agent = await visit("a.martin")
    policies = []
    for address in ("/exceptions", "/exceptions", "/rien", "/validations", "/sante"):
        answer = await agent.get(address)
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        policies.append(policy)
    assert len(set(policies)) == len(policies)


def test_no_template_has_an_inline_script_style_or_handler() -> None:
    folder = Path(console_app.__file__).parent / "templates"
    for template in folder.glob("*.html"):
        text = template.read_text(encoding="utf-8")
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\bsrc=)|hx-on|javascript:", text), template


async def test_the_database_keeps_a_digest_of_the_session_and_logout_ends_it(visit: Any, owner_url: str) -> None:
    agent = await visit("a.martin")
    cookie = agent.client.cookies["glr-session"]
    with psycopg.connect(owner_url) as connection:
        kept = connection.execute("select id_digest::text || csrf from glr.web_session").fetchone()
        assert kept is not None
        assert cookie not in kept[0]
        await agent.post("/deconnexion")
        assert connection.execute("select count(*) from glr.web_session").fetchone() == (0,)
    agent.client.cookies.set("glr-session", cookie)
    assert (await agent.client.get("/exceptions")).status_code == 303


@pytest.mark.parametrize(
    ("column", "age", "alive"),
    [
        ("last_seen", "29 min", True),
        ("last_seen", "31 min", False),
        ("created_at", "9 h", True),
        ("created_at", "601 min", False),
    ],
)
async def test_a_session_ends_after_30_idle_minutes_or_10_hours(
    visit: Any, owner_url: str, column: str, age: str, *, alive: bool
) -> None:
    agent = await visit("a.martin")
    with psycopg.connect(owner_url) as connection:
        connection.execute(f"update glr.web_session set {column} = now() - %s::interval", [age])
    assert (await agent.client.get("/exceptions")).status_code == (200 if alive else 303)


async def test_a_closed_account_is_out_at_once(visit: Any, owner_url: str) -> None:
    agent = await visit("a.martin")
    with psycopg.connect(owner_url) as connection:
        connection.execute("update glr.account set active = false where login = 'a.martin'")
    assert (await agent.client.get("/exceptions")).status_code == 303


async def test_cookies_are_bound_to_the_host_behind_tls(console_world: Any) -> None:
    app = create_console(replace(console_world, secure_cookies=True))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="https://console.test") as client:
        form = await client.get("/connexion")
        token = re.findall(r'name="csrf" value="([^"]+)"', form.text)[0]
        data = {"identifiant": "a.martin", "mot_de_passe": PASSWORD, "csrf": token}
        answer = await client.post("/connexion", data=data, headers={"origin": "https://console.test"})
    given = next(c for c in answer.headers.get_list("set-cookie") if "glr-session" in c)
    assert given.startswith("__Host-glr-session=")
    assert all(flag in given for flag in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"))
    assert "Domain" not in given


async def test_five_wrong_passwords_lock_the_account_for_a_quarter_of_an_hour(visit: Any, owner_url: str) -> None:
    stranger = await visit()
    answers = [await stranger.log_in("a.martin", "faux mot de passe") for _ in range(5)]
    refused = await stranger.log_in("a.martin")
    unknown = await stranger.log_in("personne")
    sentences = {re.findall(r'role="alert">([^<]+)<', answer.text)[0] for answer in [*answers, refused, unknown]}
    assert len(sentences) == 1, "the answer tells accounts apart"
    assert refused.status_code == 401
    with psycopg.connect(owner_url) as connection:
        connection.execute("update glr.account set locked_until = now() where login = 'a.martin'")
    assert (await stranger.log_in("a.martin")).url.path == "/exceptions"


@pytest.mark.parametrize("target", ["//ailleurs.test", "https://ailleurs.test", "/\\ailleurs.test", "ailleurs"])
async def test_login_never_leads_elsewhere(visit: Any, target: str) -> None:
    stranger = await visit()
    answer = await stranger.post("/connexion", identifiant="a.martin", mot_de_passe=PASSWORD, vers=target)
    assert str(answer.url) == "http://console.test/exceptions"


async def test_the_log_has_patterns_of_addresses_and_no_error_text(
    visit: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    agent = await visit("a.martin")

    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError("185027512345678")

    monkeypatch.setattr("orchestrator.console.exceptions.nir_mask", fails)
    monkeypatch.setattr("orchestrator.console.exceptions.cut_by_urgency", fails)
    answer = await agent.get("/exceptions?file=SECRET-QUEUE")
    assert answer.status_code == 500
    written = [record for record in caplog.records if record.name == "glr.console"]
    text = "\n".join(record.getMessage() + str(record.exc_text) for record in written)
    assert "RuntimeError at /exceptions" in text
    assert "185027512345678" not in answer.text + text
    assert "SECRET-QUEUE" not in text
    incident = re.findall(r"<strong>([0-9a-f]{8})</strong>", answer.text)[0]
    assert incident in text


async def test_a_body_too_large_is_refused_in_words(visit: Any) -> None:
    agent = await visit("a.martin")
    answer = await agent.post("/dossiers/recherche", recherche="x" * 70_000)
    assert answer.status_code == 413
    assert "Texte trop long" in answer.text


async def test_without_its_database_the_console_says_so(
    console_world: Any, visit: Any, server: str, database_name: str
) -> None:
    agent = await visit("a.martin")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"alter database {database_name} allow_connections false")
        connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [database_name])
        try:
            answer = await agent.get("/exceptions")
        finally:
            connection.execute(f"alter database {database_name} allow_connections true")
    assert answer.status_code == 503
    assert "La base de données ne répond pas" in answer.text


def test_permissions_are_the_five_of_the_table() -> None:
    assert {permission.value for permission in Permission} >= set(ROUTES.values())
