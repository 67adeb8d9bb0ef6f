"""Validation: a second person sees exactly what will be entered, and approves or refuses it (four eyes, in SQL)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from orchestrator.console.errors import AlteredApproval, LostRace, NotFound, won
from orchestrator.console.exceptions import identifier
from orchestrator.console.pages import moment, render
from orchestrator.console.paging import UrgencyMark, cut_by_urgency
from orchestrator.console.people import check_password
from orchestrator.console.permissions import GuardedRoute, Permission, allow
from orchestrator.console.sessions import Visitor, form_of, present
from orchestrator.console.world import ConsoleWorld, world_of
from orchestrator.store.database import Transaction

router = APIRouter(route_class=GuardedRoute)
_PAGE = 50
_REFUSED = "Saisie refusée en validation : voir la note du responsable."


@router.get("/validations")
@allow(Permission.APPROVE)
async def approvals(request: Request) -> Response:
    """List what waits for a second person, in the order of work."""
    world, visitor = world_of(request), present(request)
    mark = UrgencyMark.read(request.query_params.get("apres"))
    async with world.database.transaction(visitor.actor) as tx:
        rows = await tx.all("console.approvals", limit=_PAGE + 1, **mark.parameters, **_scope(world, visitor))
        once_more = await tx.all("further.asked", caisse=world.caisse, restricted=visitor.restricted)
    page, following = cut_by_urgency(rows, _PAGE)
    return await render(request, "validations.html", approvals=page, following=following, once_more=once_more)


@router.get("/validations/{approval}")
@allow(Permission.APPROVE)
async def approval_page(request: Request, approval: str) -> Response:
    """Show what will be entered; opening it is recorded."""
    return await _show(request, identifier(approval))


@router.post("/validations/{approval}/approuver")
@allow(Permission.APPROVE)
async def approve(request: Request, approval: str) -> Response:
    """Approve exactly what was displayed, after the password was given again."""
    world, visitor, form = world_of(request), present(request), await form_of(request)
    wanted = identifier(approval)
    if not await check_password(world, visitor.login, form.get("mot_de_passe", "")):
        return await _show(request, wanted, status=422, errors={"mot_de_passe": "Mot de passe incorrect."})
    try:
        async with world.database.transaction(visitor.actor) as tx:
            case = await _decide(tx, world, visitor, wanted, "approved", form)
            instruction = {"do": "resend", "by": visitor.login}
            if not await _others_asked(tx, world, case):
                won(await tx.run("console.resume_approved", id=case, caisse=world.caisse, instruction=instruction))
    except LostRace:
        return await _show(request, wanted, status=409, lost=True)
    return RedirectResponse("/validations?message=approuve", status_code=303)


@router.post("/validations/{approval}/refuser")
@allow(Permission.APPROVE)
async def refuse(request: Request, approval: str) -> Response:
    """Refuse with a reason: an agent takes over."""
    world, visitor, form = world_of(request), present(request), await form_of(request)
    wanted, reason = identifier(approval), form.get("motif", "").strip()
    if not reason or len(reason) > 2000:
        problem = {"motif": "Motif attendu (2 000 caractères au plus) : l’agent qui reprend le dossier le lira."}
        return await _show(request, wanted, status=422, errors=problem, typed=form)
    try:
        async with world.database.transaction(visitor.actor) as tx:
            case = await _decide(tx, world, visitor, wanted, "refused", form)
            await tx.run("console.void_others", case_id=case, caisse=world.caisse)
            await _open_refused(tx, world, visitor, case, reason)
    except LostRace:
        return await _show(request, wanted, status=409, typed=form, lost=True)
    return RedirectResponse("/validations?message=refuse", status_code=303)


async def _decide(
    tx: Transaction, world: ConsoleWorld, visitor: Visitor, approval: UUID, state: str, form: Mapping[str, str]
) -> UUID:
    digest = form.get("empreinte", "")
    decided = await tx.first(
        "console.decide_approval",
        id=approval,
        caisse=world.caisse,
        login=visitor.login,
        state=state,
        values_digest=bytes.fromhex(digest) if _is_hex(digest) else b"",
    )
    if decided is None:
        raise LostRace
    case: UUID = decided["case_id"]
    return case


async def _others_asked(tx: Transaction, world: ConsoleWorld, case: UUID) -> bool:
    """True while another entry of the case waits for a second person; two who approve at once see each other."""
    await tx.first("console.lock_case", id=case, caisse=world.caisse)
    left = await tx.first("console.others_asked", case_id=case, caisse=world.caisse)
    return left is not None and left["asked"] > 0


async def _open_refused(tx: Transaction, world: ConsoleWorld, visitor: Visitor, case: UUID, reason: str) -> None:
    row = await tx.first("console.stop_refused", id=case, caisse=world.caisse)
    if row is None:
        raise LostRace
    item = uuid4()
    said = {"by": visitor.name, "at": world.clock.now().isoformat(), "about": "refused", "text": reason}
    scenario = world.scenarios.get(row["scenario"])
    await tx.run(
        "console.open_refused",
        id=item,
        caisse=world.caisse,
        case_id=case,
        message=_REFUSED,
        queue=scenario.queue if scenario else row["scenario"],
        note=world.vault.seal(world.vault.data_key(case, row["data_key"]), f"exception_item:note:{item}", [said]),
    )


async def _show(
    request: Request,
    approval: UUID,
    *,
    status: int = 200,
    errors: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
    lost: bool = False,
) -> Response:
    world, visitor = world_of(request), present(request)
    async with world.database.transaction(visitor.actor) as tx:
        row = await tx.first("console.approval", id=approval, **_scope(world, visitor))
        if row is None:
            raise NotFound
        open_to_me = row["state"] == "asked" and not row["expired"] and not row["excluded"]
        if open_to_me:
            await tx.record(world.caisse, "approval.opened", row["reference"], values=row["values_digest"].hex())
    return await render(
        request,
        "validation.html",
        status=status,
        approval=row,
        mine=open_to_me,
        values=_values(world, row, clear=open_to_me),
        errors=errors or {},
        typed=typed or {},
        lost=_why_lost(row) if lost else "",
    )


def _values(world: ConsoleWorld, row: Mapping[str, Any], *, clear: bool) -> list[dict[str, str]]:
    """Return what was frozen for the second person; raises when it is not what the fingerprint says."""
    key = world.vault.data_key(row["case_id"], row["data_key"])
    lines = world.vault.open(key, f"approval:payload:{row['id']}", row["payload"])
    frozen = world.vault.approved_values(row["keyword"], lines)
    if not hmac.compare_digest(frozen, row["values_digest"]):
        raise AlteredApproval
    return [{"label": line["label"], "shown": line["value"] if clear else line["mask"]} for line in lines]


def _why_lost(row: Mapping[str, Any]) -> str:
    if row["taker"] is not None:
        return f"Le dossier a été pris à la main par {row['taker']} : la demande est retirée, rien n’a été enregistré."
    if row["state"] != "asked":
        who = row["validator_name"] or row["validator"] or "Le robot"
        when = f" le {moment(row['decided_at'])}" if row["decided_at"] else ""
        return f"{who} a déjà décidé{when}. Votre décision n’a pas été enregistrée."
    if row["expired"]:
        return "Cette demande a expiré : le robot va demander à nouveau, avec les valeurs du jour."
    if row["excluded"]:
        return "Vous avez travaillé sur ce dossier : une autre personne doit le valider."
    return "Ce qui est à saisir a changé depuis l’affichage. Relisez, puis décidez."


def _scope(world: ConsoleWorld, visitor: Visitor) -> dict[str, Any]:
    return {"caisse": world.caisse, "restricted": visitor.restricted, "login": visitor.login}


def _is_hex(text: str) -> bool:
    return len(text) % 2 == 0 and all(letter in "0123456789abcdef" for letter in text)
