"""Nouvelle saisie: a person decides that what was made is due once more; of a payment another person agrees (ENTER, Identity).

The entry that was made is named, and its effect gets the next ordinal; no retry, delivery or robot ever does that.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from orchestrator.console.errors import LostRace, NotFound
from orchestrator.console.exceptions import identifier
from orchestrator.console.pages import uuid_or_none
from orchestrator.console.people import check_password
from orchestrator.console.permissions import GuardedRoute, Permission, allow
from orchestrator.console.sessions import Visitor, form_of, present
from orchestrator.console.world import ConsoleWorld, world_of
from orchestrator.domain.entries import token_of
from orchestrator.domain.errors import GlrError, SettingsError
from orchestrator.engine.wake import checked_reason
from orchestrator.store.database import StoreError, Transaction

router = APIRouter(route_class=GuardedRoute)
#: What the database says of a decision that does not fit what it is about, or who makes it.
_REFUSED = frozenset({"GL005", "GL010"})


@router.post("/dossiers/{reference}/nouvelle-saisie")
@allow(Permission.SETTLE)
async def ask(request: Request, reference: str) -> Response:
    """Say that an entry of this case is due once more, and why."""
    world, visitor, form = world_of(request), present(request), await form_of(request)
    case, entry, decision = await _case(world, visitor, reference), uuid_or_none(form.get("saisie", "")), uuid4()
    if entry is None:
        raise NotFound
    try:
        reason = checked_reason(form.get("motif", ""))
    except SettingsError:
        return _back(reference, "nouvelle-motif")
    about = {"case_id": case, "caisse": world.caisse, "login": visitor.login}
    try:
        async with world.database.transaction(visitor.actor) as tx:
            asked = await tx.first("further.ask", id=decision, entry=entry, reason=reason, **about)
            if asked is None:
                raise LostRace
            if asked["state"] == "agreed":
                await _plan(tx, decision)
    except StoreError as error:
        raise _lost(error) from None
    if asked["state"] == "asked":
        return _back(reference, "nouvelle-demandee")
    return await _given(world, visitor, reference, decision)


@router.post("/dossiers/{reference}/nouvelle-saisie/{decision}/accorder")
@allow(Permission.APPROVE)
async def agree(request: Request, reference: str, decision: str) -> Response:
    """Agree, after the password was given again: the effect gets its next ordinal, and robots the case."""
    world, visitor, form = world_of(request), present(request), await form_of(request)
    if not await check_password(world, visitor.login, form.get("mot_de_passe", "")):
        return _back(reference, "nouvelle-mot-de-passe")
    wanted = identifier(decision)
    await _decide(world, visitor, reference, wanted, "agreed")
    return await _given(world, visitor, reference, wanted)


@router.post("/dossiers/{reference}/nouvelle-saisie/{decision}/refuser")
@allow(Permission.APPROVE)
async def refuse(request: Request, reference: str, decision: str) -> Response:
    """Do not agree: nothing is made."""
    world, visitor = world_of(request), present(request)
    await _decide(world, visitor, reference, identifier(decision), "refused")
    return _back(reference, "nouvelle-refusee")


@router.post("/dossiers/{reference}/nouvelle-saisie/{decision}/remettre")
@allow(Permission.SETTLE)
async def give(request: Request, reference: str, decision: str) -> Response:
    """Give robots what was agreed to and could not be given then; a repeat gives nothing."""
    world, visitor = world_of(request), present(request)
    await _case(world, visitor, reference)
    return await _given(world, visitor, reference, identifier(decision))


async def _decide(world: ConsoleWorld, visitor: Visitor, reference: str, decision: UUID, state: str) -> None:
    about = {"case_id": await _case(world, visitor, reference), "caisse": world.caisse, "login": visitor.login}
    try:
        async with world.database.transaction(visitor.actor) as tx:
            if not await tx.run("further.decide", id=decision, state=state, **about):
                raise LostRace
            if state == "agreed":
                await _plan(tx, decision)
    except StoreError as error:
        raise _lost(error) from None


async def _plan(tx: Transaction, decision: UUID) -> None:
    effect = await tx.first("further.effect", id=decision)
    if effect is None:
        raise LostRace
    token = token_of(effect["effect_digest"], effect["ordinal"])
    await tx.run("further.plan", id=uuid4(), further=decision, token=token)


async def _given(world: ConsoleWorld, visitor: Visitor, reference: str, decision: UUID) -> Response:
    """Have robots work the case again; what cannot be given now stays decided."""
    if world.give_again is None:
        return _back(reference, "nouvelle-accordee")
    try:
        await world.give_again(decision, visitor.actor)
    except GlrError:
        return _back(reference, "nouvelle-a-remettre")
    return _back(reference, "nouvelle-accordee")


async def _case(world: ConsoleWorld, visitor: Visitor, reference: str) -> UUID:
    about: dict[str, Any] = {"reference": reference, "caisse": world.caisse, "restricted": visitor.restricted}
    async with world.database.transaction(visitor.actor) as tx:
        row = await tx.first("console.dossier", **about)
    if row is None:
        raise NotFound
    case: UUID = row["id"]
    return case


def _lost(error: StoreError) -> Exception:
    return LostRace() if error.state in _REFUSED else error


def _back(reference: str, message: str) -> Response:
    return RedirectResponse(f"/dossiers/{reference}?message={message}", status_code=303)
