"""What a keyword that checks or extracts is given: the robot's session without any act."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

from orchestrator.domain.errors import GlrError
from orchestrator.domain.ports import Screen, Workshop
from orchestrator.drivers.desks import AnyDesk


class NoActHere(GlrError):
    """Un mot-clé qui lit a voulu préparer un acte."""

    def __init__(self, act: str) -> None:
        super().__init__(f"Acte « {act} » refusé : un mot-clé qui lit (check, extract) n'en a pas ; le déclarer enter.")


class ReadingOnly:
    """A desk whose acts are out of reach."""

    def __init__(self, desk: AnyDesk) -> None:
        self._desk = desk

    async def open(self, screen: str, **address: Any) -> Screen:  # noqa: ANN401
        """Go to a screen by its address."""
        return await self._desk.open(screen, **address)

    async def submit(self, action: str, **values: Any) -> Screen:  # noqa: ANN401
        """Submit a declared, harmless action."""
        return await self._desk.submit(action, **values)

    async def prepare(self, act: str, **values: Any) -> NoReturn:  # noqa: ANN401, ARG002
        """Refuse; raises :class:`NoActHere`."""
        self._desk.acts.denied()
        raise NoActHere(act)


class PlacedByProtocol(GlrError):
    """Un mot-clé qui saisit ne pose rien lui-même : il prépare (workshop.prepare), le protocole pose."""


class EnteringWorkshop:
    """A workshop for keywords that enter: what they make is put in its place by the protocol alone."""

    def __init__(self, workshop: Workshop) -> None:
        self.about, self.found, self.existing = workshop.about, workshop.found, workshop.existing
        self.drafts, self.template, self.run = workshop.drafts, workshop.template, workshop.run
        self.prepare = workshop.prepare

    def place(self, folder: str, name: str, draft: Path) -> NoReturn:  # noqa: ARG002 - it refuses
        """Refuse; raises :class:`PlacedByProtocol`."""
        raise PlacedByProtocol


def entering(workshop: Workshop | None) -> EnteringWorkshop | None:
    """Return what a keyword that enters is given of a workshop."""
    return EnteringWorkshop(workshop) if workshop is not None else None
