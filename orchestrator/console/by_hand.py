"""À la main: the cases of a stopped application, taken one by one by people, then read back by the robots (ADR 21)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from orchestrator.console.case_data import nir_mask
from orchestrator.console.errors import LostRace, NotFound, won
from orchestrator.console.pages import render
from orchestrator.console.paging import Mark, UrgencyMark, cut, cut_by_urgency
from orchestrator.console.permissions import GuardedRoute, Permission, allow
from orchestrator.console.sessions import Visitor, form_of, present
from orchestrator.console.world import ConsoleWorld, world_of
from orchestrator.engine.by_hand import take, workable
from orchestrator.store.database import Transaction, array

router = APIRouter(route_class=GuardedRoute)
_PAGE = 50
#: The views of the list, in the order of their tabs.
VIEWS = {"a-prendre": "À prendre", "en-cours": "Chez des personnes", "a-relire": "À relire", "relues": "Relues"}


@router.get("/a-la-main")
@allow(Permission.READ)
async def by_hand(request: Request) -> Response:
    """List the cases of one stopped application: to take, taken, to be read back, read back."""
    world, visitor = world_of(request), present(request)
    view = request.query_params.get("vue", "a-prendre")
    if view not in VIEWS:
        raise NotFound
    async with world.database.transaction(visitor.actor) as tx:
        known = await tx.all("by_hand.applications", caisse=world.caisse)
        chosen = _chosen(known, request.query_params.get("application"))
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
        return _nothing_taken(application, [each.reference for each in left])
    return RedirectResponse(f"/exceptions/{taken.item}", status_code=303)


async def held_by_hand(tx: Transaction, case: object) -> Mapping[str, Any] | None:
    """Return who works a case by hand and what was declared; None when nobody does."""
    return await tx.first("by_hand.held", case_id=case)


async def write_by_hand(tx: Transaction, world: ConsoleWorld, visitor: Visitor, case: object, act: Any) -> None:  # noqa: ANN401
    """Write a decision beside a case worked by hand; raises :class:`LostRace` when it does not stand there any more."""
    about = {"case_id": case, "caisse": world.caisse, "login": visitor.login}
    if act.kind == "done_by_hand":
        won(await tx.run("by_hand.declare", reference=act.reference, amount_c=act.amount_c, **about))
    elif act.kind in {"resend", "reject"}:
        won(await tx.run("by_hand.give_back", **about))


def _nothing_taken(application: str, left: Sequence[str]) -> Response:
    message, about = ("deja-connue", f"&dossier={left[0]}") if left else ("vide", "")
    return RedirectResponse(f"/a-la-main?application={application}&message={message}{about}", status_code=303)


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
    if view == "a-prendre":
        mark = UrgencyMark.read(after)
        rows = await tx.all("by_hand.to_take", limit=_PAGE + 1, **mark.parameters, **about)
        return cut_by_urgency(rows, _PAGE)
    start = Mark.read(after, newest_first=True)
    rows = await tx.all("by_hand.taken", view=view, before_at=start.at, before_id=start.id, limit=_PAGE + 1, **about)
    return cut(rows, _PAGE, "taken_at")
