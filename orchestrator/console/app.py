"""The application: routes, error pages, border."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from orchestrator.console import (
    api,
    applications,
    bordereaux,
    by_hand,
    decision_routes,
    dossiers,
    exceptions,
    further,
    gaps,
    open_amounts,
    people,
    runs,
    validations,
    versions,
    waits,
)
from orchestrator.console.borders import Border
from orchestrator.console.errors import PageError
from orchestrator.console.pages import fragment, render
from orchestrator.console.sessions import LARGEST_BODY
from orchestrator.console.world import ConsoleWorld, world_of
from orchestrator.store.database import StoreUnavailable

_ROUTERS = (
    people,
    runs,
    exceptions,
    decision_routes,
    dossiers,
    further,
    validations,
    applications,
    by_hand,
    waits,
    gaps,
    open_amounts,
    bordereaux,
    versions,
    api,
)


def create_console(world: ConsoleWorld) -> FastAPI:
    """Build the console on an open world.

    Serve it without an access log of the server's own (``uvicorn.Config(access_log=False)``): that one writes addresses
    whole; ours (logger ``glr.console``) writes route patterns.
    """
    app = FastAPI(
        title="Go-les-robots",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        max_body_size=16 * LARGEST_BODY,  # the guard refuses sooner, with a page of ours
    )
    app.state.world = world
    for module in _ROUTERS:
        app.router.routes.extend(module.router.routes)  # flat, so that a test can enumerate them
    app.add_exception_handler(PageError, _page_error)
    app.add_exception_handler(StoreUnavailable, _no_store)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _http_error)
    app.add_middleware(Border)
    return app


async def _page_error(request: Request, error: Exception) -> Response:
    known = error if isinstance(error, PageError) else PageError()
    return await render(request, "erreur.html", status=known.status, title=known.title, sentence=str(known))


async def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 400
    title, sentence = _HTTP.get(status, ("Demande incomprise", "La console ne sait pas répondre à cette demande."))
    return await render(request, "erreur.html", status=status, title=title, sentence=sentence)


async def _no_store(request: Request, _: Exception) -> Response:
    """Answer without the database: no menu, no banner."""
    text = fragment(world_of(request), "indisponible.html", nonce=request.state.nonce)
    return Response(text, status_code=503, media_type="text/html", headers={"Retry-After": "10"})


_HTTP = {
    404: ("Page introuvable", "Cette page n’existe pas, ou vous n’avez pas à la voir."),
    405: ("Demande incomprise", "Cette adresse ne s’ouvre pas ainsi : passez par les liens de la console."),
}
