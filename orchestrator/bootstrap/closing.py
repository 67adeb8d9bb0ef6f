"""Closing a run: the bordereau, then the robot's own suite ``cloture.robot``, whose hand-overs are made once (ADR 18).

Suites and templates are those of the version that the run was started under: two people have agreed to them (ADR 23).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from orchestrator.bootstrap.closing_line import ClosingLine
from orchestrator.bootstrap.robot_desks import RobotDesks
from orchestrator.bootstrap.world import World
from orchestrator.domain.errors import GlrError, SettingsError
from orchestrator.drivers.bordereau import BordereauRun, facts_of, results_path, write_bordereau, write_results
from orchestrator.drivers.robot_suites import SuiteEnd, SuiteFailed, run_suite
from orchestrator.engine import versions
from orchestrator.engine.closings import ACTOR, ClosingRecord
from orchestrator.engine.hand_over import HandOvers
from orchestrator.engine.restorations import refuse_restored
from orchestrator.engine.results import RowOutcome, RowResult, results_of
from orchestrator.language.compile_closing import BORDEREAU, CLOSING
from orchestrator.language.model import Mode
from orchestrator.language.robots import Robot
from orchestrator.language.suite_files import content_of
from orchestrator.store.database import Database

#: Where a project keeps its dated rules.
RULES = "scenarios/rules"
#: Seconds for the suite of a closing.
LIMIT = 180.0


@dataclass(frozen=True, kw_only=True)
class Closed:
    """What a closing gave."""

    #: The workbook for the accounting control; None when the robot has no suite that writes one.
    bordereau: Path | None
    #: Every hand-over of the run, in order: effect key, keyword, state, result.
    hand_overs: list[Mapping[str, Any]]


async def close_run(world: World, run: UUID) -> Closed:
    """Write the bordereau of a run that robots have done with and make its robot's hand-overs; safe to repeat.

    Raises ``SettingsError`` for an unknown or unfinished run, ``BeingClosed``, ``TakenOver``, ``SuiteFailed``.
    """
    async with AsyncExitStack() as stack:
        holding, database = [
            await stack.enter_async_context(Database(world.urls["glr_orchestrator"], size=1)) for _ in range(2)
        ]
        record = ClosingRecord(holding=holding, database=database, caisse=world.settings.caisse, run=run)
        async with database.transaction(ACTOR) as tx:
            await refuse_restored(tx, world.settings.caisse)
        closing = await _about(world, database, run)
        await stack.enter_async_context(record.held())
        rows = await results_of(database, run)
        if any(row.outcome in {RowOutcome.RUNNING, RowOutcome.WAITING} for row in rows):
            raise SettingsError(f"L'exécution {run} n'est pas finie : des dossiers sont encore aux mains des robots.")
        await record.begin()
        try:
            closed = await closing.make(rows, record)
        except GlrError as error:
            await record.failed(_without_details(error))
            raise
        await record.done()
        return closed


async def closed_so_far(world: World, database: Database, run: UUID) -> Closed:
    """Return what a run has given away, whoever closed it."""
    closing = await _about(world, database, run)
    path = closing.folder / closing.about.file_name
    return Closed(bordereau=path if path.exists() else None, hand_overs=await closing.ledger.all())


def delivered_file(name: str) -> str:
    """Return the name of the file that a delivery came in; nothing for a list that was read or handed on.

    Such a list is named by its source and its civil date, ``… du 27/03/2026``, which no file can be.
    """
    return name if name == Path(name).name != ".." else ""


def _without_details(error: GlrError) -> str:
    """Return why a closing gave nothing; of a suite without what it said, which may quote what it worked on."""
    return error.summary if isinstance(error, SuiteFailed) else str(error)


async def _about(world: World, database: Database, run: UUID) -> _Closing:
    async with database.transaction("close") as tx:
        row = await tx.first("runs.about", run=run)
        if row is None:
            raise SettingsError(f"Exécution inconnue : {run}")
        about = {name: row[name] for name in row if name != "mode"}
        texts = await versions.texts(tx, row["version"])
    robot = world.robot(row["robot"])
    ledger = HandOvers(database=database, caisse=world.settings.caisse, run=run, actor=f"robot:{robot.robot}")
    return _Closing(
        world=world, robot=robot, about=BordereauRun(**about), live=row["mode"] == Mode.LIVE, texts=texts, ledger=ledger
    )


@dataclass(frozen=True, kw_only=True)
class _Closing:
    """One try at closing one run."""

    world: World
    robot: Robot
    about: BordereauRun
    #: False for a run that entered nothing: nothing is given away either.
    live: bool
    #: The texts of its version, by path in a project.
    texts: Mapping[str, str]
    ledger: HandOvers

    @property
    def folder(self) -> Path:
        """Where bordereaux are."""
        return self.world.settings.bordereaux

    async def make(self, rows: Sequence[RowResult], record: ClosingRecord) -> Closed:
        """Write the bordereau, then run the robot's closing suite."""
        with TemporaryDirectory(prefix="glr-cloture-") as temporary:
            home = self._home(Path(temporary))
            bordereau = await self._bordereau(home, rows, record) if (home / BORDEREAU).exists() else None
            if bordereau is None:  # nothing was given away with it: a suite made again is told what is true now
                await write_results(self.about, rows, self.folder)
            if (home / CLOSING).exists() and self.live:
                await self._run_suite(home, bordereau)
        return Closed(bordereau=bordereau, hand_overs=await self.ledger.all())

    def _home(self, temporary: Path) -> Path:
        """Return the robot's folder as the run's version has it; a version from before it had such texts: the project's."""
        of_robot = f"robots/{self.robot.robot}/"
        ours = any(path.startswith(of_robot) for path in self.texts)
        wanted = {path: text for path, text in self.texts.items() if path.startswith((of_robot, f"{RULES}/"))}
        for path, text in wanted.items():
            (temporary / path).parent.mkdir(parents=True, exist_ok=True)
            (temporary / path).write_bytes(content_of(text))
        return (temporary if ours else self.world.settings.project) / "robots" / self.robot.robot

    async def _bordereau(self, home: Path, rows: Sequence[RowResult], record: ClosingRecord) -> Path:
        """Write the bordereau; once something was given away with it, or its run was closed, it stays as it was."""
        path, is_settled = self.folder / self.about.file_name, await record.settled_bordereau()
        if is_settled and not path.exists():
            raise SettingsError(
                f"Le bordereau {path.name} d'une exécution close manque dans {path.parent} : le remettre d'une sauvegarde."
            )
        if not path.exists() or not (is_settled or await self.ledger.all()):
            await write_bordereau(home / BORDEREAU, self.about, rows, self.folder)
        if not is_settled:
            await record.write_down(await asyncio.to_thread(facts_of, path, results_path(self.folder, self.about)))
        return path

    async def _run_suite(self, home: Path, bordereau: Path | None) -> None:
        output = self.folder / "suites" / f"{self.about.name}-cloture"
        desks = RobotDesks(self.world, self.robot, self.about.version, home)
        line = ClosingLine(keywords=self.world.keywords, desks=desks, ledger=self.ledger)
        variables = self._variables(home, bordereau, desks.workshop.addresses())
        try:
            result = await run_suite(
                home / CLOSING, variables=variables, output=output, limit=LIMIT, answer=line.answer
            )
        finally:
            await desks.close()
        if result.end is not SuiteEnd.PASSED:
            raise SuiteFailed(home / CLOSING, result)

    def _variables(self, home: Path, bordereau: Path | None, addresses: Sequence[str]) -> dict[str, str | Path | int]:
        accounts = self.world.accounts(self.robot)
        return {
            "RESULTATS": results_path(self.folder, self.about),
            "REGLES": home.parents[1] / RULES,
            "EXECUTION": self.about.name,
            "DATE_EXECUTION": self.about.run_date.isoformat(),
            "BORDEREAU": bordereau.name if bordereau else "",
            "LIVRAISON": self.about.delivery,
            "LIVRAISON_FICHIER": delivered_file(self.about.delivery),
            "LIVRAISON_SHA256": self.about.delivery_sha256,
            "DESTINATAIRES": ",".join(addresses),
            **{f"AUTEUR_{name.upper()}": account.login for name, account in accounts.items()},
        }
