"""Écarts: what a reconciliation found different; people look in the application, and say what explains it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from orchestrator.console.pages import render, uuid_or_none
from orchestrator.console.paging import Mark, cut
from orchestrator.console.permissions import GuardedRoute, Permission, allow
from orchestrator.console.sessions import form_of, present
from orchestrator.console.world import world_of
from orchestrator.domain.errors import SettingsError
from orchestrator.engine.wake import checked_reason

router = APIRouter(route_class=GuardedRoute)
_PAGE = 50
_TICKED = "ecart-"


@router.get("/ecarts")
@allow(Permission.READ)
async def gaps(request: Request) -> Response:
    """List what nobody has explained, the oldest first, and what was explained last."""
    return await _show(request)


@router.post("/ecarts/expliquer")
@allow(Permission.SETTLE)
async def explain(request: Request) -> Response:
    """Write down what explains the ticked gaps; found again, they are known."""
    world, visitor, form = world_of(request), present(request), await form_of(request)
    names = [uuid_or_none(name.removeprefix(_TICKED)) for name in form if name.startswith(_TICKED)]
    ticked = [each for each in names if each is not None]
    errors = {} if ticked else {"ecarts": "Cochez au moins un écart."}
    try:
        reason = checked_reason(form.get("motif", ""))
    except SettingsError as error:
        errors["motif"] = str(error)
    if errors:
        return await _show(request, status=422, ticked=ticked, typed=form, errors=errors)
    about = {"caisse": world.caisse, "login": visitor.login, "reason": reason, "restricted": visitor.restricted}
    async with world.database.transaction(visitor.actor) as tx:
        settled = [await tx.run("gaps.settle", id=each, **about) for each in ticked]
    message = "ecarts-expliques" if all(settled) else "ecarts-en-partie"
    return RedirectResponse(f"/ecarts?message={message}", status_code=303)


async def _show(
    request: Request,
    *,
    status: int = 200,
    ticked: Sequence[UUID] = (),
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> Response:
    world, visitor = world_of(request), present(request)
    mark = Mark.read(request.query_params.get("apres"))
    scope = {"caisse": world.caisse, "restricted": visitor.restricted}
    async with world.database.transaction(visitor.actor) as tx:
        rows = await tx.all("gaps.open", after_at=mark.at, after_id=mark.id, limit=_PAGE + 1, **scope)
        settled = await tx.all("gaps.settled", **scope)
    page, following = cut(rows, _PAGE, "opened_at")
    return await render(
        request,
        "ecarts.html",
        status=status,
        gaps=page,
        following=following,
        settled=settled,
        ticked=ticked,
        typed=typed or {},
        errors=errors or {},
    )
