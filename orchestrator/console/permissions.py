"""Deny by default: a route serves only the roles that its declared permission names; without one it serves nobody."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute

from orchestrator.console.errors import Forbidden, ForgedForm
from orchestrator.console.sessions import Visitor, form_of, visitor_of
from orchestrator.store.accounts import Role

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
_MARK = "__glr_permission__"


class Permission(StrEnum):
    """What a route lets people do."""

    #: Anyone, logged in or not: the login page and the style sheet.
    PUBLIC = "public"
    #: Look at runs, exceptions and dossiers, under masks.
    READ = "read"
    #: Claim and settle exceptions.
    SETTLE = "settle"
    #: Approve or refuse entries.
    APPROVE = "approve"
    #: Stop robots for a scenario or in an application, let them go on.
    OPERATE = "operate"
    #: Agree to a version of a scenario, release the next stage of its ramp.
    PUBLISH = "publish"
    #: See, sample, sign or refuse the bordereaux of closed runs.
    CONTROL = "control"
    #: Deliver cases: for machines, by their token; no person has it.
    MACHINE = "machine"


_ROLES: dict[Permission, frozenset[Role]] = {
    Permission.READ: frozenset(Role),
    Permission.SETTLE: frozenset({Role.AGENT, Role.SUPERVISOR}),
    Permission.APPROVE: frozenset({Role.SUPERVISOR, Role.ACCOUNTING}),
    Permission.OPERATE: frozenset({Role.SUPERVISOR}),
    Permission.PUBLISH: frozenset({Role.SUPERVISOR}),
    Permission.CONTROL: frozenset({Role.ACCOUNTING}),
    Permission.MACHINE: frozenset(),
}


def allow(permission: Permission) -> Callable[[Endpoint], Endpoint]:
    """Declare the permission of a route."""

    def declare(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _MARK, permission)
        return endpoint

    return declare


def permission_of(endpoint: Callable[..., Any]) -> Permission | None:
    """Return the declared permission, or None: such a route serves nobody."""
    found = getattr(endpoint, _MARK, None)
    return found if isinstance(found, Permission) else None


def may(visitor: Visitor | None, permission: Permission) -> bool:
    """Say whether a visitor has a permission."""
    if permission is Permission.PUBLIC:
        return True
    return visitor is not None and visitor.role in _ROLES[permission]


class GuardedRoute(APIRoute):
    """A route that checks permission, origin and CSRF token before its endpoint runs."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the endpoint with the checks."""
        handle = super().get_route_handler()
        permission = permission_of(self.endpoint)

        async def guarded(request: Request) -> Response:
            request.state.visitor = visitor = await visitor_of(request)
            if permission is None:
                raise Forbidden
            if visitor is None and permission is not Permission.PUBLIC:
                return _to_login(request)
            if not may(visitor, permission):
                raise Forbidden
            if request.method not in {"GET", "HEAD"}:
                await _check_form(request, visitor)
            return await handle(request)

        return guarded


async def _check_form(request: Request, visitor: Visitor | None) -> None:
    """Refuse a POST from elsewhere, or one whose token is not that of the session."""
    origin = request.headers.get("origin")
    if origin is None or urlsplit(origin).netloc != request.headers.get("host"):
        raise ForgedForm
    form = await form_of(request)
    if visitor is not None and not visitor.knows(form.get("csrf", "")):
        raise ForgedForm


def _to_login(request: Request) -> Response:
    """Send to the login page, and back afterwards; paths carry no personal data."""
    if "hx-request" in request.headers:  # a part of a page: htmx leaves the page as it is
        return Response(status_code=204)
    if request.method != "GET":
        return RedirectResponse("/connexion?message=expiree", status_code=303)
    return RedirectResponse(f"/connexion?vers={quote(request.url.path, safe='/')}", status_code=303)
