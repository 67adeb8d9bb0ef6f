"""``glr screens mutate``: releases that might come, by seed, on the practice applications; is each that matters seen in time?

Truth is not the canary's: a robot without one (:mod:`orchestrator.bench.naive`) reads the witness and enters one proposal in
COMPTA on the same changed screens. Where it reads something else, or COMPTA's own ledger holds something else than it
typed, the change alters; so does, by rule, any change of the meaning of what robots use, and any of the form that enters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from orchestrator.bench.naive import NaiveRobot, Refused
from orchestrator.bootstrap.practice import LOGINS, ROBOT_LOGIN, Practice
from orchestrator.bootstrap.processes import stop_children
from orchestrator.bootstrap.world import World
from orchestrator.domain.errors import GlrError, SettingsError
from orchestrator.domain.personal import Nir
from orchestrator.drivers.browser import open_browser
from orchestrator.drivers.canary import Walked, walk
from orchestrator.drivers.contracts import ApplicationContract, ScreenContract
from orchestrator.drivers.desk import WebDesk
from orchestrator.drivers.desks import desk_at
from orchestrator.drivers.witness import Witness, load_witnesses

#: The robot whose screens change, unless another is said.
ROBOT = "acompte-ij"
#: The form by which a robot without a canary really enters.
_ENTERED = "nouvelle-avance"
#: The forms that enter: by rule nothing of them may change unseen, whatever a robot without eyes would make of it.
_ACT_SCREENS = {_ENTERED, "modification", "annulation-fermeture", "rappel", "depot"}
_LOGIN_SCREENS = {"connexion", "accueil"}
_NEVER_OF_THE_FORM = {"css", "banner", "slow", "retitle", "relink", "other_version"}
#: Changes of meaning: they matter by rule, even where the witness happens to show twice the same value.
_MEANING = {"value.swap_ids", "value.swap_labels", "list.swap_cells", "list.swap_classes"}


class Truth(StrEnum):
    """What a change would do to a robot without a canary."""

    #: Something else is read or entered.
    ALTERS = "alters"
    #: The robot cannot go on: it says so itself.
    BREAKS = "breaks"
    #: Nothing.
    HARMLESS = "harmless"


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One change and what became of it."""

    application: str
    screen: str
    kind: str
    seed: int
    truth: Truth
    #: True when a robot without a canary really read or entered something else.
    observed: bool
    #: True when the canary stopped the application before anything was read or entered.
    stopped: bool
    #: Everything the canary said.
    said: tuple[str, ...]

    @property
    def missed(self) -> bool:
        """A change that alters and that nobody stopped."""
        return self.truth is Truth.ALTERS and not self.stopped

    @property
    def false_alarm(self) -> bool:
        """A harmless change that stopped an application."""
        return self.truth is Truth.HARMLESS and self.stopped


