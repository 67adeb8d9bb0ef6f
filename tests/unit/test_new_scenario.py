"""A first draft is valid whatever its source, and says where its cases come from."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from orchestrator.bootstrap.scaffolds import SOURCES, new_scenario
from orchestrator.bootstrap.world import offline_world
from orchestrator.language.compile_sources import SOURCE_KEYS
from orchestrator.settings import Settings

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize("kind", SOURCES)
def test_a_draft_of_each_kind_of_source_is_valid(kind: str, tmp_path: Path) -> None:
    shutil.copytree(PROJECT / "robots", tmp_path / "robots")
    world = offline_world(Settings(workspace=tmp_path, home=tmp_path))
    path = new_scenario(world, "essai", "acompte-ij", "Un essai", kind)

    assert len(world.scenario("essai").sources) == 1
    assert path.read_text("utf-8").count(f"\n  - {kind}: ") == 1


def test_a_draft_may_begin_with_any_kind_but_ods_written_as_excel_is_and_those_that_the_guide_shows() -> None:
    assert {*SOURCES, "ods", "dsn", "cases"} == set(SOURCE_KEYS)
