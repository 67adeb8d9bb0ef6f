"""À la main: the cases of a stopped application, taken one by one by people, then read back by the robots (ADR 21, ADR 27)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from orchestrator.console.case_data import nir_mask
from orchestrator.console.errors import LostRace, NotFound
from orchestrator.console.pages import render
from orchestrator.console.paging import Mark, UrgencyMark, cut, cut_by_urgency
from orchestrator.console.permissions import GuardedRoute, Permission, allow
from orchestrator.console.sessions import Visitor, form_of, present
from orchestrator.console.world import ConsoleWorld, world_of
from orchestrator.engine.by_hand import Left, take, workable
from orchestrator.store.database import Transaction, array

router = APIRouter(route_class=GuardedRoute)
_PAGE = 50
#: The views of the list, in the order of their tabs.
VIEWS = {
    "a-prendre": "À prendre",
    "en-attente": "En attente",
    "en-cours": "Chez des personnes",
    "a-relire": "À relire",
    "relues": "Relues",
}


@router.get("/a-la-main")
@allow(Permission.READ)
async def by_hand(request: Request) -> Response:
    """List the cases of one stopped application: to take, taken, to be read back, read back."""
    view = request.query_params.get("vue", "a-prendre")
    if view not in VIEWS:
        raise NotFound
    return await _show(request, view=view, application=request.query_params.get("application"))


async def _show(request: Request, *, view: str, application: str | None, left: Sequence[Left] = ()) -> Response:
    world, visitor = world_of(request), present(request)
    async with world.database.transaction(visitor.actor) as tx:
        known = await tx.all("by_hand.applications", caisse=world.caisse)
        chosen = _chosen(known, application)
        figures = await tx.first("by_hand.figures", **_about(world, visitor, chosen)) if chosen else None
        stopped = any(each["stopped"] for each in known if each["application"] == chosen)
        rows, following = await _page(tx, request, view, _about(world, visitor, chosen)) if chosen else ((), None)
    return await render(
        request,
        "a_la_main.html",
        view=view,
        views=VIEWS,
        applications=known,
        application=chosen,
        stopped=stopped,
        figures=figures or {},
        rows=rows,
        masks={row["id"]: nir_mask(world, row) for row in rows},
        following=following,
        left=left,
    )


@router.post("/a-la-main/{application}/prendre")
@allow(Permission.SETTLE)
async def take_one(request: Request, application: str) -> Response:
    """Take a case from the robots, the most urgent unless its reference is given, and open it."""
    world, visitor, form = world_of(request), present(request), await form_of(request)
    wanted = form.get("dossier") or None
    where = {"caisse": world.caisse, "restricted": visitor.restricted}
    who = {"application": application, "login": visitor.login}
    async with world.database.transaction(visitor.actor) as tx:
        known = await tx.all("by_hand.applications", caisse=world.caisse)
        if not any(each["stopped"] for each in known if each["application"] == application):
            raise LostRace
        taken, left = await take(tx, world.vault, world.scenarios, reference=wanted, where=where, **who)
    if taken is None:
        return await _nothing_taken(request, application, left)
    return RedirectResponse(f"/exceptions/{taken.item}", status_code=303)


async def _nothing_taken(request: Request, application: str, left: Sequence[Left]) -> Response:
    """Say why: nothing is there to take, or each that was looked at stays with the robots for its own reason."""
    if not left:
        return RedirectResponse(f"/a-la-main?application={application}&message=vide", status_code=303)
    return await _show(request, view="a-prendre", application=application, left=left)


def _chosen(known: Sequence[Mapping[str, Any]], asked: str | None) -> str | None:
    """Return the application asked for, else the first that is stopped; None when there is none."""
    names = [each["application"] for each in known]
    if asked in names:
        return asked
    return next((each["application"] for each in known if each["stopped"]), next(iter(names), None))


def _about(world: ConsoleWorld, visitor: Visitor, application: str | None) -> dict[str, Any]:
    return {
        "caisse": world.caisse,
        "restricted": visitor.restricted,
        "application": application,
        "scenarios": array(workable(world.scenarios, application or "")),
    }


async def _page(
    tx: Transaction, request: Request, view: str, about: Mapping[str, Any]
) -> tuple[Sequence[Any], str | None]:
    after = request.query_params.get("apres")
    if view in {"a-prendre", "en-attente"}:
        mark, waits = UrgencyMark.read(after), view == "en-attente"
        rows = await tx.all("by_hand.to_take", waits=waits, limit=_PAGE + 1, **mark.parameters, **about)
        return cut_by_urgency(rows, _PAGE)
    start = Mark.read(after, newest_first=True)
    rows = await tx.all("by_hand.taken", view=view, before_at=start.at, before_id=start.id, limit=_PAGE + 1, **about)
    return cut(rows, _PAGE, "taken_at")
