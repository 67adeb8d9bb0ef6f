"""Posting a decision: checked, written, and on to the next one; nothing typed is ever lost."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from fastapi import APIRouter, Request, Response

from orchestrator.console.choices import choices_of, target_queues
from orchestrator.console.decisions import Act, Incomplete, carry_out, read_act
from orchestrator.console.entry_status import entry_status
from orchestrator.console.errors import LostRace
from orchestrator.console.exception_page import load_item, show_exception
from orchestrator.console.exceptions import identifier, next_one
from orchestrator.console.permissions import GuardedRoute, Permission, allow
from orchestrator.console.sessions import form_of, present
from orchestrator.console.world import world_of

router = APIRouter(route_class=GuardedRoute)


@router.post("/exceptions/{item}/decision")
@allow(Permission.SETTLE)
async def decide(request: Request, item: str) -> Response:
    """Settle an exception and go on to the next of its basket."""
    form, wanted = await form_of(request), identifier(item)
    try:
        queue, reference, act = await _settle(request, wanted)
    except Incomplete as incomplete:
        return await show_exception(request, wanted, status=422, typed=form, errors=incomplete.errors)
    except LostRace:
        return await show_exception(request, wanted, status=409, typed=form, lost=True)
    return await next_one(request, queue, act.kind, reference)


async def _settle(request: Request, item: UUID) -> tuple[str, str, Act]:
    world, visitor, form = world_of(request), present(request), await form_of(request)
    row = await load_item(world, visitor, item)
    if row["closed_at"] is not None or row["claimed_by"] != visitor.login:
        raise LostRace
    async with world.database.transaction(visitor.actor) as tx:
        entries = await tx.all("console.entries_of", case_id=row["case_id"], caisse=world.caisse)
        scenario = world.scenarios.get(row["scenario"])
        choices = choices_of(scenario, row, entry_status(entries, row["cause"]))
        queues = [queue for queue in target_queues(scenario) if queue != row["queue"]]
        act = read_act(world, row, choices, queues, form)
        await carry_out(tx, world, visitor, row, act, (_number(form, "version"), _number(form, "version_dossier")))
    return row["queue"], row["reference"], act


def _number(form: Mapping[str, str], name: str) -> int:
    text = form.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 10 else -1
