"""The page of one exception: what happened, what the robot saw, whether the entry was made, what may be decided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import Request, Response

from orchestrator.console.case_data import case_fields, findings, notes
from orchestrator.console.case_entry import entry_of
from orchestrator.console.choices import choices_of, target_queues
from orchestrator.console.entry_status import EntryStatus
from orchestrator.console.errors import NotFound
from orchestrator.console.held import Held
from orchestrator.console.pages import ago, moment, render
from orchestrator.console.sessions import Visitor, present
from orchestrator.console.world import ConsoleWorld, world_of
from orchestrator.console.would_enter import would_enter


async def show_exception(
    request: Request,
    item: UUID,
    *,
    status: int = 200,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    lost: bool = False,
) -> Response:
    """Render an exception; what was typed and what is wrong with it come back with the page."""
    world, visitor = world_of(request), present(request)
    row, entry, evidence, queues, held = await _load(world, visitor, item)
    mine = row["closed_at"] is None and row["claimed_by"] == visitor.login
    holds = mine and row["claim_alive"]
    clear = holds and row["revealed_at"] is not None
    fields = case_fields(world, row, clear=clear)
    return await render(
        request,
        "exception.html",
        status=status,
        item=row,
        failed=row["failed"],
        mine=mine,
        holds=holds,
        revealed=clear,
        entry=entry,
        evidence=evidence,
        fields=fields,
        field_titles={field.name: field.title for field in fields},
        findings=findings(world, row, clear=clear),
        notes=notes(world, row, row["id"], row["note"]) if holds or row["closed_by"] == visitor.login else [],
        choices=choices_of(world.scenarios.get(row["scenario"]), row, entry, held),
        held=held,
        hands=would_enter(world, row, held, clear=clear) if held else [],
        queues=[queue for queue in queues if queue != row["queue"]],
        typed=typed or {},
        errors=errors or {},
        lost=what_changed(row, visitor, world) if lost else "",
    )


async def load_item(world: ConsoleWorld, visitor: Visitor, item: UUID) -> dict[str, Any]:
    """Return the row of an exception that this person may see; raises :class:`NotFound`."""
    async with world.database.transaction(visitor.actor) as tx:
        row = await tx.first("console.item", id=item, caisse=world.caisse, restricted=visitor.restricted)
    if row is None:
        raise NotFound
    return row


def what_changed(row: Mapping[str, Any], visitor: Visitor, world: ConsoleWorld) -> str:
    """Say in plain words why an act on an exception came too late."""
    if row["closed_at"] is not None:
        who = "Vous avez" if row["closed_by"] == visitor.login else f"{row['closer'] or row['closed_by']} a"
        return f"{who} déjà réglé ce dossier le {moment(row['closed_at'])}. Rien d’autre n’a été enregistré."
    if row["claimed_by"] not in {None, visitor.login} and row["claim_alive"]:
        since = ago(row["claim_seen"], world.clock.now())
        who = row["claimer"] or row["claimed_by"]
        return f"{who} a pris ce dossier ({since}). Votre décision n’a pas été enregistrée."
    if row["claimed_by"] != visitor.login:
        return "Vous ne tenez plus ce dossier. Prenez-le à nouveau, puis renvoyez votre décision."
    return "Ce dossier a changé depuis l’affichage de la page. Vérifiez-le, puis renvoyez votre décision."


async def _load(
    world: ConsoleWorld, visitor: Visitor, item: UUID
) -> tuple[dict[str, Any], EntryStatus, list[dict[str, Any]], list[str], Held | None]:
    row = await load_item(world, visitor, item)
    async with world.database.transaction(visitor.actor) as tx:
        evidence = await tx.all("console.evidence_of", case_id=row["case_id"], caisse=world.caisse)
        held = await Held.of(tx, row["case_id"])
        entry = await entry_of(tx, world, row, held, row["cause"] if row["closed_at"] is None else None)
        row["outside"] = [each["library"] for each in await tx.all("console.outside_of_case", case_id=row["case_id"])]
    return row, entry, evidence, target_queues(world.scenarios.get(row["scenario"])), held
