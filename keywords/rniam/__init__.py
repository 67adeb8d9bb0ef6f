"""What robots can do in RNIAM, the directory shared by the schemes: look at a person. Nothing can be entered there."""

from __future__ import annotations

from keywords.rniam.models import Registered
from orchestrator.domain.keywords import check
from orchestrator.domain.personal import Nir
from orchestrator.domain.ports import ReadingDesk, Screen

_SHOWN = (
    "nir", "birth_name", "first_names", "birth_date", "birth_place", "death", "organism", "organism_since", "screen_date",
)  # fmt: skip


@check("rniam.person", "Personne au RNIAM : identité, certification, décès, organisme de rattachement.")
async def person(desk: ReadingDesk, *, nir: Nir) -> Registered:
    """Look a person up by NIR; a change is shown from the working day after it was told (source: DOMAIN A.8, A20).

    RNIAM is national and keeps every look-up: ask for who is about to be paid, not for everybody.

    Example: ``check: rniam.person`` with ``nir: ${nir}``, then ``C-05: not registered.deceased``.
    """
    screen = await desk.submit("search", nir=nir)
    if screen.name == "results":
        return Registered(found=screen["count"], screen_date=screen["screen_date"], degraded=_degraded(screen))
    return Registered(
        found=1,
        certified=screen["certification"] == "certifié",
        degraded=_degraded(screen),
        **{name: screen[name] for name in _SHOWN},
    )


def _degraded(screen: Screen) -> bool:
    return bool(screen["mode"] != "normal")
