"""Any text at all gives a scenario or a list of mistakes, never a crash."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from orchestrator.domain.keywords import Keyword
from orchestrator.language.faults import ScenarioErrors, ScenarioFault
from orchestrator.language.load import load_scenario

SCENARIOS = Path(__file__).parents[3] / "scenarios"
TEXT = (SCENARIOS / "ij-acompte.yaml").read_text("utf-8")
GROUPED = (Path(__file__).parents[2] / "support" / "grouped" / "acomptes-groupes.yaml").read_text("utf-8")
PIECES = st.one_of(
    st.sampled_from(
        ["{", "}", "[", "]", ": ", "- ", "\n", "  ", "${", "}", "'", '"', "&a", "*a", "!!int ", "#", "|\n"]
    ),
    st.sampled_from(
        [" and ", "not ", "==", "(", ")", ".EUR", " EUR", "lambda: ", "...", "\u0000", "\u2028", "é", "9" * 400]
    ),
    st.text(max_size=8),
)
OF_GROUPS = st.sampled_from(
    ["for_each: ", "as: one\n", "steps:\n", "${checked}", "rows:\n", "group_by: nir\n", " for "]
)


def cuts_of(text: str, pieces: st.SearchStrategy[str]) -> st.SearchStrategy[list[tuple[int, int, str]]]:
    """Return one to three cuts in a text, each with what stands there instead."""
    return st.lists(st.tuples(st.integers(0, len(text)), st.integers(0, 40), pieces), min_size=1, max_size=3)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the scenario and its rules, written over at each example."""
    return Path(shutil.copytree(SCENARIOS, tmp_path_factory.mktemp("mutations") / "scenarios"))


@example(cuts=[(TEXT.index("rules: [ij") + 8, 0, "9" * 400)])  # a name too long for any file
@example(cuts=[(TEXT.index("cpam-931"), 0, "../../")])
@given(cuts=cuts_of(TEXT, PIECES))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_mutated_scenario_is_loaded_or_refused_in_french(
    cuts: list[tuple[int, int, str]], place: Path, known_keywords: dict[str, Keyword]
) -> None:
    check(place / "ij-acompte.yaml", TEXT, cuts, known_keywords)


@given(cuts=cuts_of(GROUPED, PIECES | OF_GROUPS))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_mutated_scenario_of_groups_is_loaded_or_refused_in_french(
    cuts: list[tuple[int, int, str]], place: Path, known_keywords: dict[str, Keyword]
) -> None:
    check(place / "acomptes-groupes.yaml", GROUPED, cuts, known_keywords)


def check(path: Path, text: str, cuts: list[tuple[int, int, str]], known_keywords: dict[str, Keyword]) -> None:
    """Load a text with cuts: every fault has a place and a sentence."""
    for start, length, piece in cuts:
        text = text[:start] + piece + text[start + length :]
    path.write_bytes(text.encode("utf-8", "surrogatepass"))

    faults = faults_of(path, known_keywords)

    assert all(fault.line >= 1 and fault.column >= 1 and fault.message for fault in faults)


def faults_of(path: Path, known_keywords: dict[str, Keyword]) -> tuple[ScenarioFault, ...]:
    """Load a scenario and return its mistakes, none when it is right; anything else that is raised is a crash."""
    try:
        load_scenario(path, keywords=known_keywords)
    except ScenarioErrors as errors:
        return errors.faults
    return ()


@given(content=st.binary(max_size=300))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_refused_in_french(content: bytes, place: Path, known_keywords: dict[str, Keyword]) -> None:
    path = place / "ij-acompte.yaml"
    path.write_bytes(content)

    with pytest.raises(ScenarioErrors):
        load_scenario(path, keywords=known_keywords)
