"""Closing a run: the bordereau, then the robot's own suite ``cloture.robot``, whose hand-overs are made once (ADR 18).

The suite runs in its own process, without account, mailbox or database: it calls keywords over a line, and this process
makes the calls under the robot's declared rights.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from orchestrator.bootstrap.robot_desks import RobotDesks
from orchestrator.bootstrap.world import World
from orchestrator.domain.errors import GlrError, SettingsError
from orchestrator.domain.keywords import EFFECT_KEY, Keyword, Kind
from orchestrator.domain.wire import arguments_again, clear, told
from orchestrator.drivers.bordereau import BordereauRun, write_bordereau
from orchestrator.drivers.robot_suites import SuiteEnd, SuiteFailed, run_suite
from orchestrator.engine.hand_over import HandOvers, HandOverState
from orchestrator.engine.results import RowOutcome, results_of
from orchestrator.language.robots import Robot
from orchestrator.store.accounts import is_person
from orchestrator.store.database import Database

#: Seconds for the suite of a closing.
LIMIT = 180.0
SUITE = "cloture.robot"


class BeingClosed(GlrError):
    """Cette exécution est en cours de clôture ailleurs : attendre qu'elle se termine."""


@dataclass(frozen=True, kw_only=True)
class Closed:
    """What a closing gave."""

    #: The workbook for the accounting control.
    bordereau: Path
    #: Every hand-over of the run, in order: effect key, keyword, state, result.
    hand_overs: list[Mapping[str, Any]]


async def close_run(world: World, run: UUID) -> Closed:
    """Write the bordereau of a run that has ended and make its robot's hand-overs; safe to repeat.

    Raises ``SettingsError`` for an unknown or unfinished run, :class:`BeingClosed`, ``SuiteFailed``.
    """
    async with AsyncExitStack() as stack:
        holding = await stack.enter_async_context(Database(world.urls["glr_runner"], size=1))
        database = await stack.enter_async_context(Database(world.urls["glr_runner"], size=1))
        about = await _hold(holding, run)
        rows = await results_of(database, run)
        if any(row.outcome is RowOutcome.RUNNING for row in rows):
            raise SettingsError(f"L'exécution {run} n'est pas finie : des dossiers sont encore aux mains des robots.")
        robot = world.robot(about.robot)
        folder = world.settings.workspace / "logs" / "bordereaux"
        suites = world.settings.project / "robots" / robot.robot
        bordereau = await write_bordereau(suites / "bordereau.robot", about, rows, folder)
        ledger = HandOvers(database=database, caisse=world.settings.caisse, run=run, actor=f"robot:{robot.robot}")
        if (suites / SUITE).exists():
            await _run_suite(world, robot, suites / SUITE, about, bordereau, ledger)
        async with database.transaction("close") as tx:
            return Closed(bordereau=bordereau, hand_overs=[*await tx.all("hand_overs.of_run", run=run)])


async def settle(world: World, run: UUID, key: str, *, login: str, password: str, made: bool, reason: str) -> None:
    """Write down a person's word on a hand-over in doubt; raises ``SettingsError`` when none is, or for a wrong password."""
    async with Database(world.urls["owner"], size=1) as database, database.transaction(f"agent:{login}") as tx:
        if not await is_person(tx, world.settings.caisse, login, password):
            raise SettingsError(f"Mot de passe refusé, ou « {login} » n'a pas de compte actif dans cette caisse.")
        no_result: dict[str, Any] = {}
        state, result = (HandOverState.MADE, no_result) if made else (HandOverState.NOT_MADE, None)
        about = {"run": run, "effect_key": key, "login": login, "reason": reason}
        if not await tx.run("hand_overs.settle", state=state, result=result, **about):
            raise SettingsError(f"Aucune remise « {key} » n'est en doute dans l'exécution {run}.")


async def _hold(database: Database, run: UUID) -> BordereauRun:
    """Make this closing the only one of its run, as long as the pool is open."""
    async with database.transaction("close") as tx:
        row = await tx.first("runs.about", run=run)
        if row is None:
            raise SettingsError(f"Exécution inconnue : {run}")
        held = await tx.first("hand_overs.close", run=run)
        if held is None or not held["mine"]:
            raise BeingClosed
    return BordereauRun(**row)


async def _run_suite(
    world: World, robot: Robot, suite: Path, about: BordereauRun, bordereau: Path, ledger: HandOvers
) -> None:
    name = bordereau.stem
    output = bordereau.parent / "suites" / f"{name}-cloture"
    desks = RobotDesks(world, robot, about.version)
    line = _Line(world=world, desks=desks, ledger=ledger)
    variables: dict[str, str | Path | int] = {
        "RESULTATS": bordereau.parent / "suites" / name / "resultats.json",
        "EXECUTION": name,
        "DATE_EXECUTION": about.run_date.isoformat(),
        "BORDEREAU": bordereau.name,
        "LIVRAISON": about.delivery,
        "LIVRAISON_SHA256": about.delivery_sha256,
        "DESTINATAIRES": ",".join(desks.workshop.addresses()),
    }
    authors = {f"AUTEUR_{each.upper()}": account.login for each, account in world.accounts(robot).items()}
    try:
        result = await run_suite(
            suite, variables={**variables, **authors}, output=output, limit=LIMIT, answer=line.answer
        )
    finally:
        await desks.close()
    if result.end is not SuiteEnd.PASSED:
        raise SuiteFailed(suite, result)


@dataclass(frozen=True, kw_only=True)
class _Line:
    """Answers the calls of a closing suite."""

    world: World
    desks: RobotDesks
    ledger: HandOvers

    async def answer(self, line: bytes) -> bytes:
        """Make one call; what it raises is told, so that the suite fails with it."""
        try:
            call = json.loads(line)
            said = {"result": await self._call(self.world.keywords[call["keyword"]], call["given"])}
        except Exception as error:  # noqa: BLE001 - the border of a process
            said = told(error)
        return json.dumps(said).encode()

    async def _call(self, keyword: Keyword, given: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
        if keyword.kind is not Kind.HAND_OVER:
            return clear(await self.desks.call(keyword, arguments_again(keyword, given)))
        key = str(given.pop(EFFECT_KEY.name))
        arguments = arguments_again(keyword, given)
        return await self.ledger.once(key, keyword, lambda: self.desks.call(keyword, arguments))
