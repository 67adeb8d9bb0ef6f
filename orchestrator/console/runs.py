"""Exécutions: the list, and one run with its live progress."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, StreamingResponse

from orchestrator.console.errors import NotFound
from orchestrator.console.pages import fragment, render, uuid_or_none
from orchestrator.console.paging import Mark, cut
from orchestrator.console.permissions import GuardedRoute, Permission, allow
from orchestrator.console.progress import Progress, progress_of
from orchestrator.console.sessions import present, visitor_of
from orchestrator.console.world import ConsoleWorld, world_of
from orchestrator.engine.labels import unhosted

router = APIRouter(route_class=GuardedRoute)
_PAGE = 20
_ASIDE_PAGE = 200
#: A stream ends by itself after that many looks of one second; the browser opens the next one.
_LOOKS = 600


@router.get("/executions")
@allow(Permission.READ)
async def runs(request: Request) -> Response:
    """List the runs, newest first."""
    world, mark = world_of(request), Mark.read(request.query_params.get("apres"), newest_first=True)
    async with world.database.transaction(present(request).actor) as tx:
        rows = await tx.all("console.runs", caisse=world.caisse, before_at=mark.at, before_id=mark.id, limit=_PAGE + 1)
        waiting = [unhosted(row) for row in await tx.all("sessions.unhosted", caisse=world.caisse)]
    page, following = cut(rows, _PAGE, "started_at")
    return await render(request, "executions.html", runs=page, following=following, unhosted=waiting)


@router.get("/executions/{run}")
@allow(Permission.READ)
async def run_page(request: Request, run: str) -> Response:
    """Show one run: progress, outcomes, rows set aside, what it gave away."""
    world, visitor = world_of(request), present(request)
    found, progress = await _run(request, run)
    after = request.query_params.get("ligne", "")
    async with world.database.transaction(visitor.actor) as tx:
        aside = await tx.all(
            "console.run_rows_aside",
            run=found["id"],
            caisse=world.caisse,
            restricted=visitor.restricted,
            after=int(after) if after.isdecimal() and len(after) < 9 else 0,
            limit=_ASIDE_PAGE + 1,
        )
        hand_overs = await tx.all("hand_overs.of_run", run=found["id"])
        bordereau = await tx.first("bordereaux.of_run", run=found["id"], caisse=world.caisse)
        outside = [row["library"] for row in await tx.all("console.outside_of_run", run=found["id"])]
    more = aside[_ASIDE_PAGE - 1]["line"] if len(aside) > _ASIDE_PAGE else None
    return await render(
        request,
        "execution.html",
        run=found,
        progress=progress,
        aside=aside[:_ASIDE_PAGE],
        following=more,
        hand_overs=[{**row, "given": _given(row["result"] or {})} for row in hand_overs],
        outside=outside,
        bordereau=bordereau,
    )


@router.get("/executions/{run}/progression")
@allow(Permission.READ)
async def run_progress(request: Request, run: str) -> Response:
    """Return the part of the page that moves."""
    found, progress = await _run(request, run)
    return HTMLResponse(fragment(world_of(request), "_progression.html", run=found, progress=progress))


@router.get("/executions/{run}/flux")
@allow(Permission.READ)
async def run_stream(request: Request, run: str) -> Response:
    """Tell the page, by server-sent events, when its progress has changed and when the run is over."""
    found, _ = await _run(request, run)
    stream = _changes(request, found["id"])
    return StreamingResponse(stream, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


def _given(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a page shows of what was given away; None where a hand-over has no such thing."""
    return {name: result.get(name) for name in ("folder", "name", "size", "sha256", "to", "message_id")}


async def _changes(request: Request, run: UUID) -> AsyncIterator[str]:
    last = None
    for _ in range(_LOOKS):
        if await request.is_disconnected() or await visitor_of(request) is None:
            return
        progress = await _progress(world_of(request), run)
        if progress is None:
            return
        if progress != last:
            last = progress
            yield f"event: progression\ndata: {progress.percent}\n\n"
        if progress.over:
            yield "event: fin\ndata: 100\n\n"
            return
        await asyncio.sleep(1)


async def _run(request: Request, run: str) -> tuple[dict[str, Any], Progress]:
    world, identifier = world_of(request), uuid_or_none(run)
    async with world.database.transaction(present(request).actor) as tx:
        found = await tx.first("console.run", id=identifier, caisse=world.caisse) if identifier else None
    progress = await _progress(world, found["id"]) if found else None
    if found is None or progress is None:
        raise NotFound
    return found, progress


async def _progress(world: ConsoleWorld, run: UUID) -> Progress | None:
    async with world.database.transaction("console") as tx:
        found = await tx.first("console.run", id=run, caisse=world.caisse)
        counts = await tx.all("console.run_counts", run=run)
        pace = await tx.first("console.run_pace", run=run)
        amounts = await tx.first("console.run_amounts", run=run)
    if found is None or pace is None or amounts is None:
        return None
    return progress_of(counts, pace, amounts, rows=found["rows"], aside=found["set_aside"])
