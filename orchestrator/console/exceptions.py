"""Exceptions: the list by basket, and taking, giving back, revealing one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from orchestrator.console.case_data import nir_mask
from orchestrator.console.errors import LostRace, NotFound
from orchestrator.console.exception_page import show_exception
from orchestrator.console.pages import render, uuid_or_none
from orchestrator.console.paging import Mark, UrgencyMark, cut, cut_by_urgency
from orchestrator.console.permissions import GuardedRoute, Permission, allow
from orchestrator.console.sessions import form_of, present
from orchestrator.console.world import world_of
from orchestrator.domain.civil import paris_date

router = APIRouter(route_class=GuardedRoute)
_PAGE = 50
#: The views of the list, in the order of their tabs.
VIEWS = {"a-traiter": "À traiter", "a-moi": "À moi", "prises": "Pris par d’autres", "faites": "Réglés par moi"}


@router.get("/exceptions")
@allow(Permission.READ)
async def exceptions(request: Request) -> Response:
    """List exceptions: one view, one basket or all, in the order of work."""
    world, visitor = world_of(request), present(request)
    view = request.query_params.get("vue", "a-traiter")
    if view not in VIEWS:
        raise NotFound
    queue = request.query_params.get("file") or None
    scope = {"caisse": world.caisse, "restricted": visitor.restricted, "login": visitor.login}
    async with world.database.transaction(visitor.actor) as tx:
        figures = await tx.first("console.figures", queue=queue, today=paris_date(world.clock.now()), **scope)
        queues = await tx.all("console.queues", caisse=world.caisse, restricted=visitor.restricted)
    items, following = await _page(request, view, queue, scope)
    masks = {item["id"]: nir_mask(world, item) for item in items}
    return await render(
        request,
        "exceptions.html",
        view=view,
        views=VIEWS,
        queue=queue,
        queues=queues,
        figures=figures,
        items=items,
        masks=masks,
        following=following,
    )


@router.post("/exceptions/suivant")
@allow(Permission.SETTLE)
async def take_next(request: Request) -> Response:
    """Claim the most urgent free exception of a basket, and open it."""
    queue = (await form_of(request)).get("file") or None
    return await next_one(request, queue, "vide")


@router.get("/exceptions/{item}")
@allow(Permission.READ)
async def exception(request: Request, item: str) -> Response:
    """Show an exception."""
    return await show_exception(request, identifier(item))


@router.post("/exceptions/{item}/prendre")
@allow(Permission.SETTLE)
async def claim(request: Request, item: str) -> Response:
    """Claim an exception: compare and set, the first one wins."""
    await _act(request, "console.claim", identifier(item), restricted=present(request).restricted)
    return RedirectResponse(f"/exceptions/{identifier(item)}", status_code=303)


@router.post("/exceptions/{item}/rendre")
@allow(Permission.SETTLE)
async def give_back(request: Request, item: str) -> Response:
    """Let go of an exception without deciding."""
    await _act(request, "console.release", identifier(item))
    return RedirectResponse("/exceptions?message=rendu", status_code=303)


@router.post("/exceptions/{item}/reveler")
@allow(Permission.SETTLE)
async def reveal(request: Request, item: str) -> Response:
    """Show the claimer names and numbers; the database records it."""
    await _act(request, "console.reveal", identifier(item))
    return RedirectResponse(f"/exceptions/{identifier(item)}", status_code=303)


@router.post("/exceptions/{item}/garder")
@allow(Permission.SETTLE)
async def keep(request: Request, item: str) -> Response:
    """Renew the claim: its holder is typing."""
    world, visitor = world_of(request), present(request)
    async with world.database.transaction(visitor.actor) as tx:
        await tx.run("console.renew_claim", id=identifier(item), caisse=world.caisse, login=visitor.login)
    return Response(status_code=204)


async def next_one(request: Request, queue: str | None, message: str, reference: str = "") -> Response:
    """Claim the next exception of a basket and go there, or back to the list when there is none."""
    world, visitor = world_of(request), present(request)
    async with world.database.transaction(visitor.actor) as tx:
        taken = await tx.first(
            "console.claim_next", caisse=world.caisse, restricted=visitor.restricted, login=visitor.login, queue=queue
        )
    told = f"message={message}&dossier={reference}" if message != "vide" or taken is None else ""
    address = f"/exceptions/{taken['id']}" if taken else "/exceptions"
    return RedirectResponse(f"{address}?{told}" if told else address, status_code=303)


def identifier(text: str) -> UUID:
    """Read the identifier of an address, or say that there is no such page."""
    found = uuid_or_none(text)
    if found is None:
        raise NotFound
    return found


async def _act(request: Request, statement: str, item: UUID, **more: Any) -> None:  # noqa: ANN401
    world, visitor = world_of(request), present(request)
    async with world.database.transaction(visitor.actor) as tx:
        if not await tx.run(statement, id=item, caisse=world.caisse, login=visitor.login, **more):
            raise LostRace


async def _page(request: Request, view: str, queue: str | None, scope: dict[str, Any]) -> tuple[Any, str | None]:
    after = request.query_params.get("apres")
    async with world_of(request).database.transaction(present(request).actor) as tx:
        if view == "faites":
            mark = Mark.read(after, newest_first=True)
            rows = await tx.all("console.settled_items", before_at=mark.at, before_id=mark.id, limit=_PAGE + 1, **scope)
            return cut(rows, _PAGE, "closed_at")
        rows = await tx.all(
            "console.open_items",
            view=view,
            queue=queue,
            limit=_PAGE + 1,
            **UrgencyMark.read(after).parameters,
            **scope,
        )
    return cut_by_urgency(rows, _PAGE)
