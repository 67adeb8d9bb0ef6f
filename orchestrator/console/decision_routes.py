"""Posting a decision: checked, written, and on to the next one; nothing typed is ever lost."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from orchestrator.console.case_entry import entry_of
from orchestrator.console.choices import choices_of, target_queues
from orchestrator.console.decisions import Act, carry_out, read_act
from orchestrator.console.errors import LostRace
from orchestrator.console.exception_page import load_item, show_exception
from orchestrator.console.exceptions import identifier, next_one
from orchestrator.console.held import Held
from orchestrator.console.permissions import GuardedRoute, Permission, allow
from orchestrator.console.sessions import Visitor, form_of, present
from orchestrator.console.typed import Incomplete
from orchestrator.console.world import ConsoleWorld, world_of
from orchestrator.store.database import Transaction

router = APIRouter(route_class=GuardedRoute)
#: What is said above the list of a stopped application after a decision.
_SAID = {"done_by_hand": "declaree", "resend": "rendu-robots"}


@router.post("/exceptions/{item}/decision")
@allow(Permission.SETTLE)
async def decide(request: Request, item: str) -> Response:
    """Settle an exception and go on to the next of its basket."""
    form, wanted = await form_of(request), identifier(item)
    try:
        queue, reference, act, application, told = await _settle(request, wanted)
    except Incomplete as incomplete:
        return await show_exception(request, wanted, status=422, typed=form, errors=incomplete.errors)
    except LostRace:
        return await show_exception(request, wanted, status=409, typed=form, lost=True)
    if act.kept:
        return RedirectResponse(f"/exceptions/{wanted}?message=declaree-en-partie", status_code=303)
    if application is not None and act.kind in {"done_by_hand", "resend"}:
        address = f"/a-la-main?application={application}&message={_SAID[act.kind]}&dossier={reference}"
        return RedirectResponse(address, status_code=303)
    return await next_one(request, queue, told, reference)


async def _settle(request: Request, item: UUID) -> tuple[str, str, Act, str | None, str]:
    """Write the decision; returns basket, reference, act, the application it was taken from if any, and what to say."""
    world, visitor, form = world_of(request), present(request), await form_of(request)
    row = await load_item(world, visitor, item)
    if row["closed_at"] is not None or row["claimed_by"] != visitor.login:
        raise LostRace
    async with world.database.transaction(visitor.actor) as tx:
        scenario = world.scenarios.get(row["scenario"])
        held = await Held.of(tx, row["case_id"])
        status = await entry_of(tx, world, row, held, row["cause"])
        choices = choices_of(scenario, row, status, held)
        queues = [queue for queue in target_queues(scenario) if queue != row["queue"]]
        act = read_act(world, row, choices, queues, form, held)
        seen = (_number(form, "version"), _number(form, "version_dossier"))
        await carry_out(tx, world, visitor, row, act, seen, taken=held is not None)
        told = await _told(tx, world, visitor, row["reference"], act)
    return row["queue"], row["reference"], act, held.application if held else None, told


async def _told(tx: Transaction, world: ConsoleWorld, visitor: Visitor, reference: str, act: Act) -> str:
    """Return what to say: who was to wait goes on when its document was filed before, the database sees to it."""
    if act.kind != "wait":
        return act.kind
    now = await tx.first("cases.standing", reference=reference, caisse=world.caisse, restricted=visitor.restricted)
    return "deja-classee" if now is not None and now["state"] == "ready" else act.kind


def _number(form: Mapping[str, str], name: str) -> int:
    text = form.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 10 else -1
