"""Avances ouvertes: what the last reading of an application's list says, added up and aged, and where each stands now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from fastapi import APIRouter, Request, Response

from orchestrator.console.case_data import nir_mask
from orchestrator.console.errors import NotFound
from orchestrator.console.pages import render
from orchestrator.console.paging import LineMark
from orchestrator.console.permissions import GuardedRoute, Permission, allow
from orchestrator.console.sessions import present
from orchestrator.console.world import ConsoleWorld, world_of
from orchestrator.domain.civil import french_date, paris_date
from orchestrator.domain.money import Euros
from orchestrator.domain.spreadsheet import table

router = APIRouter(route_class=GuardedRoute)
_PAGE = 50
#: Where an advance stands, in the order of the totals; the last is open no more.
STANDS = {
    "unpaid": "Attend le paiement d’Arpège",
    "robot": "Au tour du robot",
    "waiting": "En attente d’une pièce ou d’un nouvel essai",
    "approval": "Lien proposé, à valider",
    "approved": "Lien validé, au tour du robot",
    "doubt": "Lien en doute, à vérifier",
    "person": "Chez une personne",
    "bank": "Rejet de la banque, à traiter",
    "closed": "Classée sans lien",
    "aside": "Ligne écartée, non suivie",
    "linked": "Liée depuis le relevé",
}
#: Ages in civil days since it was paid, by the band of the query ``open_amounts.totals``.
BANDS = ("30 jours au plus", "31 à 60 jours", "61 à 90 jours", "91 à 365 jours", "plus de 365 jours")
_HEADER = (
    "Avance", "Situation", "Rejet de la banque", "Montant", "Liquidée le", "Âge en jours", "Échéance", "Dossier", "Code",
    "File",
)  # fmt: skip
SORTS = {"age": "la plus ancienne", "montant": "le plus grand montant", "echeance": "l’échéance la plus proche"}


@dataclass(frozen=True, kw_only=True)
class Sum:
    """How many advances, and how much together."""

    advances: int = 0
    #: Centimes.
    amount_c: int = 0

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]]) -> Self:
        """Add rows of ``open_amounts.totals`` up."""
        return cls(advances=sum(row["advances"] for row in rows), amount_c=sum(row["amount_c"] for row in rows))


@dataclass(frozen=True, kw_only=True)
class Totals:
    """A reading, added up."""

    #: Everything that the application listed.
    read: Sum
    #: What is still open: all of it but what was linked since.
    open: Sum
    #: By where they stand, without what is empty.
    stands: Mapping[str, Sum]
    #: Of those still open, by age.
    bands: Sequence[Sum]

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]]) -> Self:
        """Add the rows of ``open_amounts.totals`` up."""
        still = [row for row in rows if row["stands"] != "linked"]
        stands = {name: Sum.of([row for row in rows if row["stands"] == name]) for name in STANDS}
        bands = [Sum.of([row for row in still if row["band"] == band]) for band in range(len(BANDS))]
        return cls(
            read=Sum.of(rows),
            open=Sum.of(still),
            stands={name: found for name, found in stands.items() if found.advances},
            bands=bands,
        )


@router.get("/avances")
@allow(Permission.READ)
async def open_amounts(request: Request) -> Response:
    """Show the last reading of a scenario that follows open amounts; without a name, of the first."""
    world, visitor = world_of(request), present(request)
    scenario, sort, stands = _asked(request)
    mark, today = LineMark.read(request.query_params.get("apres")), paris_date(world.clock.now())
    async with world.database.transaction(visitor.actor) as tx:
        reading = await tx.first("open_amounts.reading", caisse=world.caisse, scenario=scenario) or {}
        about = {"run": reading.get("run"), "caisse": world.caisse}
        totals = Totals.of(await tx.all("open_amounts.totals", today=today, **about))
        where = {"sort": sort, "stands": stands, "restricted": visitor.restricted, "limit": _PAGE + 1}
        rows = await tx.all("open_amounts.page", after_number=mark.number, after_line=mark.line, **where, **about)
    following = str(LineMark.of(rows[_PAGE - 1])) if len(rows) > _PAGE else None
    return await render(
        request,
        "avances.html",
        scenario=scenario,
        reading=reading,
        fresh=_freshness(reading, today),
        totals=totals,
        advances=[_shown(world, row, today) for row in rows[:_PAGE]],
        following=following,
        sort=sort,
        stands=stands,
        sorts=SORTS,
        titles=STANDS,
        bands=BANDS,
    )


@router.get("/avances/releve.csv")
@allow(Permission.READ)
async def spreadsheet(request: Request) -> Response:
    """Give the whole reading as a table, in the order and situation of the page; it says nothing of the persons."""
    world, visitor = world_of(request), present(request)
    scenario, sort, stands = _asked(request)
    today, first = paris_date(world.clock.now()), LineMark.read(None)
    async with world.database.transaction(visitor.actor) as tx:
        reading = await tx.first("open_amounts.reading", caisse=world.caisse, scenario=scenario) or {}
        if not reading.get("run"):
            raise NotFound
        about = {"run": reading["run"], "caisse": world.caisse, "sort": sort, "stands": stands, "limit": None}
        after = {"after_number": first.number, "after_line": first.line}
        rows = await tx.all("open_amounts.page", restricted=visitor.restricted, **after, **about)
    name = f"avances-ouvertes-{paris_date(reading['received_at']).isoformat()}.csv"
    return Response(
        table(_HEADER, (_cells(row, today) for row in rows)),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


def _asked(request: Request) -> tuple[str, str, str]:
    """Return the scenario, the order and the situation that an address asks for; raises ``NotFound``."""
    asked, followed = request.query_params, world_of(request).followed
    scenario, sort, stands = (
        asked.get("scenario") or next(iter(followed), ""),
        asked.get("tri", "age"),
        asked.get("situation", ""),
    )
    if sort not in SORTS or stands not in {"", *STANDS} or (scenario and scenario not in followed):
        raise NotFound
    return scenario, sort, stands


def _cells(row: Mapping[str, Any], today: date) -> tuple[str, ...]:
    """Return a row of the table; of a restricted case money, dates and situation alone."""
    seen = _seen(row)
    held = seen and row["stands"] in {"person", "bank"}
    return (
        row["number"],
        STANDS[row["stands"]],
        row["reject_code"] or "",
        Euros(row["amount_c"]).typed,
        french_date(row["since"]),
        str(_age(row, today)),
        french_date(row["due"]) if row["due"] else "",
        row["reference"] if seen else "",
        (row["code"] or "") if held else "",
        (row["queue"] or "") if held else "",
    )


def _freshness(reading: Mapping[str, Any], today: date) -> str:
    """Say whether the last reading is of today: ``today``, ``old``, ``under_way``, ``failed``; or ``never``."""
    missed, received = reading.get("missed"), reading.get("received_at")
    if missed is not None and (received is None or paris_date(missed) > paris_date(received)):
        return "failed" if reading["launched_at"] is not None else "under_way"
    if received is None:
        return "never"
    return "today" if paris_date(received) == today else "old"


def _shown(world: ConsoleWorld, row: Mapping[str, Any], today: date) -> dict[str, Any]:
    """Return a row with its age in civil days; of a case that this person may not see, neither person nor case."""
    seen = _seen(row)
    return {**row, "seen": seen, "age": _age(row, today), "mask": nir_mask(world, row) if seen else ""}


def _seen(row: Mapping[str, Any]) -> bool:
    """Say whether this person may see the case of a row."""
    return bool(row["case_id"] is not None and not row["hidden"])


def _age(row: Mapping[str, Any], today: date) -> int:
    since: date = row["since"]
    return (today - since).days
