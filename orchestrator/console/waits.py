"""En attente: the cases that wait for a document, a date or a new try in days; people let them go on, with a reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from orchestrator.console.case_data import nir_mask, notes
from orchestrator.console.errors import NotFound
from orchestrator.console.exceptions import VIEWS as EXCEPTION_VIEWS
from orchestrator.console.pages import render
from orchestrator.console.paging import Mark, cut
from orchestrator.console.permissions import GuardedRoute, Permission, allow
from orchestrator.console.sessions import form_of, present
from orchestrator.console.words import end_title
from orchestrator.console.world import ConsoleWorld, world_of
from orchestrator.domain.civil import paris_date
from orchestrator.domain.errors import SettingsError
from orchestrator.engine.wake import Woken, checked_reason, wake

router = APIRouter(route_class=GuardedRoute)
_PAGE = 50
#: What is waited for, in the order of the filters; the first shows all.
KINDS = {"": "Tout", "document": "Pièces", "date": "Dates", "retry": "Nouveaux essais", "doubt": "Doutes"}
#: Whose rows are not in the order in which they go on: the query, and the column that orders them.
_OTHERWISE = {"document": ("console.documents", "since"), "doubt": ("console.doubts", "wait_until")}
_TICKED = "dossier-"


@router.get("/attentes")
@allow(Permission.READ)
async def waits(request: Request) -> Response:
    """List what waits, the first to go on first; documents, the one that was asked for first."""
    return await _show(request)


@router.post("/attentes/reprendre")
@allow(Permission.SETTLE)
async def go_on(request: Request) -> Response:
    """Let the ticked cases go on before their date; why is written down for each."""
    world, visitor, form = world_of(request), present(request), await form_of(request)
    ticked = [name.removeprefix(_TICKED) for name in form if name.startswith(_TICKED)]
    errors: dict[str, str] = {} if ticked else {"dossiers": "Cochez au moins un dossier."}
    try:
        reason = checked_reason(form.get("motif", ""))
    except SettingsError as error:
        errors["motif"] = str(error)
    if errors:
        return await _show(request, status=422, ticked=ticked, typed=form, errors=errors)
    became: Counter[Woken] = Counter()
    async with world.database.transaction(visitor.actor) as tx:
        for reference in ticked:
            became[await wake(tx, world.caisse, reference, reason, restricted=visitor.restricted)] += 1
    message = "repris-tous" if became[Woken.WOKEN] == len(ticked) else "repris-en-partie"
    return RedirectResponse(f"/attentes?message={message}", status_code=303)


async def _show(
    request: Request,
    *,
    status: int = 200,
    ticked: Sequence[str] = (),
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> Response:
    world, visitor, kind = world_of(request), present(request), request.query_params.get("attente", "")
    if kind not in KINDS:
        raise NotFound
    scope = {"caisse": world.caisse, "restricted": visitor.restricted}
    mark = Mark.read(request.query_params.get("apres"))
    async with world.database.transaction(visitor.actor) as tx:
        where = {"kind": kind, "after_at": mark.at, "after_id": mark.id, "limit": _PAGE + 1}
        query, column = _OTHERWISE.get(kind, ("console.waits", "wait_until"))
        rows = await tx.all(query, **where, **scope)
        today = paris_date(world.clock.now())
        figures = await tx.first("console.figures", queue=None, today=today, login=visitor.login, **scope)
    page, following = cut(rows, _PAGE, column)
    return await render(
        request,
        "attentes.html",
        status=status,
        kind=kind,
        kinds=KINDS,
        views=EXCEPTION_VIEWS,
        figures=figures,
        waits=[_shown(world, row, today) for row in page],
        following=following,
        ticked=ticked,
        typed=typed or {},
        errors=errors or {},
    )


def _shown(world: ConsoleWorld, row: Mapping[str, Any], today: date) -> dict[str, Any]:
    """Return a row with what it waits for and, of a document, for how many days."""
    days = (today - paris_date(row["since"])).days if "since" in row else None
    return {**row, "mask": nir_mask(world, row), "expected": _expected(world, row), "days": days}


def _expected(world: ConsoleWorld, row: Mapping[str, Any]) -> str:
    """Say what a case waits for, in French: a document in the words of the agent who asked for it."""
    match row["waits_for"]:
        case "document":
            said = [note["text"] for note in notes(world, row, row["item"], row["note"]) if note["about"] == "wait"]
            return f"Pièce : {said[-1]}" if said else "Une pièce"
        case "doubt":
            return end_title("waiting", None, row["wait_until"])
        case "date":
            return f"La date de l’étape « {row['last_code']} »"
        case _:
            return f"Nouvel essai ({row['last_code'] or 'incident'})"
