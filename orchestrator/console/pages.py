"""Rendering: one Jinja environment, French formats, and what every page needs (menu, banner, token)."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from orchestrator.console import words
from orchestrator.console.assets import address_of
from orchestrator.console.permissions import Permission, may
from orchestrator.console.sessions import Visitor, cookie_name
from orchestrator.console.world import ConsoleWorld, world_of
from orchestrator.domain.civil import PARIS, french_date, paris_date
from orchestrator.domain.money import Euros


async def render(request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:  # noqa: ANN401
    """Render a page for the visitor of this request."""
    world = world_of(request)
    visitor: Visitor | None = getattr(request.state, "visitor", None)
    banner = await _banner(world, visitor) if visitor else None
    text = fragment(
        world,
        template,
        nonce=request.state.nonce,
        visitor=visitor,
        banner=banner,
        settles=may(visitor, Permission.SETTLE),
        path=request.url.path,
        follows=bool(world.followed),
        shortcuts=request.cookies.get(cookie_name(world, "raccourcis")) != "non",
        message=words.MESSAGES.get(request.query_params.get("message", "")),
        about=_reference(request.query_params.get("dossier", "")),
        **context,
    )
    return HTMLResponse(text, status_code=status)


def fragment(world: ConsoleWorld, template: str, **context: Any) -> str:  # noqa: ANN401
    """Render a template alone."""
    page, now = _environment().get_template(template), world.clock.now()
    return page.render(environment=world.environment, now=now, today=paris_date(now), words=words, **context)


def uuid_or_none(text: str) -> UUID | None:
    """Read an identifier of an address; None when it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None


async def _banner(world: ConsoleWorld, visitor: Visitor) -> dict[str, Any]:
    async with world.database.transaction(visitor.actor) as tx:
        return await tx.first("console.banner", caisse=world.caisse, restricted=visitor.restricted) or {}


def _reference(text: str) -> str:
    """Return a case reference from an address, or nothing when it does not look like one."""
    return text if len(text) <= 24 and text.replace("-", "").isalnum() else ""


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("orchestrator.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        euros=lambda centimes: str(Euros(centimes)),
        typed_euros=lambda centimes: "" if centimes is None else f"{centimes // 100},{centimes % 100:02d}",
        day=french_date,
        moment=moment,
        ago=ago,
        hour=lambda instant: f"{instant.astimezone(PARIS):%H:%M}",
        capped=lambda count: "1 000+" if count > 1000 else str(count),
        duration=duration,
    )
    environment.globals.update(static=address_of, end_title=words.end_title, event_title=words.event_title)
    return environment


def moment(instant: datetime | date | str) -> str:
    """Write an instant as people say it: ``27/03/2026 à 14:02``, Europe/Paris."""
    if isinstance(instant, str):
        instant = datetime.fromisoformat(instant)
    if not isinstance(instant, datetime):
        return french_date(instant)
    return f"{instant.astimezone(PARIS):%d/%m/%Y à %H:%M}"


def ago(instant: datetime, now: datetime) -> str:
    """Write how long ago an instant was: ``il y a 2 min``."""
    return (
        "à l’instant" if (now - instant).total_seconds() < 60 else f"il y a {duration((now - instant).total_seconds())}"
    )


def duration(seconds: float) -> str:
    """Write a length of time with one or two units: ``45 s``, ``12 min``, ``2 h 10``, ``3 j``."""
    minutes = int(seconds) // 60
    if minutes < 1:
        return f"{max(0, int(seconds))} s"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60:02d}"
    return f"{minutes // (24 * 60)} j"
