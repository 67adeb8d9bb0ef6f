"""A copy of the real scenario, to be loaded as it is or with one mistake."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import keywords.arpege
import keywords.bdo
import keywords.compta
import keywords.ij
import keywords.rniam
from orchestrator.domain.keywords import Keyword, collect
from orchestrator.language.load import load_scenario
from orchestrator.language.model import Scenario

SCENARIOS = Path(__file__).parents[3] / "scenarios"
MODULES = (keywords.arpege, keywords.bdo, keywords.compta, keywords.ij, keywords.rniam)

Load = Callable[[str], Scenario]


@pytest.fixture(scope="session")
def known_keywords() -> dict[str, Keyword]:
    """The keywords of the four applications and of the computation."""
    return {name: keyword for module in MODULES for name, keyword in collect(module).items()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the scenario, its rules and the values of its caisse."""
    return Path(shutil.copytree(SCENARIOS, tmp_path / "scenarios"))


@pytest.fixture
def text(folder: Path) -> str:
    """The text of the real scenario."""
    return (folder / "ij-acompte.yaml").read_text("utf-8")


@pytest.fixture
def load(folder: Path, known_keywords: dict[str, Keyword]) -> Load:
    """Load a scenario from its text."""

    def loaded(content: str) -> Scenario:
        path = folder / "ij-acompte.yaml"
        path.write_text(content, "utf-8")
        return load_scenario(path, keywords=known_keywords)

    return loaded
