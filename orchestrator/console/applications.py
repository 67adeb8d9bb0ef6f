"""Applications et scénarios: where robots work, where they are stopped and why; a supervisor stops them and lets them go on."""

from __future__ import annotations

from collections.abc import Awaitable
from itertools import groupby
from operator import itemgetter
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from orchestrator.console.errors import LostRace, NotFound
from orchestrator.console.pages import render
from orchestrator.console.permissions import GuardedRoute, Permission, allow
from orchestrator.console.sessions import form_of, present
from orchestrator.console.world import world_of
from orchestrator.domain.errors import SettingsError
from orchestrator.drivers.patches import shown_change
from orchestrator.engine import stops
from orchestrator.engine.applications import described, standing, trial
from orchestrator.engine.labels import unhosted

router = APIRouter(route_class=GuardedRoute)


@router.get("/applications")
@allow(Permission.OPERATE)
async def applications(request: Request) -> Response:
    """List every application and scenario: open to robots, or stopped, since when and why."""
    return await _show(request)


@router.post("/applications/{application}/arreter")
@allow(Permission.OPERATE)
async def stop(request: Request, application: str) -> Response:
    """Stop robots in an application, for a reason."""
    world, visitor, reason = world_of(request), present(request), (await form_of(request)).get("motif", "")
    async with world.database.transaction(visitor.actor) as tx:
        asked = stops.stop_application(tx, world.caisse, application, reason, visitor.login)
        return await _stop(request, application, reason, "arretee", asked)


@router.post("/scenarios/{scenario}/arreter")
@allow(Permission.OPERATE)
async def stop_scenario(request: Request, scenario: str) -> Response:
    """Stop robots for a scenario, for a reason."""
    world, visitor, reason = world_of(request), present(request), (await form_of(request)).get("motif", "")
    async with world.database.transaction(visitor.actor) as tx:
        asked = stops.stop_scenario(tx, world.caisse, scenario, reason, visitor.login)
        return await _stop(request, scenario, reason, "arrete", asked)


@router.post("/scenarios/{scenario}/reprendre")
@allow(Permission.OPERATE)
async def resume(request: Request, scenario: str) -> Response:
    """Let robots go on with a scenario that was stopped."""
    world, visitor = world_of(request), present(request)
    async with world.database.transaction(visitor.actor) as tx:
        if not await stops.resume_scenario(tx, world.caisse, scenario, visitor.login):
            raise LostRace
    return RedirectResponse("/applications?message=reprise", status_code=303)


@router.post("/applications/{application}/rouvrir")
@allow(Permission.OPERATE)
async def reopen(request: Request, application: str) -> Response:
    """Open an application to robots again."""
    world = world_of(request)
    async with world.database.transaction(present(request).actor) as tx:
        if not await stops.resume_application(tx, world.caisse, application):
            raise LostRace
    return RedirectResponse("/applications?message=rouverte", status_code=303)


async def _stop(request: Request, name: str, reason: str, message: str, asked: Awaitable[bool]) -> Response:
    try:
        stopped = await asked
    except stops.UnknownName:
        raise NotFound from None
    except SettingsError as error:
        return await _show(request, status=422, name=name, typed=reason, error=str(error))
    return RedirectResponse(f"/applications?message={message if stopped else 'deja-arrete'}", status_code=303)


async def _show(request: Request, *, status: int = 200, name: str = "", typed: str = "", error: str = "") -> Response:
    world = world_of(request)
    async with world.database.transaction(present(request).actor) as tx:
        rows = await tx.all("sessions.known_applications", caisse=world.caisse)
        scenarios = await tx.all("versions.known_scenarios", caisse=world.caisse)
        waiting = {row["scenario"]: unhosted(row) for row in await tx.all("sessions.unhosted", caisse=world.caisse)}
    known = [{**row, "standing": standing(row), "trial": trial(row), "settings": described(row)} for row in rows]
    refused = {"name": name, "typed": typed, "error": error}
    about = {"applications": known, "scenarios": scenarios, "unhosted": waiting, "refused": refused}
    return await render(request, "applications.html", status=status, **about)


@router.get("/applications/{application}")
@allow(Permission.OPERATE)
async def application(request: Request, application: str) -> Response:
    """Show why an application is closed: what differs on its screens, the change that would follow, what to do."""
    stop, differences = await _stopped(request, application)
    screens = {screen: list(rows) for screen, rows in groupby(differences, key=itemgetter("screen"))}
    shown = shown_change(stop["proposal"])
    return await render(request, "application.html", stop=stop, screens=screens, shown=shown)


@router.get("/applications/{application}/proposition.patch")
@allow(Permission.OPERATE)
async def proposal(request: Request, application: str) -> Response:
    """Give the proposed change as a file, for ``glr screens apply``."""
    stop, _ = await _stopped(request, application)
    if not stop["proposal"]:
        raise NotFound
    name = f'attachment; filename="{stop["application"]}.patch"'
    return Response(stop["proposal"], media_type="text/plain; charset=utf-8", headers={"content-disposition": name})


async def _stopped(request: Request, application: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    world = world_of(request)
    where = {"caisse": world.caisse, "application": application}
    async with world.database.transaction(present(request).actor) as tx:
        stop = await tx.first("console.stopped_application", **where)
        if stop is None:
            raise NotFound
        return stop, await tx.all("console.screen_differences", **where)
