"""The API of machines: one address takes rows and starts their run, one takes documents and wakes the cases that wait for
them; a token, no cookie, JSON alone.

The same rows sent again are refused and the first delivery named, so that a machine that lost the answer may send again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, cast

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from orchestrator.console.permissions import GuardedRoute, Permission, allow, permission_of
from orchestrator.console.world import world_of
from orchestrator.domain.errors import BadDelivery, GlrError, RefusedDelivery
from orchestrator.engine.wake import wake_by_document
from orchestrator.store.database import StoreUnavailable
from orchestrator.store.machines import digest

#: Bytes of a request.
LARGEST = 1_000_000


class ApiError(Exception):
    """What a machine is told instead of what it asked."""

    def __init__(self, status: int, sentence: str) -> None:
        self.status, self.sentence = status, sentence


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Who sends."""

    #: Its login.
    login: str
    #: The only scenario it may deliver to.
    scenario: str


class MachineRoute(GuardedRoute):
    """A route that serves machines alone, by their token; neither cookies nor forms open it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the endpoint with the check of the token; every answer is JSON."""
        serve = self.endpoint
        guarded = permission_of(serve) is Permission.MACHINE

        async def handle(request: Request) -> Response:
            if not guarded:
                return JSONResponse({"error": "Cette adresse ne sert personne."}, status_code=403)
            try:
                request.state.machine = await _machine_of(request)
                return cast("Response", await serve(request, **request.path_params))
            except ApiError as error:
                headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
                return JSONResponse({"error": error.sentence}, status_code=error.status, headers=headers)
            except StoreUnavailable:
                said = {"error": "La base de données ne répond pas : renvoyer plus tard."}
                return JSONResponse(said, status_code=503, headers={"Retry-After": "10"})

        return handle


router = APIRouter(route_class=MachineRoute)


@router.post("/api/v1/scenarios/{scenario}/deliveries")
@allow(Permission.MACHINE)
async def deliver(request: Request, scenario: str) -> Response:
    """Load rows and start their run: ``{"rows": [{"nir": "…", …}]}``, each value as a French CSV would hold it."""
    world, machine = world_of(request), cast("Machine", request.state.machine)
    if machine.scenario != scenario or world.deliver is None:
        raise ApiError(403, "Cette machine ne livre pas à ce scénario.")
    rows = _rows(await _body(request))
    try:
        loaded = await world.deliver(scenario, rows, f"machine:{machine.login}")
    except RefusedDelivery as error:
        raise ApiError(409, str(error)) from None
    except BadDelivery as error:
        raise ApiError(422, str(error)) from None
    except StoreUnavailable:
        raise
    except GlrError as error:
        raise ApiError(503, str(error)) from None
    counted = {"run": str(loaded.run), "rows": loaded.rows, "cases": loaded.cases, "set_aside": loaded.set_aside}
    return JSONResponse(counted, status_code=201)


@router.post("/api/v1/scenarios/{scenario}/documents")
@allow(Permission.MACHINE)
async def arrived(request: Request, scenario: str) -> Response:
    """Wake the cases that wait for documents: ``{"documents": [{"nir": "…", …}]}``, the fields of each case's key.

    A document that nobody waits for, or sent again, changes nothing.
    """
    world, machine = world_of(request), cast("Machine", request.state.machine)
    known = world.scenarios.get(scenario)
    if machine.scenario != scenario or known is None:
        raise ApiError(403, "Cette machine n'annonce pas de pièce à ce scénario.")
    rows = _rows(await _body(request), "documents")
    woken = 0
    async with world.database.transaction(f"machine:{machine.login}") as tx:
        for number, row in enumerate(rows, start=1):
            try:
                woken += await wake_by_document(tx, world.vault, known, row)
            except ValueError as error:
                raise ApiError(422, f"Pièce {number} : {error}. Aucun dossier n'est repris.") from None
    return JSONResponse({"documents": len(rows), "woken": woken})


async def _machine_of(request: Request) -> Machine:
    world = world_of(request)
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and token:
        async with world.database.transaction("api") as tx:
            row = await tx.first("console.machine", token_digest=digest(token), caisse=world.caisse)
        if row is not None:
            return Machine(login=row["login"], scenario=row["scenario"])
    raise ApiError(401, "Jeton absent, faux ou révoqué.")


async def _body(request: Request) -> bytes:
    """Read the body, never more than the limit, whatever length it claims."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise ApiError(415, "Un corps en application/json est attendu.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise ApiError(413, "Un million d'octets au plus : envoyer en plusieurs fois.")
    return bytes(body)


def _rows(body: bytes, name: str = "rows") -> list[Mapping[str, str]]:
    """Read the rows; nothing of what was sent is quoted."""
    try:
        said = json.loads(body, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise ApiError(400, "JSON illisible, ou une clé donnée deux fois.") from None
    rows = said.get(name) if isinstance(said, dict) and set(said) == {name} else None
    if not isinstance(rows, list):
        raise ApiError(400, f'Attendu : {{"{name}": [{{"champ": "texte", …}}, …]}}.')
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict) or not all(isinstance(value, str) for value in row.values()):
            raise ApiError(400, f"Ligne {number} : un objet dont chaque valeur est un texte est attendu.")
    return rows


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key twice")
    return found
