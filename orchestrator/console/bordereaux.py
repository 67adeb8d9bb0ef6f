"""Bordereaux: the accounting control reads, samples, signs or refuses those of closed runs (four eyes, in SQL)."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from orchestrator.console.errors import AlteredBordereau, NotFound, won
from orchestrator.console.exceptions import identifier
from orchestrator.console.pages import render
from orchestrator.console.paging import Mark, cut
from orchestrator.console.people import check_password
from orchestrator.console.permissions import GuardedRoute, Permission, allow
from orchestrator.console.sessions import form_of, present
from orchestrator.console.world import ConsoleWorld, world_of
from orchestrator.domain.errors import SettingsError
from orchestrator.domain.sampling import draw
from orchestrator.engine.wake import checked_reason
from orchestrator.store.database import array

router = APIRouter(route_class=GuardedRoute)
_PAGE = 50
#: Cases of one sample.
_MOST = 500
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: The views of the list, by state.
VIEWS = {"": "Tous", "written": "À juger", "signed": "Signés", "refused": "Refusés"}


@router.get("/bordereaux")
@allow(Permission.CONTROL)
async def bordereaux(request: Request) -> Response:
    """List the bordereaux of closed runs, newest first."""
    world, view = world_of(request), request.query_params.get("vue", "")
    if view not in VIEWS:
        raise NotFound
    mark = Mark.read(request.query_params.get("apres"), newest_first=True)
    where = {"caisse": world.caisse, "state": view or None, "before_at": mark.at, "before_id": mark.id}
    async with world.database.transaction(present(request).actor) as tx:
        rows = await tx.all("bordereaux.recent", limit=_PAGE + 1, **where)
    marked = [{**row, "id": row["run"]} for row in rows]
    page, following = cut(marked, _PAGE, "written_at")
    return await render(request, "bordereaux.html", bordereaux=page, following=following, views=VIEWS, view=view)


@router.get("/bordereaux/{run}")
@allow(Permission.CONTROL)
async def bordereau_page(request: Request, run: str) -> Response:
    """Show one bordereau, its samples, and what may be decided."""
    return await _show(request, identifier(run))


@router.get("/bordereaux/{run}/classeur.xlsx")
@allow(Permission.CONTROL)
async def workbook(request: Request, run: str) -> Response:
    """Give the workbook, if it still is the one that was written down; giving it is recorded."""
    world, row = world_of(request), await _row(request, identifier(run))
    content = await _workbook(world, row)
    async with world.database.transaction(present(request).actor) as tx:
        await tx.record(world.caisse, "bordereau.downloaded", str(row["run"]), sha256=row["sha256"])
    headers = {"content-disposition": f'attachment; filename="{row["file_name"]}"'}
    return Response(content, media_type=_SHEET, headers=headers)


@router.post("/bordereaux/{run}/tirage")
@allow(Permission.CONTROL)
async def draw_sample(request: Request, run: str) -> Response:
    """Write a seed down, then show what it draws."""
    world, visitor, form = world_of(request), present(request), await form_of(request)
    row, size = await _row(request, identifier(run)), form.get("taille", "").strip()
    if not size.isdecimal() or len(size) > len(str(_MOST)) or not 1 <= int(size) <= _MOST:
        problem = {"taille": f"Un nombre de dossiers entre 1 et {_MOST} est attendu."}
        return await _show(request, row["run"], status=422, errors=problem, typed=form)
    sample = uuid4()
    about = {"run": row["run"], "caisse": world.caisse, "login": visitor.login}
    async with world.database.transaction(visitor.actor) as tx:
        await tx.run("bordereaux.draw", id=sample, seed=secrets.token_hex(8), size=int(size), **about)
    return RedirectResponse(f"/bordereaux/{row['run']}?tirage={sample}#tirage", status_code=303)


@router.post("/bordereaux/{run}/signer")
@allow(Permission.CONTROL)
async def sign(request: Request, run: str) -> Response:
    """Sign exactly the displayed bordereau, after the password was given again."""
    row, form = await _row(request, identifier(run)), await form_of(request)
    await _workbook(world_of(request), row)
    return await _judge(request, row, "signed", None, {}, form)


@router.post("/bordereaux/{run}/refuser")
@allow(Permission.CONTROL)
async def refuse(request: Request, run: str) -> Response:
    """Refuse the displayed bordereau, with a reason that the log keeps."""
    row, form = await _row(request, identifier(run)), await form_of(request)
    try:
        reason, errors = checked_reason(form.get("motif", "")), {}
    except SettingsError as error:
        reason, errors = "", {"motif": str(error)}
    return await _judge(request, row, "refused", reason, errors, form)


async def _judge(
    request: Request,
    row: Mapping[str, Any],
    state: str,
    reason: str | None,
    errors: dict[str, str],
    form: Mapping[str, str],
) -> Response:
    world, visitor, field = world_of(request), present(request), f"mot_de_passe_{state}"
    if not errors and not await check_password(world, visitor.login, form.get("mot_de_passe", "")):
        errors = {field: "Mot de passe incorrect."}
    if row["excluded"]:
        errors = {"exclu": "Vous avez décidé dans cette exécution : une autre personne la juge."}
    if errors:
        return await _show(request, row["run"], status=422, errors=errors, typed=form)
    about = {"run": row["run"], "caisse": world.caisse, "login": visitor.login, "reason": reason}
    async with world.database.transaction(visitor.actor) as tx:
        won(await tx.run("bordereaux.judge", state=state, sha256=form.get("empreinte", ""), **about))
    return RedirectResponse(f"/bordereaux/{row['run']}?message=bordereau-{state}", status_code=303)


async def _row(request: Request, run: UUID) -> Mapping[str, Any]:
    world, visitor = world_of(request), present(request)
    async with world.database.transaction(visitor.actor) as tx:
        row = await tx.first("bordereaux.one", run=run, caisse=world.caisse, login=visitor.login)
    if row is None:
        raise NotFound
    return row


async def _workbook(world: ConsoleWorld, row: Mapping[str, Any]) -> bytes:
    """Return the bytes of a workbook; raises :class:`AlteredBordereau` when they are not those of its hash."""
    content = await asyncio.to_thread(_bytes, world.bordereaux / row["file_name"])
    if sha256(content).hexdigest() != row["sha256"]:
        raise AlteredBordereau
    return content


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


async def _show(
    request: Request,
    run: UUID,
    *,
    status: int = 200,
    errors: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    world, visitor, row = world_of(request), present(request), await _row(request, run)
    async with world.database.transaction(visitor.actor) as tx:
        samples = await tx.all("bordereaux.samples", run=run, caisse=world.caisse)
        wanted = request.query_params.get("tirage", "")
        shown = next((sample for sample in samples if str(sample["id"]) == wanted), samples[-1] if samples else None)
        chosen = draw(row["entered"], shown["seed"], shown["size"]) if shown and row["entered"] else ()
        known = await tx.all("bordereaux.sampled", run=run, references=array(chosen)) if chosen else []
    cases = {case["reference"]: case for case in known}
    return await render(
        request,
        "bordereau.html",
        status=status,
        row=row,
        samples=samples,
        shown=shown,
        sampled=[cases[reference] for reference in chosen if reference in cases],
        errors=errors or {},
        typed=typed or {},
    )
