"""Generic libraries as steps before the applications: a workbook of exclusions and a piece stop what the oracle would enter."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import openpyxl
import pytest
from robot_world import PracticeWorld, RobotWorld, Row, changed_scenario, robot_world
from workshops import workshop_in

from keywords.documents import pdf
from orchestrator.store.vault import Vault

STEPS = """steps:
  - id: lists
    extract: files.find
    with: {folder: in, pattern: exclusions.xlsx}
  - id: listed
    extract: spreadsheets.read
    with: {file: "${lists.first}", sheet: Exclus, columns: "Réf. arrêt: text"}
  - id: excluded
    compute: tables.where
    with: {table: "${listed}", column: Réf. arrêt, value: "${stop_id}"}
    controls:
      E-LISTE: excluded.count == 0
  - id: papers
    extract: files.find
    with: {folder: in, pattern: "${stop_id}.pdf"}
    controls:
      E-PIECE: papers.count == 1
  - id: paper
    extract: documents.value
    with: {file: "${papers.first}", label: Arrêt}
    controls:
      E-PIECE: paper.found
"""
CODES = """    E-LISTE: {title: Sur la liste des exclusions, severity: stop}
    E-PIECE: {title: "Pièce absente, ou sans numéro d'arrêt", severity: stop}
"""


@pytest.fixture
async def world(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path
) -> AsyncIterator[RobotWorld]:
    """Work the shipped scenario with these steps before its own."""
    practice_world.fault()
    scenario = changed_scenario(tmp_path, ("steps:\n", STEPS), ("  codes:  ", f"  codes:\n{CODES}#"))
    workshop = workshop_in(tmp_path)
    async with robot_world(practice_world, runner_url, vault, tmp_path, scenario) as opened:
        opened.bench.workshop = workshop
        yield opened
    await workshop.close()


async def _give(world: RobotWorld, excluded: Row, *with_piece: Row) -> None:
    folder = world.folder / "in"
    book = openpyxl.Workbook()
    book.active.title = "Exclus"
    for line in ("Réf. arrêt", excluded.stop):
        book.active.append([line])
    book.save(folder / "exclusions.xlsx")
    for row in with_piece:
        path = str(folder / f"{row.stop}.pdf")
        await world.bench.workshop.run(pdf.write, html=f"<p>Arrêt : {row.stop}</p>", path=path)  # type: ignore[union-attr]


async def test_an_excluded_case_and_one_without_its_piece_stop_before_any_application(world: RobotWorld) -> None:
    known = set(sys.modules)
    entered, excluded, bare = (world.world.take("entered") for _ in range(3))
    await _give(world, excluded, entered, excluded)
    loaded = await world.deliver(entered, excluded, bare)
    await world.work()
    found = [(row.outcome, row.codes, row.amount_c) for row in await world.results(loaded.run)]
    assert found == [
        ("entered", (), entered.amount_c),
        ("exception", ("E-LISTE",), None),
        ("exception", ("E-PIECE",), None),
    ]
    assert [len(world.world.lines_of(row.stop)) for row in (entered, excluded, bare)] == [1, 0, 0]
    assert not {name for name in set(sys.modules) - known if name.partition(".")[0] == "RPA"}


async def test_an_unreadable_list_stops_every_case_and_nothing_is_entered(world: RobotWorld) -> None:
    row = world.world.take("entered")
    (world.folder / "in" / "exclusions.xlsx").write_bytes(b"abimee")
    loaded = await world.deliver(row)
    await world.work()
    assert (await world.only(loaded.run)).codes == ("FICHIER-ILLISIBLE",)
    assert world.world.lines_of(row.stop) == []
