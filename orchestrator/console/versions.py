"""Versions of scenarios: what differs, a second person's agreement, the next stage of a ramp, a stopped scenario."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from orchestrator.console.errors import LostRace, NotFound
from orchestrator.console.pages import render
from orchestrator.console.people import check_password
from orchestrator.console.permissions import GuardedRoute, Permission, allow
from orchestrator.console.sessions import form_of, present
from orchestrator.console.world import world_of
from orchestrator.engine.versions import RefusedPublication, approve, release_stage, texts
from orchestrator.language.version import Difference, differences
from orchestrator.store.database import Transaction

router = APIRouter(route_class=GuardedRoute)
_WRONG = {"mot_de_passe": "Mot de passe incorrect."}


@router.get("/versions")
@allow(Permission.PUBLISH)
async def versions(request: Request) -> Response:
    """List the scenarios with the version that runs and the one that waits."""
    world = world_of(request)
    async with world.database.transaction(present(request).actor) as tx:
        rows = await tx.all("versions.overview", caisse=world.caisse)
    return await render(request, "versions.html", rows=rows)


@router.get("/versions/{scenario}")
@allow(Permission.PUBLISH)
async def version(request: Request, scenario: str) -> Response:
    """Show what a proposed version changes, and where the ramp of the published one is."""
    return await _show(request, scenario)


@router.post("/versions/{scenario}/approuver")
@allow(Permission.PUBLISH)
async def agree(request: Request, scenario: str) -> Response:
    """Publish exactly the version that was displayed, after the password was given again."""
    world, visitor, form = world_of(request), present(request), await form_of(request)
    if not await check_password(world, visitor.login, form.get("mot_de_passe", "")):
        return await _show(request, scenario, status=422, errors=_WRONG)
    try:
        async with world.database.transaction(visitor.actor) as tx:
            waiting = await tx.first("versions.proposed", caisse=world.caisse, scenario=scenario)
            proposal = _displayed(waiting, ("version",), form)["id"]
            await approve(tx, world.caisse, scenario, proposal, visitor.login)
    except (LostRace, RefusedPublication) as error:
        return await _show(request, scenario, status=409, lost=_why(error))
    return RedirectResponse("/versions?message=publiee", status_code=303)


@router.post("/versions/{scenario}/etape")
@allow(Permission.PUBLISH)
async def next_stage(request: Request, scenario: str) -> Response:
    """Let the published version begin the cases of its next stage, after the password was given again."""
    world, visitor, form = world_of(request), present(request), await form_of(request)
    if not await check_password(world, visitor.login, form.get("mot_de_passe", "")):
        return await _show(request, scenario, status=422, errors=_WRONG)
    try:
        async with world.database.transaction(visitor.actor) as tx:
            now = await tx.first("versions.current", caisse=world.caisse, scenario=scenario)
            _displayed(now, ("version", "stage"), form)
            await release_stage(tx, world.caisse, scenario, visitor.login)
    except (LostRace, RefusedPublication) as error:
        return await _show(request, scenario, status=409, lost=_why(error))
    return RedirectResponse("/versions?message=etape", status_code=303)


async def _show(
    request: Request, scenario: str, *, status: int = 200, errors: Mapping[str, str] | None = None, lost: str = ""
) -> Response:
    world, visitor = world_of(request), present(request)
    async with world.database.transaction(visitor.actor) as tx:
        rows = await tx.all("versions.overview", caisse=world.caisse)
        row = next((row for row in rows if row["scenario"] == scenario), None)
        if row is None:
            raise NotFound
        found = await _differences(tx, row) if row["proposal"] else ()
        about = {"version": row["version"], "caisse": world.caisse, "restricted": visitor.restricted}
        begun = await tx.all("versions.begun_cases", **about) if row["allowed"] is not None else []
    return await render(
        request,
        "version.html",
        status=status,
        row=row,
        differences=found,
        begun=begun,
        first=row["version"] is None,
        mine=row["wished_by"] != visitor.login,
        errors=errors or {},
        lost=lost,
    )


def _displayed(row: Mapping[str, Any] | None, names: tuple[str, ...], form: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the row when it is still what the form was displayed with; raises :class:`LostRace`."""
    if row is None or " ".join(str(row[name]) for name in names) != form.get("empreinte", ""):
        raise LostRace
    return row


async def _differences(tx: Transaction, row: Mapping[str, Any]) -> tuple[Difference, ...]:
    return differences(await texts(tx, row["version"]), await texts(tx, row["wished"]))


def _why(error: LostRace | RefusedPublication) -> str:
    if isinstance(error, RefusedPublication):
        return str(error)
    return "Entre-temps, ces versions ont changé : rien n’a été enregistré. Relisez, puis décidez."
