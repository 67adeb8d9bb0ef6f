"""Applications arrêtées: closed to every robot after a refused login or a changed screen; a supervisor opens them again."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from orchestrator.console.errors import LostRace, NotFound
from orchestrator.console.pages import render
from orchestrator.console.permissions import GuardedRoute, Permission, allow
from orchestrator.console.sessions import present
from orchestrator.console.world import world_of
from orchestrator.drivers.patches import shown_change

router = APIRouter(route_class=GuardedRoute)


@router.get("/applications")
@allow(Permission.OPERATE)
async def applications(request: Request) -> Response:
    """List the applications and the scenarios that are closed to robots."""
    world = world_of(request)
    async with world.database.transaction(present(request).actor) as tx:
        stops = await tx.all("sessions.stopped_applications", caisse=world.caisse)
        scenarios = await tx.all("versions.stopped_scenarios", caisse=world.caisse)
    return await render(request, "applications.html", stops=stops, scenarios=scenarios)


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


@router.post("/applications/{application}/rouvrir")
@allow(Permission.OPERATE)
async def reopen(request: Request, application: str) -> Response:
    """Open an application to robots again."""
    world = world_of(request)
    async with world.database.transaction(present(request).actor) as tx:
        if not await tx.run("console.reopen_application", caisse=world.caisse, application=application):
            raise LostRace
        await tx.record(world.caisse, "application.reopened", application)
    return RedirectResponse("/applications?message=rouverte", status_code=303)
