"""The canary: walking every screen of an application with its witness, and comparing each with the release we know (ADR 17).

Only reading: screens are opened and searches sent, under the robot's own name. The walk goes on after a difference, so that
the owner is told all of them at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from orchestrator.domain.errors import ScreenChanged, SettingsError, UnknownScreen
from orchestrator.drivers.contracts import CanaryStep
from orchestrator.drivers.desk import WebDesk
from orchestrator.drivers.differences import Difference
from orchestrator.drivers.document import Document
from orchestrator.drivers.inspection import Inspection, inspect
from orchestrator.drivers.release import ScreenFacts
from orchestrator.drivers.witness import Shown, Witness

#: Seconds before a screen that is none we know is looked at once more: a passing notice is no release.
SECOND_LOOK = 2.0


@dataclass(frozen=True, kw_only=True)
class Walked:
    """What a walk has found."""

    #: Every difference, in the order of the walk.
    differences: tuple[Difference, ...] = ()
    #: What the screens look like now.
    facts: dict[str, ScreenFacts] = field(default_factory=dict)
    #: What they show of the witness now.
    shown: dict[str, Shown] = field(default_factory=dict)

    @property
    def stopping(self) -> tuple[Difference, ...]:
        """The differences that could alter an entry."""
        return tuple(each for each in self.differences if each.alters)


class _Lacking(Exception):
    """A value of the walk is not known."""


@dataclass
class _Walk:
    desk: WebDesk
    witness: Witness
    differences: list[Difference] = field(default_factory=list)
    seen: dict[str, Inspection] = field(default_factory=dict)

    async def run(self) -> Walked:
        for step in self.desk.contract.canary:
            await self._step(step)
        return Walked(
            differences=tuple(self.differences),
            facts={name: one.facts for name, one in self.seen.items()},
            shown={name: one.shown for name, one in self.seen.items()},
        )

    async def _step(self, step: CanaryStep) -> None:
        screen = step.leads_to or step.open or ""
        try:
            given = {name: self._value(text) for name, text in step.given.items()}
            document = await self._look(step, given)
        except _Lacking as lacking:
            self.differences.append(
                Difference(screen=screen, text=f"écran non parcouru : il manque {lacking}", alters=False)
            )
            return
        except (ScreenChanged, UnknownScreen) as error:
            self.differences.append(
                Difference(screen=screen, text=str(error), unknown=isinstance(error, UnknownScreen))
            )
            return
        found = inspect(self.desk.contract, screen, document, self.witness.known)
        self.differences += found.differences
        self.seen[screen] = found

    async def _look(self, step: CanaryStep, given: dict[str, str]) -> Document:
        document = await self._document(step, given)
        login = self.desk.contract.login.screen
        if step.open != login and document.title == self.desk.contract.screens[login].title:
            await self.desk.log_in_again()
            document = await self._document(step, given)
        return document

    def _document(self, step: CanaryStep, given: dict[str, str]) -> Awaitable[Document]:
        if step.submit is not None:
            return self.desk.look_after(step.submit, **given)
        return self.desk.look(step.open or "", **given)

    def _value(self, text: str) -> str:
        if text.startswith("$"):
            if text[1:] not in self.witness.values:
                raise _Lacking(f"la valeur « {text[1:]} » du témoin (canary.json)")
            return self.witness.values[text[1:]]
        screen, *rest = text.split(".")
        if screen not in self.desk.contract.screens:
            return text
        found = self.seen.get(screen)
        value = _read(found.shown, rest) if found else None
        if value is None:
            raise _Lacking(f"« {text} », que le parcours n'a pas pu lire")
        return value


def _read(shown: Shown, place: list[str]) -> str | None:
    if len(place) == 1:
        return shown.fields.get(place[0])
    table, column = place
    rows = shown.tables.get(table, [])
    return rows[0].get(column) if rows else None


async def walk(desk: WebDesk, witness: Witness, *, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> Walked:
    """Walk an application; a screen that is none we know is looked at once more before it is told.

    Raises what an application in trouble raises (:class:`PageFailed`, a refused login): that is no difference.
    """
    if not desk.contract.canary:
        raise SettingsError(f"{desk.contract.title} : aucun parcours témoin (canary) dans screens.yaml.")
    found = await _Walk(desk, witness).run()
    if any(each.unknown for each in found.differences):
        await pause(SECOND_LOOK)
        found = await _Walk(desk, witness).run()
    return found
