"""The canary: walking every screen of an application with its witness, and comparing each with the release we know (ADR 17).

Only reading: screens are opened and searches sent, under the robot's own name. The walk goes on after a difference, so that
the owner is told all of them at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from orchestrator.domain.errors import ApplicationException, ScreenChanged, SettingsError, UnknownScreen
from orchestrator.drivers.contracts import CanaryStep
from orchestrator.drivers.desk import WebDesk
from orchestrator.drivers.desks import AnyDesk
from orchestrator.drivers.differences import Difference, Fix
from orchestrator.drivers.document import Document
from orchestrator.drivers.inspection import Inspection, inspect
from orchestrator.drivers.patches import contract_after
from orchestrator.drivers.release import ScreenFacts
from orchestrator.drivers.terminal_canary import walk_terminal
from orchestrator.drivers.terminal_desk import TerminalDesk
from orchestrator.drivers.veil import Veil, veil_of
from orchestrator.drivers.witness import Shown, Witness

#: How often a walk goes on with what was proposed.
ROUNDS = 3
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
    #: The screens themselves, never kept.
    documents: dict[str, Document] = field(default_factory=dict, repr=False)
    #: The screens that only an act leads to: no walk sees them, the robot compares them before it confirms.
    unseen: tuple[str, ...] = ()
    #: What of them may be quoted.
    veil: Veil = field(default_factory=Veil, repr=False)

    @property
    def stopping(self) -> tuple[Difference, ...]:
        """The differences that could alter an entry."""
        return tuple(each for each in self.differences if each.alters)

    @property
    def fixes(self) -> tuple[Fix, ...]:
        """The proposed changes of ``screens.yaml``, each once."""
        return tuple(dict.fromkeys(fix for each in self.differences for fix in each.fixes))


class _Lacking(Exception):
    """A value of the walk is not known."""


@dataclass
class _Walk:
    desk: WebDesk
    witness: Witness
    looked_at: bool
    _shut: bool = False
    unreached: list[Difference] = field(default_factory=list)
    documents: dict[str, Document] = field(default_factory=dict)
    shown: dict[str, Shown] = field(default_factory=dict)

    async def run(self) -> Walked:
        for step in self.desk.contract.canary:
            await self._step(step)
            if self._shut:
                break
        # only now is everything known that a page may show of the witness
        known = (self.witness.known, self.shown)
        veil = veil_of(self.desk.contract, self.witness, known, looked_at=self.looked_at)
        found = {name: self._inspected(name, document, veil) for name, document in self.documents.items()}
        return Walked(
            differences=(*_version_once(each for one in found.values() for each in one.differences), *self.unreached),
            facts={name: one.facts for name, one in found.items() if one.recognised},
            shown={name: one.shown for name, one in found.items() if one.recognised},
            documents=self.documents,
            unseen=tuple(sorted(self.desk.contract.confirmed - self.desk.contract.walked)),
            veil=veil,
        )

    async def _step(self, step: CanaryStep) -> None:
        screen = step.leads_to or step.open or ""
        try:
            given = {name: self._value(text) for name, text in step.given.items()}
            document = await self._look(step, given)
        except _Lacking as lacking:
            said = f"écran non parcouru : il manque {lacking}"
            self.unreached.append(Difference(screen=screen, text=said, alters=False, reached=False))
            return
        except (ScreenChanged, UnknownScreen) as error:
            if self._login not in self.documents:
                await self._outside()
            unknown = isinstance(error, UnknownScreen)
            self.unreached.append(Difference(screen=screen, text=str(error), unknown=unknown, reached=False))
            return
        self.documents[screen] = document
        self.shown[screen] = self._inspected(screen, document, Veil()).shown

    async def _outside(self) -> None:
        """Look at the login screen before any login; when that one has changed, nothing behind it can be reached."""
        document = await self.desk.look_outside()
        found = self._inspected(self._login, document, Veil())
        if any(each.alters for each in found.differences):
            self.documents[self._login], self._shut = document, True

    @property
    def _login(self) -> str:
        return self.desk.contract.login.screen

    def _inspected(self, screen: str, document: Document, veil: Veil) -> Inspection:
        return inspect(self.desk.contract, screen, document, self.witness.known, veil)

    async def _look(self, step: CanaryStep, given: dict[str, str]) -> Document:
        document = await self._document(step, given)
        if step.open != self._login and document.title == self.desk.contract.screens[self._login].title:
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
        value = _read(self.shown[screen], rest) if screen in self.shown else None
        if value is None:
            raise _Lacking(f"« {text} », que le parcours n'a pas pu lire")
        return value


def _version_once(differences: Iterable[Difference]) -> Iterator[Difference]:
    """Leave out, after the first screen, that each screen shows the other version."""
    told: set[str] = set()
    for each in differences:
        about_version = [fix for fix in each.fixes if fix.place == ("version",)]
        if not (about_version and each.text in told):
            yield each
        told.add(each.text)


def _read(shown: Shown, place: list[str]) -> str | None:
    if len(place) == 1:
        return shown.fields.get(place[0])
    table, column = place
    rows = shown.tables.get(table, [])
    return rows[0].get(column) if rows else None


async def walk(
    desk: AnyDesk,
    witness: Witness,
    *,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    looked_at: bool = False,
) -> Walked:
    """Walk an application; a screen that is none we know is looked at once more before it is told.

    Raises what an application in trouble raises (:class:`PageFailed`, a refused login): that is no difference.

    :param looked_at: True when a person looks at the release and describes it: all of its words are then kept.
    """
    if not desk.contract.canary:
        raise SettingsError(f"{desk.contract.title} : aucun parcours témoin (canary) dans screens.yaml.")
    if isinstance(desk, TerminalDesk):
        return Walked(differences=await walk_terminal(desk, witness), unseen=tuple(sorted(desk.contract.confirmed)))
    found = await _Walk(desk, witness, looked_at).run()
    if any(each.unknown for each in found.differences):
        await pause(SECOND_LOOK)
        found = await _Walk(desk, witness, looked_at).run()
    return found


async def further(desk: AnyDesk, witness: Witness, found: Walked) -> Walked:
    """Walk again with what the differences propose, so that what stands behind a changed search is seen as well.

    Nothing that was told is taken back but « not walked » of a screen that was then reached.
    """
    if isinstance(desk, TerminalDesk):
        return found
    fixes: tuple[Fix, ...] = ()
    for _ in range(ROUNDS):
        proposed = found.fixes
        if proposed == fixes:
            break
        fixes = proposed
        tried = WebDesk(desk.browser, contract_after(desk.contract, fixes), desk.account)
        try:
            again = await walk(tried, witness, pause=_at_once)
        except ApplicationException:
            break
        finally:
            await tried.discard()
        found = _both(found, again)
    order = [step.leads_to or step.open for step in desk.contract.canary]
    return replace(found, differences=tuple(sorted(found.differences, key=lambda each: order.index(each.screen))))


async def _at_once(_: float) -> None:
    """No pause: the first walk has looked twice."""


def _both(first: Walked, again: Walked) -> Walked:
    kept = [each for each in first.differences if each.reached or each.screen not in again.facts]
    told = {(each.screen, each.text) for each in kept}
    new = [each for each in again.differences if (each.screen, each.text) not in told]
    return replace(again, differences=(*kept, *new))
