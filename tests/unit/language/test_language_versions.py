"""What makes another version, what does not, and how what differs is told."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.domain.keywords import Keyword
from orchestrator.language.load import load_scenario
from orchestrator.language.model import Scenario
from orchestrator.language.version import DECLARATIONS, differences

PROJECT = Path(__file__).parents[3]
Change = Callable[[str], str]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of our own: scenarios, and the screens of the applications."""
    shutil.copytree(PROJECT / "scenarios", tmp_path / "scenarios")
    for path in (PROJECT / "keywords").glob("*/*.yaml"):
        (tmp_path / "keywords" / path.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, tmp_path / "keywords" / path.parent.name)
    return tmp_path


def version(project: Path, keywords: Mapping[str, Keyword]) -> Scenario:
    path = project / "scenarios" / "ij-acompte.yaml"
    return load_scenario(path, keywords=keywords, caisse="cpam-931", screens=project / "keywords")


#: Every part of a version: its file, one change in it, and the heading under which people read it.
PARTS: list[tuple[str, str, str, str]] = [
    ("scenarios/ij-acompte.yaml", "person.found == 1", "person.found == 2", "Scénario « ij-acompte »"),
    ("scenarios/ij-acompte.yaml", "per_day: 1000000.00 EUR", "per_day: 2000000.00 EUR", "Scénario « ij-acompte »"),
    ("scenarios/ij-acompte.yaml", "mode: live", "mode: shadow", "Scénario « ij-acompte »"),
    ("scenarios/ij-acompte.yaml", 'at: "06:30"', 'at: "07:30"', "Scénario « ij-acompte »"),
    ("scenarios/ij-acompte.cpam-931.yaml", '"019310000"', '"019310001"', "Valeurs de la caisse cpam-931"),
    ("scenarios/rules/ij.yaml", "quarantine_days: 30 ", "quarantine_days: 31 ", "Règles datées « ij »"),
    ("keywords/bdo/screens.yaml", "BDO - ", "BDO : ", "Écrans de BDO"),
    ("keywords/arpege/screens.yaml", "\n", "\n# relu\n", "Écrans de ARPEGE"),
    ("keywords/compta/release.yaml", "Référence libre", "Référence", "Formulaires connus de COMPTA"),
]


@pytest.mark.parametrize(("path", "before", "after", "heading"), PARTS, ids=lambda part: str(part)[:30])
def test_each_part_of_a_version_changes_its_hash_and_is_told_under_its_name(
    project: Path, known_keywords: dict[str, Keyword], path: str, before: str, after: str, heading: str
) -> None:
    first = version(project, known_keywords)
    text = (project / path).read_text("utf-8")
    assert before in text
    (project / path).write_text(text.replace(before, after, 1), "utf-8")

    second = version(project, known_keywords)

    assert second.hash != first.hash
    (told,) = differences(first.version.files, second.version.files)
    assert (told.heading, told.path) == (heading, path)


@pytest.mark.parametrize("name", ["bdo.person", "ij.advance", "compta.propose_advance", "compta.advances"])
def test_another_declaration_of_a_keyword_is_another_version(
    project: Path, known_keywords: dict[str, Keyword], name: str
) -> None:
    first = version(project, known_keywords)
    told_otherwise = {**known_keywords, name: replace(known_keywords[name], doc="autre chose")}

    second = version(project, told_otherwise)

    assert second.hash != first.hash
    (told,) = differences(first.version.files, second.version.files)
    assert (told.heading, told.path) == ("Mots-clés (déclarations)", DECLARATIONS)
    assert "autre chose" in "\n".join(told.lines)


def test_the_keyword_that_an_entry_is_looked_up_with_is_part_of_the_version(
    project: Path, known_keywords: dict[str, Keyword]
) -> None:
    rules = known_keywords["compta.propose_advance"].entry
    assert rules is not None
    first = version(project, known_keywords)
    for name in {rules.look_up, rules.made_by}:
        changed = {**known_keywords, name: replace(known_keywords[name], doc="autre chose")}
        assert version(project, changed).hash != first.hash


def test_comments_and_the_rest_of_the_project_do_not_make_another_version(
    project: Path, known_keywords: dict[str, Keyword]
) -> None:
    first = version(project, known_keywords).hash
    path = project / "scenarios" / "ij-acompte.yaml"
    path.write_text("# relu le 3 mars\n" + path.read_text("utf-8"), "utf-8")
    (project / "scenarios" / "ij-acompte.cpam-611.yaml").write_text("caisse: cpam-611\nvalues: {}\n", "utf-8")
    (project / "scenarios" / "rules" / "autre.yaml").write_text("x: y\n", "utf-8")
    assert version(project, known_keywords).hash == first


def test_the_texts_of_a_version_are_enough_to_load_it_again(
    project: Path, known_keywords: dict[str, Keyword], tmp_path: Path
) -> None:
    first = version(project, known_keywords)
    again = tmp_path / "again"
    for path, content in first.version.files.items():
        (again / path).parent.mkdir(parents=True, exist_ok=True)
        (again / path).write_text(content, "utf-8")
    assert version(again, known_keywords).version == first.version


def test_a_ramp_and_the_share_of_incidents_are_read(project: Path, known_keywords: dict[str, Keyword]) -> None:
    path = project / "scenarios" / "ij-acompte.yaml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("limits: {", "limits: {ramp: [10, 100], incidents: 20 %, "), "utf-8")
    limits = version(project, known_keywords).limits
    assert (limits.ramp, limits.incidents) == ((10, 100), 20)


def test_what_differs_on_the_screens_of_a_caisse_is_part_of_its_version_alone(
    project: Path, known_keywords: dict[str, Keyword]
) -> None:
    first = version(project, known_keywords)
    (project / "keywords" / "bdo" / "screens.cpam-611.yaml").write_text("title: Base\n", "utf-8")
    assert version(project, known_keywords).hash == first.hash, "another caisse's screens change nothing here"
    (project / "keywords" / "bdo" / "screens.cpam-931.yaml").write_text("title: Base\n", "utf-8")

    second = version(project, known_keywords)

    assert second.hash != first.hash
    (told,) = differences(first.version.files, second.version.files)
    assert (told.heading, told.path) == ("Écrans de BDO à la caisse cpam-931", "keywords/bdo/screens.cpam-931.yaml")
