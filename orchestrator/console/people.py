"""Login, logout, preferences, static files."""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from orchestrator.console.assets import STATIC, asset
from orchestrator.console.errors import ForgedForm, NotFound
from orchestrator.console.pages import render
from orchestrator.console.permissions import GuardedRoute, Permission, allow
from orchestrator.console.sessions import (
    ABSOLUTE,
    close_session,
    cookie_name,
    drop_cookie,
    form_of,
    open_session,
    set_cookie,
)
from orchestrator.console.world import ConsoleWorld, world_of
from orchestrator.store.accounts import matches

router = APIRouter(route_class=GuardedRoute)
#: Wrong passwords before an account is locked, and for how long.
ALLOWED_FAILURES = 5
LOCK = timedelta(minutes=15)
_HOME = "/exceptions"
_WRONG = "Identifiant ou mot de passe incorrect, ou compte bloqué. Après cinq essais, patientez quinze minutes."
_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}


@router.get("/")
@allow(Permission.READ)
async def home() -> Response:
    """Go to the exceptions: 80 % of what people do here."""
    return RedirectResponse(_HOME, status_code=303)


@router.get("/static/{digest}/{name}")
@allow(Permission.PUBLIC)
async def static_file(digest: str, name: str) -> Response:
    """Serve a static file; its address changes with its content."""
    if name not in STATIC or asset(name)[1] != digest:
        raise NotFound
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(asset(name)[0], media_type=_TYPES[name.rpartition(".")[2]], headers=headers)


@router.get("/sante")
@allow(Permission.PUBLIC)
async def alive() -> Response:
    """Answer while the process lives; says nothing else."""
    return Response("ok\n", media_type="text/plain")


@router.get("/connexion")
@allow(Permission.PUBLIC)
async def login_page(request: Request) -> Response:
    """Show the login form."""
    if request.state.visitor is not None:
        return RedirectResponse(_HOME, status_code=303)
    return await _login_form(request, request.query_params.get("vers", ""))


@router.post("/connexion")
@allow(Permission.PUBLIC)
async def login(request: Request) -> Response:
    """Open a session, or say that it did not work without saying why."""
    world, form = world_of(request), await form_of(request)
    expected = request.cookies.get(cookie_name(world, "connexion"), "")
    if not expected or not hmac.compare_digest(expected.encode(), form.get("csrf", "").encode()):
        raise ForgedForm
    account = form.get("identifiant", "").strip().lower()
    if not await check_password(world, account, form.get("mot_de_passe", "")):
        return await _login_form(request, form.get("vers", ""), account=account, error=_WRONG)
    async with world.database.transaction(f"agent:{account}") as tx:
        token = await open_session(tx, world, account)
        await tx.record(world.caisse, "session.opened", account)
    response = RedirectResponse(_inside(form.get("vers", "")), status_code=303)
    set_cookie(response, world, "session", token, ABSOLUTE)
    drop_cookie(response, world, "connexion")
    return response


@router.post("/deconnexion")
@allow(Permission.READ)
async def logout(request: Request) -> Response:
    """End the session on the server."""
    await close_session(request)
    response = RedirectResponse("/connexion?message=deconnecte", status_code=303)
    drop_cookie(response, world_of(request), "session")
    return response


@router.get("/aide")
@allow(Permission.READ)
async def help_page(request: Request) -> Response:
    """Show the shortcuts and the glossary."""
    return await render(request, "aide.html")


@router.post("/raccourcis")
@allow(Permission.READ)
async def shortcuts(request: Request) -> Response:
    """Switch the single-key shortcuts on or off, for this browser."""
    form = await form_of(request)
    response = RedirectResponse("/aide?message=raccourcis", status_code=303)
    set_cookie(response, world_of(request), "raccourcis", form.get("raccourcis", "oui"), timedelta(days=365))
    return response


async def check_password(world: ConsoleWorld, login: str, password: str) -> bool:
    """Check a password and count failures; a locked account refuses even the right one."""
    async with world.database.transaction("console") as tx:
        account = await tx.first("console.account_to_check", login=login, caisse=world.caisse)
    usable = account is not None and account["active"] and not account["locked"]
    right = await run_in_threadpool(matches, account["password_hash"] if account else None, password)
    if account is not None and not account["locked"]:
        async with world.database.transaction("console") as tx:
            if right:
                await tx.run("console.right_password", login=login)
            else:
                await tx.run("console.wrong_password", login=login, allowed=ALLOWED_FAILURES, lock=LOCK)
    return usable and right


async def _login_form(request: Request, target: str, *, account: str = "", error: str = "") -> Response:
    world, token = world_of(request), secrets.token_urlsafe(32)
    status = 401 if error else 200
    response = await render(
        request, "connexion.html", status=status, csrf=token, account=account, error=error, target=_inside(target)
    )
    set_cookie(response, world, "connexion", token, timedelta(hours=1))
    return response


def _inside(target: str) -> str:
    """Return a path of ours, never an address elsewhere."""
    safe = target.startswith("/") and not target.startswith(("//", "/\\")) and "\n" not in target
    return target if safe else _HOME
