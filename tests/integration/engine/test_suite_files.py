"""What a suite uses besides its own words belongs to its version: a change makes another, a published one keeps its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from published import publish_at
from robot_world import PROJECT, PracticeWorld, RobotWorld
from suite_world import ended, faults, loaded, written

from orchestrator.bootstrap.world import load_keywords
from orchestrator.engine.versions import NotPublished, UnusableVersion, check_published, restore
from orchestrator.language.model import Scenario
from orchestrator.language.suite_files import LARGEST
from orchestrator.settings import Settings
from orchestrator.store.database import Database

SUITE = """Compter
    ${codes}=    Get File    ${CURDIR}/codes.csv    encoding=cp1252
    ${size}=    Get File Size    ${CURDIR}/formes/lettre.xlsx
    ${told}=    Told By The Library
    Set Result    codes=${codes.strip()}    size=${size}    told=${told}    region=${REGION}

*** Settings ***
Library    OperatingSystem
Library    ${CURDIR}/aide.py
Variables    ${CURDIR}/valeurs.yaml
"""
STEPS = """  - id: seen
    robot: suite.robot#Compter
    outside_guarantee: true
    with: {}
    result: {codes: text, size: integer, told: text, region: text}
    ends:
      seen_it: seen.codes == "é" and seen.size == 3 and seen.told == "beside" and seen.region == "Sud"
"""
FILES = {
    "codes.csv": "é\n".encode("cp1252"),
    "formes/lettre.xlsx": b"\x00\xff\x01",
    "valeurs.yaml": b"REGION: Sud\n",
    "aide.py": b"from interne import TOLD\n\ndef told_by_the_library():\n    return TOLD\n",
    "interne.py": b"TOLD = 'beside'\n",
    "sans-rapport.csv": b"x\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Write a project whose suite uses files beside it; return its scenario."""
    path = written(tmp_path, SUITE, STEPS)
    for name, content in FILES.items():
        place = tmp_path / "robots" / "acompte-ij" / name
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(content)
    return path


def changed(path: Path, name: str) -> Scenario:
    """Return the scenario once a file beside its suite has one line more."""
    place = path.parent.parent / "robots" / "acompte-ij" / name
    before = place.read_bytes()
    place.write_bytes(before + b"\n")
    try:
        return loaded(path)
    finally:
        place.write_bytes(before)


@pytest.mark.parametrize("name", [name for name in FILES if name != "sans-rapport.csv"])
def test_a_change_of_a_file_that_the_suite_uses_makes_another_version(project: Path, name: str) -> None:
    assert changed(project, name).hash != loaded(project).hash


def test_a_file_that_the_suite_does_not_name_is_no_part_of_it(project: Path) -> None:
    kept = {path.rpartition("acompte-ij/")[2] for path in loaded(project).version.files if path.startswith("robots/")}
    assert kept >= {"suite.robot", *FILES} - {"sans-rapport.csv"}
    assert "sans-rapport.csv" not in kept
    assert changed(project, "sans-rapport.csv").hash == loaded(project).hash


async def test_a_published_version_refuses_a_changed_file_and_keeps_its_own(
    project: Path, runner_url: str, owner_db: Database
) -> None:
    scenario = loaded(project)
    await publish_at(runner_url, scenario)
    async with owner_db.transaction("test") as tx:
        await check_published(tx, scenario)
        with pytest.raises(NotPublished):
            await check_published(tx, changed(project, "codes.csv"))
    keywords = load_keywords(Settings(workspace=project.parent, home=PROJECT))
    files = dict(scenario.version.files)
    assert restore("essai", scenario.hash, files, keywords, "cpam-931").scenario.version.files == files
    with pytest.raises(UnusableVersion):
        restore("essai", scenario.hash, files | {"robots/acompte-ij/codes.csv": "e\n"}, keywords, "cpam-931")


def test_a_case_is_worked_with_the_files_of_its_version_whatever_stands_on_disk(
    worked: Callable[..., Any], practice_world: PracticeWorld, project: Path
) -> None:
    scenario = loaded(project)
    for name in FILES:
        (project.parent.parent / "robots" / "acompte-ij" / name).unlink()

    async def what(world: RobotWorld) -> Any:
        return await ended(world, practice_world.take("entered"))

    (row,) = worked(scenario, what)
    assert row.outcome == "other_end", row


def test_what_is_absent_too_large_or_a_program_is_told_before_any_case(project: Path) -> None:
    folder = project.parent.parent / "robots" / "acompte-ij"
    (folder / "codes.csv").write_bytes(b"x" * (LARGEST + 1))
    (said,) = faults(project)
    assert said.startswith("suite.robot:1:1: « codes.csv » fait 1 000 001 octets : 1 000 000 au plus sont permis.")
    (folder / "codes.csv").write_bytes(FILES["codes.csv"])
    (folder / "valeurs.yaml").unlink()
    (said,) = faults(project)
    assert said.startswith("suite.robot:16:14: fichier « ${CURDIR}/valeurs.yaml » introuvable.")


def test_a_variable_file_that_is_a_program_is_outside_the_guarantee(tmp_path: Path) -> None:
    suite = "Compter\n    Set Result    region=${REGION}\n\n*** Settings ***\nVariables    ${CURDIR}/valeurs.py\n"
    step = "  - id: seen\n    robot: suite.robot#Compter\n    with: {}\n    result: {region: text}\n"
    path = written(tmp_path, suite, step)
    (tmp_path / "robots" / "acompte-ij" / "valeurs.py").write_text("REGION = 'Sud'\n", encoding="utf-8")
    (said,) = faults(path)
    assert said.startswith("suite.robot:11:14: la bibliothèque « valeurs.py » peut agir dans une application")
