"""Dossier: one case with all that happened to it; finding it by reference or NIR; its captures."""

from __future__ import annotations

import re
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, RedirectResponse

from orchestrator.console.case_data import case_fields, nir_mask
from orchestrator.console.case_entry import entry_of
from orchestrator.console.entry_status import Declared
from orchestrator.console.errors import NotFound
from orchestrator.console.held import Held
from orchestrator.console.pages import render
from orchestrator.console.permissions import GuardedRoute, Permission, allow, may
from orchestrator.console.sessions import form_of, present
from orchestrator.console.world import world_of
from orchestrator.domain.errors import SettingsError
from orchestrator.domain.personal import Nir
from orchestrator.engine.wake import checked_reason

router = APIRouter(route_class=GuardedRoute)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_REFERENCE = re.compile(r"[A-Z0-9][A-Z0-9-]{2,31}", re.ASCII)
_WRONG = "Ceci n’est pas un NIR : {why}. Une référence de dossier s’écrit DOS-7K2M9QXA."


@router.get("/dossiers")
@allow(Permission.READ)
async def search_page(request: Request) -> Response:
    """Show the search form."""
    return await render(request, "dossiers.html", found=None, masks={}, error="", text="")


@router.post("/dossiers/recherche")
@allow(Permission.READ)
async def search(request: Request) -> Response:
    """Find cases by reference or by NIR; the NIR stays out of the address and of the answer."""
    text = (await form_of(request)).get("recherche", "").strip()
    compact = re.sub(r"\s", "", text).upper()
    if compact[:1].isdecimal() and len(compact) >= 13 and "-" not in compact:
        return await _by_nir(request, text)
    found = await _dossier(request, compact) if _REFERENCE.fullmatch(compact) else None
    if found:
        return RedirectResponse(f"/dossiers/{found['reference']}", status_code=303)
    return await render(request, "dossiers.html", found=[], masks={}, error="", text="")


@router.get("/dossiers/{reference}")
@allow(Permission.READ)
async def dossier_page(request: Request, reference: str) -> Response:
    """Show a case: where it stands, what was entered, its timeline."""
    world, visitor = world_of(request), present(request)
    found = await _dossier(request, reference)
    if found is None:
        raise NotFound
    row = {**found, "case_id": found["id"]}
    async with world.database.transaction(visitor.actor) as tx:
        held = await Held.of(tx, found["id"])
        entry = await entry_of(tx, world, row, held)
        timeline = await tx.all("console.timeline", case_id=found["id"])
        evidence = await tx.all("console.evidence_of", case_id=found["id"], caisse=world.caisse)
        made = await tx.all("further.of_case", case_id=found["id"], caisse=world.caisse)
        outside = [row["library"] for row in await tx.all("console.outside_of_case", case_id=found["id"])]
    return await render(
        request,
        "dossier.html",
        case=found,
        entry=entry,
        declared=Declared.all_of(held, found["instruction"]),
        made=made,
        agrees=may(visitor, Permission.APPROVE),
        timeline=timeline,
        evidence=evidence,
        outside=outside,
        fields=case_fields(world, row, clear=False),
    )


@router.post("/dossiers/{reference}/reprendre")
@allow(Permission.SETTLE)
async def wake(request: Request, reference: str) -> Response:
    """Let a waiting case go on now, and write down why: compare and set; what it waited for is passed."""
    world, visitor = world_of(request), present(request)
    found = await _dossier(request, reference)
    if found is None:
        raise NotFound
    form = await form_of(request)
    typed, address = form.get("version_dossier", ""), f"/dossiers/{found['reference']}"
    try:
        reason = checked_reason(form.get("motif", ""))
    except SettingsError:
        return RedirectResponse(f"{address}?message=motif-attendu", status_code=303)
    version = int(typed) if typed.isdecimal() and len(typed) < 10 else -1
    async with world.database.transaction(visitor.actor) as tx:
        woken = await tx.run("cases.wake", id=found["id"], caisse=world.caisse, version=version)
        if woken:
            await tx.record(world.caisse, "case.woken", found["reference"], by="person", reason=reason)
    message = "repris" if woken else "deja-repris"
    return RedirectResponse(f"{address}?message={message}", status_code=303)


@router.get("/preuves/{reference}/{digest}.png")
@allow(Permission.READ)
async def capture(request: Request, reference: str, digest: str) -> Response:
    """Serve a masked capture of a case that this person may see."""
    world, visitor = world_of(request), present(request)
    if not _DIGEST.fullmatch(digest):
        raise NotFound
    async with world.database.transaction(visitor.actor) as tx:
        known = await tx.first(
            "console.capture",
            reference=reference,
            digest=digest,
            caisse=world.caisse,
            restricted=visitor.restricted,
        )
    path = world.evidence_root / digest[:2] / f"{digest}.png"
    if known is None or not path.is_file():
        raise NotFound
    return FileResponse(path, media_type="image/png")


async def _by_nir(request: Request, text: str) -> Response:
    world, visitor = world_of(request), present(request)
    try:
        nir = Nir.parse(text)
    except ValueError as error:
        return await render(
            request, "dossiers.html", status=422, found=None, masks={}, error=_WRONG.format(why=error), text=""
        )
    async with world.database.transaction(visitor.actor) as tx:
        found = await tx.all(
            "console.find_by_digest",
            digest=world.vault.blind("nir", nir.reveal()),
            caisse=world.caisse,
            restricted=visitor.restricted,
        )
        await tx.record(world.caisse, "person.searched", visitor.login, cases=len(found))
    masks = {case["id"]: nir_mask(world, {**case, "case_id": case["id"]}) for case in found}
    return await render(request, "dossiers.html", found=found, masks=masks, error="", text="")


async def _dossier(request: Request, reference: str) -> dict[str, Any] | None:
    world, visitor = world_of(request), present(request)
    async with world.database.transaction(visitor.actor) as tx:
        return await tx.first(
            "console.dossier", reference=reference, caisse=world.caisse, restricted=visitor.restricted
        )
