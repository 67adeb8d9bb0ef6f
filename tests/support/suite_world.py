"""Suites as steps, for tests: a project of one scenario and one suite, and what works it as a session's process does."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from robot_world import PROJECT, PracticeWorld, RobotWorld, Row, robot_world

from orchestrator.bootstrap.world import load_keywords
from orchestrator.engine.entries import by_protocol
from orchestrator.engine.results import RowResult
from orchestrator.engine.suite_steps import SuiteRunner
from orchestrator.language.faults import ScenarioErrors
from orchestrator.language.load import load_scenario
from orchestrator.language.model import Scenario
from orchestrator.settings import Settings
from orchestrator.store.vault import Vault
from orchestrator.suites.host import hosted

HEAD = """*** Settings ***
Library    orchestrator.bootstrap.robot_library.KeywordLibrary    bdo    AS    bdo
Library    orchestrator.bootstrap.robot_library.KeywordLibrary    arpege    AS    arpege
Library    orchestrator.bootstrap.case_library.CaseLibrary    AS    case

*** Tasks ***
"""
READ = """Lire L'Arrêt
    ${person}=    bdo.person    nir=${nir}
    Control    C-05    not person.deceased
    ${stop}=    arpege.stop    nir=${nir}    stop_id=${stop_id}
    Set Result    stop=${stop}    kind=initial
"""
STEP = """  - id: seen
    robot: suite.robot#Lire L'Arrêt
    with:
      nir: ${nir}
      stop_id: ${stop_id}
    result:
      stop: arpege.stop
      kind: text
    controls:
      R-ARRET: seen.stop.found and seen.kind == "initial"
    ends:
      seen_it: seen.stop.state == "ENREGISTRE"
"""
TOP = """scenario: essai
title: Vérifier par une suite
author: cpam-931
robot: acompte-ij
mode: {mode}
rules: [ij]
case:
  key: ${{nir}}/${{stop_id}}
  fields:
    nir:        {{type: nir, column: N° assuré}}
    birth_name: {{type: name, max: 80, column: Nom de naissance}}
    stop_id:    {{type: text, max: 20, column: Réf. arrêt}}
    anomaly:    {{type: text, max: 40, column: Code anomalie}}
    raised_on:  {{type: date, column: Date, format: JJ/MM/AAAA}}
sources:
  - csv: anomalies-arpege-*.csv
    encoding: cp1252
    delimiter: ";"
    trailer: {{rows: true}}
limits: {{parallel: 1, per_case: 800.00 EUR, per_run: 5000.00 EUR, per_day: 5000.00 EUR}}
exceptions:
  queue: ij
  codes:
    C-14: {{title: Plafond}}
{codes}
steps:
{steps}"""


def written(folder: Path, suite: str, steps: str, mode: str = "live", **codes: str) -> Path:
    """Write a project of one scenario and one suite; return the scenario's path."""
    shutil.copytree(PROJECT / "scenarios" / "rules", folder / "scenarios" / "rules", dirs_exist_ok=True)
    shutil.copytree(PROJECT / "robots", folder / "robots", dirs_exist_ok=True)
    (folder / "robots" / "acompte-ij" / "suite.robot").write_text(HEAD + suite, encoding="utf-8")
    titles = "".join(f"    {code.replace('_', '-')}: {{title: Titre, {more}}}\n" for code, more in codes.items())
    path = folder / "scenarios" / "essai.yaml"
    path.write_text(TOP.format(mode=mode, steps=steps, codes=titles), encoding="utf-8")
    return path


def loaded(path: Path) -> Scenario:
    """Load a scenario with the keywords of the house."""
    keywords = load_keywords(Settings(workspace=path.parent, home=PROJECT))
    return load_scenario(path, keywords=keywords, caisse="cpam-931")


@pytest.fixture
def worked(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path
) -> Callable[[Scenario, Callable[[RobotWorld], Awaitable[Any]]], Any]:
    """Give what works a scenario with Robot Framework in this main thread, as a session's process does."""
    practice_world.fault()

    def work(scenario: Scenario, what: Callable[[RobotWorld], Awaitable[Any]]) -> Any:
        async def inside(robot: Any) -> Any:
            async with robot_world(practice_world, runner_url, vault, tmp_path, scenario) as world:
                world.bench.suites = SuiteRunner(robot=robot, enter=by_protocol)
                return await what(world)

        return hosted(inside)

    return work


def told(owner_url: str) -> list[dict[str, Any]]:
    """Return what suites told the audit outbox, without what differs from run to run."""
    with psycopg.connect(owner_url, row_factory=dict_row) as connection:
        rows = connection.execute(
            "select verb, details from glr.audit_outbox where verb like 'suite.%' or verb like 'keyword.%' order by id"
        ).fetchall()
    varying = {"session", "epoch", "ms"}
    return [{"verb": row["verb"], **{k: v for k, v in row["details"].items() if k not in varying}} for row in rows]


def ended(world: RobotWorld, *rows: Row) -> Awaitable[list[RowResult]]:
    """Deliver rows, work them, return what became of them."""

    async def work() -> list[RowResult]:
        run = (await world.deliver(*rows)).run
        await world.work()
        return await world.results(run)

    return work()


BLOCK = "severity: block"


ENTERS = """  - id: advance
    robot: suite.robot#Saisir
    with:
      nir: ${nir}
      stop_id: ${stop_id}
    enters:
      compta.propose_advance:
        with: {nir: "${nir}", stop_id: "${stop_id}"}
        effect_key: ACP-IJ/${nir}/${stop_id}
"""
ENTER = """Saisir
    [Timeout]    TIMEOUT
    ${stop}=    arpege.stop    nir=${nir}    stop_id=${stop_id}
    compta.propose_advance    nir=${nir}    stop_id=FOR    period=${stop.period}    amount=100,00

*** Settings ***
Library    orchestrator.bootstrap.robot_library.KeywordLibrary    compta    AS    compta
"""


def entering(limit: str = "2 minutes", about: str = "${stop_id}") -> str:
    """Return a suite that enters at once."""
    return ENTER.replace("TIMEOUT", limit).replace("FOR", about)


def faults(path: Path) -> list[str]:
    """Return what is said of a faulty scenario."""
    with pytest.raises(ScenarioErrors) as errors:
        loaded(path)
    return [str(fault) for fault in errors.value.faults]
