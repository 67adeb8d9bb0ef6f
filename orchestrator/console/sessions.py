"""Who is there: opaque sessions on the server; the cookie's digest alone is stored."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import cast

from fastapi import Request, Response

from orchestrator.console.errors import PageError, TooLarge
from orchestrator.console.world import ConsoleWorld, world_of
from orchestrator.store.accounts import Role
from orchestrator.store.database import Transaction

#: Without a request for so long, a session ends (OWASP ASVS 5.0, 7.3).
IDLE = timedelta(minutes=30)
#: However busy, a session ends.
ABSOLUTE = timedelta(hours=10)
#: The largest form, bytes: notes of 2 000 characters and the fields of a case.
LARGEST_BODY = 64 * 1024
#: Requests of the page itself, which do not show that somebody is there.
BACKGROUND_PATHS = ("/progression", "/flux")


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """The account behind a request."""

    #: Its login; the actor in the audit log.
    login: str
    #: As shown to colleagues.
    name: str
    #: What it may do.
    role: Role
    #: Whether sensitive cases are shown.
    restricted: bool
    #: The token that its forms carry.
    csrf: str

    @property
    def actor(self) -> str:
        """How the audit log names this person."""
        return f"agent:{self.login}"

    def knows(self, token: str) -> bool:
        """Compare a form's token in constant time."""
        return hmac.compare_digest(self.csrf.encode(), token.encode())


def cookie_name(world: ConsoleWorld, purpose: str) -> str:
    """Return the cookie's name: with ``__Host-`` no other site or path can have set it."""
    return f"__Host-glr-{purpose}" if world.secure_cookies else f"glr-{purpose}"


def set_cookie(response: Response, world: ConsoleWorld, purpose: str, value: str, max_age: timedelta) -> None:
    """Set one of our cookies: HttpOnly, SameSite=Lax, for the whole site."""
    response.set_cookie(
        cookie_name(world, purpose),
        value,
        max_age=int(max_age.total_seconds()),
        httponly=True,
        secure=world.secure_cookies,
        samesite="lax",
        path="/",
    )


def drop_cookie(response: Response, world: ConsoleWorld, purpose: str) -> None:
    """Have the browser forget one of our cookies."""
    set_cookie(response, world, purpose, "", timedelta())


async def open_session(tx: Transaction, world: ConsoleWorld, login: str) -> str:
    """Open a session and return the cookie's value, 256 random bits."""
    token = secrets.token_urlsafe(32)
    await tx.run("console.sweep_sessions", idle=IDLE, absolute=ABSOLUTE)
    await tx.run(
        "console.open_session",
        id_digest=_digest(token),
        login=login,
        caisse=world.caisse,
        csrf=secrets.token_urlsafe(32),
    )
    return token


async def close_session(request: Request) -> None:
    """End the session of this request, on the server."""
    world = world_of(request)
    token = request.cookies.get(cookie_name(world, "session"), "")
    async with world.database.transaction("console") as tx:
        await tx.run("console.close_session", id_digest=_digest(token))


async def visitor_of(request: Request) -> Visitor | None:
    """Return who is logged in, or None."""
    world = world_of(request)
    token = request.cookies.get(cookie_name(world, "session"))
    if not token:
        return None
    async with world.database.transaction("console") as tx:
        digest = _digest(token)
        row = await tx.first("console.session", id_digest=digest, caisse=world.caisse, idle=IDLE, absolute=ABSOLUTE)
        if row and row["stale"] and not request.url.path.endswith(BACKGROUND_PATHS):
            await tx.run("console.touch_session", id_digest=digest)
    if row is None:
        return None
    return Visitor(
        login=row["login"],
        name=row["display_name"],
        role=Role(row["role"]),
        restricted=row["restricted_queues"],
        csrf=row["csrf"],
    )


def present(request: Request) -> Visitor:
    """Return the visitor of a route that only serves people who are logged in."""
    return cast("Visitor", request.state.visitor)


async def form_of(request: Request) -> Mapping[str, str]:
    """Return the texts of the posted form, read once; files are refused."""
    known: Mapping[str, str] | None = getattr(request.state, "form", None)
    if known is not None:
        return known
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > LARGEST_BODY:
        raise TooLarge
    async with request.form(max_files=0, max_fields=60) as data:
        if any(not isinstance(value, str) for value in data.values()):
            raise PageError
        form = {name: str(value) for name, value in data.items()}
    request.state.form = form
    return form


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()
