"""The outermost layer: security headers, a fresh nonce, one log line without personal data, and a last error page."""

from __future__ import annotations

import logging
import secrets
import time

from starlette.datastructures import MutableHeaders
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orchestrator.console.assets import address_of

LOG = logging.getLogger("glr.console")

_POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # not no-referrer: a browser would then send « Origin: null » with our own forms
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_LAST_PAGE = """<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>Erreur de la console</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="{icon}">
<link rel="stylesheet" nonce="{nonce}" href="{style}"></head>
<body><header class="top"><div class="brand"><a href="/">Go-les-robots</a></div></header>
<main><div class="card narrow"><h1>Erreur de la console</h1><p>Rien n’a été enregistré. Donnez ce numéro d’incident à
l’exploitation : <strong>{incident}</strong></p><p><a href="/">Retour à l’accueil</a></p></div></main></body></html>"""


class Border:
    """Wraps the application; nothing that it does not know how to answer leaves with its own text."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        reply = _Reply(send, secrets.token_urlsafe(16))
        scope.setdefault("state", {})["nonce"] = reply.nonce
        started = time.perf_counter()
        try:
            await self._app(scope, receive, reply)
        except Exception as error:  # noqa: BLE001 - the border: an unknown error's text may quote personal data
            await _last_page(error, scope, receive, reply)
        spent = (time.perf_counter() - started) * 1000
        LOG.info("%s %s %s %.0f ms", scope["method"], route_name(scope), reply.status, spent)


class _Reply:
    """Adds the headers to the response, and remembers its status."""

    def __init__(self, send: Send, nonce: str) -> None:
        self._send = send
        self.nonce = nonce
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers.update(_HEADERS)
            headers["Content-Security-Policy"] = _POLICY.format(nonce=self.nonce)
            headers.setdefault("Cache-Control", "no-store")
        await self._send(message)


def route_name(scope: Scope) -> str:
    """Return the route's pattern, never its values nor the query string."""
    route = scope.get("route")
    return str(getattr(route, "path", "(aucune route)"))


async def _last_page(error: Exception, scope: Scope, receive: Receive, reply: _Reply) -> None:
    incident = secrets.token_hex(4)
    LOG.error("incident %s: %s at %s", incident, type(error).__name__, route_name(scope))
    if not reply.status:
        page = _LAST_PAGE.format(
            incident=incident, nonce=reply.nonce, style=address_of("console.css"), icon=address_of("icon.svg")
        )
        await HTMLResponse(page, status_code=500)(scope, receive, reply)
