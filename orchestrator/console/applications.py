"""Applications arrêtées: closed to every robot after a refused login; a supervisor opens them again."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from orchestrator.console.errors import LostRace
from orchestrator.console.pages import render
from orchestrator.console.permissions import GuardedRoute, Permission, allow
from orchestrator.console.sessions import present
from orchestrator.console.world import world_of

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