@dataclass
class Campaign:
    """Seeded changes, one after the other, on practice applications of its own."""

    world: World
    practice: Practice
    #: False: the same campaign without the comparison, to see that it would go red.
    canary: bool = True
    #: Whose applications they are.
    robot: str = ROBOT
    _number: int = field(default=0)

    async def run(self, count: int, first: int, say: Callable[[Mutant], None]) -> list[Mutant]:
        """Try that many changes that some page really shows, from a seed on."""
        found: list[Mutant] = []
        async with self._robot() as robot:
            baseline = {name: await robot.readings(name) for name in robot.desks}
            await self._check_pristine(robot)
            for asked in self._asked(first, list(robot.desks)):
                mutant = await self._try(robot, asked, baseline)
                if mutant is not None:
                    found.append(mutant)
                    say(mutant)
                if len(found) == count:
                    return found
        return found

    def _asked(self, first: int, applications: Sequence[str]) -> Iterator[dict[str, Any]]:
        while True:
            yield from self.practice.mutations(first, 100, applications)
            first += 100

    @asynccontextmanager
    async def _robot(self) -> AsyncIterator[NaiveRobot]:
        world, settings = self.world, self.world.settings
        self.practice.make()
        child, addresses = self.practice.serve(settings.workspace / "logs" / "applications.log")
        try:
            settings.secrets.mkdir(parents=True, exist_ok=True, mode=0o700)
            robot, login = world.robot(self.robot), LOGINS.get(self.robot, ROBOT_LOGIN)
            self.practice.write_accounts(addresses, settings.secrets / robot.accounts, login)
            self.practice.write_witnesses(settings.witnesses)
            self.practice.mutate(None)
            accounts = world.accounts(robot)
            async with open_browser() as browser:
                found = {name: desk_at(browser, world.contract(name), accounts[name]) for name in robot.applications}
                desks = {name: desk for name, desk in found.items() if isinstance(desk, WebDesk)}
                known = {
                    name: await _known(desk, load_witnesses(settings.witnesses)[name]) for name, desk in desks.items()
                }
                yield NaiveRobot(
                    desks=desks,
                    keywords=world.keywords,
                    witnesses=known,
                    practice=self.practice,
                    somebody=_somebody(self.practice),
                )
        finally:
            self.practice.mutate(None)
            stop_children([child])

    async def _check_pristine(self, robot: NaiveRobot) -> None:
        for name, desk in robot.desks.items():
            found = (await walk(desk, robot.witnesses[name])).differences
            if found:
                raise SettingsError(
                    f"Les écrans connus de « {name} » ne sont pas ceux d'entraînement : {found[0].text}."
                )

    async def _try(
        self, robot: NaiveRobot, asked: Mapping[str, Any], baseline: Mapping[str, list[object]]
    ) -> Mutant | None:
        application, desk = asked["application"], robot.desks[asked["application"]]
        self.practice.mutate(asked)
        walked = await _walked(desk, robot.witnesses[application])
        observed, refused = await self._without_canary(robot, asked, baseline)
        served = self.practice.mutated()
        self.practice.mutate(None)
        if refused and asked["screen"] in _LOGIN_SCREENS:  # a right login, before the account is locked
            await robot.log_in(application)
        if served is None:
            return None
        by_rule = _by_rule(asked, served, desk.contract)
        truth = Truth.ALTERS if observed or by_rule else Truth.BREAKS if refused else Truth.HARMLESS
        return Mutant(
            **{name: asked[name] for name in ("application", "screen", "kind", "seed")},
            truth=truth,
            observed=observed,
            stopped=self.canary and bool(walked.stopping),
            said=tuple(f"{each.screen} : {each.text}" for each in walked.differences),
        )

    async def _without_canary(
        self, robot: NaiveRobot, asked: Mapping[str, Any], baseline: Mapping[str, list[object]]
    ) -> tuple[bool, bool]:
        """Return whether something else was read or entered, and whether the robot could not go on."""
        application = asked["application"]
        try:
            if asked["screen"] in _LOGIN_SCREENS:
                await robot.log_in(application)
            if await robot.readings(application) != baseline[application]:
                return True, False
            if asked["screen"] != _ENTERED:
                return False, False
            self._number += 1
            line = await robot.entry(self._number)
        except Refused:
            return False, True
        if line is None:
            return False, True
        return any(line[name] != value for name, value in robot.expected(self._number).items()), False


def _somebody(practice: Practice) -> str:
    """Return the first right NIR of the delivery."""
    for line in practice.delivery.read_text(encoding="cp1252").splitlines():
        with suppress(ValueError):
            return Nir.parse(line.split(";")[0]).reveal()
    raise SettingsError("La livraison d'entraînement n'a aucun NIR juste.")


async def _known(desk: WebDesk, witness: Witness) -> Witness:
    walked = await walk(desk, Witness(values=witness.values))
    return Witness(values=witness.values, known=walked.shown)


async def _walked(desk: WebDesk, witness: Witness) -> Walked:
    """Walk once; an incident counts as a stop: nothing can be entered either."""
    try:
        return await walk(desk, witness, pause=_at_once)
    except GlrError as error:
        raise SettingsError(f"Le parcours témoin de « {desk.contract.application} » a échoué : {error}") from None


async def _at_once(_: float) -> None:
    """No pause: what is unknown here stays so."""


def _by_rule(asked: Mapping[str, Any], served: Mapping[str, Any], contract: ApplicationContract) -> bool:
    if asked["screen"] in _ACT_SCREENS:
        return asked["kind"] not in _NEVER_OF_THE_FORM
    screens = [screen for screen in contract.screens.values() if screen.title == served["title"]]
    return asked["kind"] in _MEANING and any(_used(name, screen) for name in served["touched"] for screen in screens)


def _used(name: str, screen: ScreenContract) -> bool:
    """True when a robot reads or fills what has that id or class there."""
    columns = [one for table in screen.tables.values() for one in table.columns.values()]
    return any(one.at.endswith((f"#{name}", f".{name}")) for one in (*screen.fields.values(), *columns))


def table(mutants: list[Mutant]) -> list[dict[str, Any]]:
    """Return one line per kind, and the total: how many, of which truth, how many stopped."""
    kinds = sorted({mutant.kind for mutant in mutants})
    return [_line(kind, [one for one in mutants if one.kind == kind]) for kind in kinds] + [_line("total", mutants)]


def _line(kind: str, mutants: list[Mutant]) -> dict[str, Any]:
    truths = Counter(one.truth for one in mutants)
    stopped = Counter(one.truth for one in mutants if one.stopped)
    return {
        "kind": kind,
        "tried": len(mutants),
        "alters": truths[Truth.ALTERS],
        "observed": sum(one.observed for one in mutants),
        "alters_stopped": stopped[Truth.ALTERS],
        "breaks": truths[Truth.BREAKS],
        "breaks_stopped": stopped[Truth.BREAKS],
        "harmless": truths[Truth.HARMLESS],
        "false_alarms": stopped[Truth.HARMLESS],
    }
