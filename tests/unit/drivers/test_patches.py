"""Proposed changes of screens: values replaced where they stand, a caisse's own files, applied whole or not at all."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from orchestrator.domain.errors import SettingsError
from orchestrator.drivers.contracts import load_contract
from orchestrator.drivers.differences import Fix
from orchestrator.drivers.patch_apply import applied
from orchestrator.drivers.patches import Seen, Target, contract_after, own_after, patch, replaced, shown_change
from orchestrator.drivers.veil import Veil

KEYWORDS = Path(__file__).resolve().parents[3] / "keywords"
FIXES = (
    Fix(place=("version",), value="2"),
    Fix(place=("screens", "search", "anchors", "1"), value="#num_assure"),
    Fix(place=("screens", "advances", "tables", "advances", "columns", "amount", "format"), value="euros_point"),
    Fix(place=("actions", "search", "fields", "nir"), value="#num_assure"),
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(KEYWORDS / "compta", tmp_path / "keywords" / "compta", ignore=shutil.ignore_patterns("*.py*", "_*"))
    return tmp_path


def target(project: Path, *, own: bool) -> Target:
    folder, of = project / "keywords" / "compta", ".here" if own else ""
    return Target(screens=folder / f"screens{of}.yaml", release=folder / f"release{of}.yaml", own=own)


def test_values_are_replaced_where_they_stand_and_comments_stay() -> None:
    before = (KEYWORDS / "compta" / "screens.yaml").read_text("utf-8")
    after = replaced(before, FIXES)
    changed = [pair for pair in zip(before.splitlines(), after.splitlines(), strict=True) if pair[0] != pair[1]]
    assert changed == [
        ('version: "1"', 'version: "2"'),
        ('    anchors: ["#form-recherche", "#nir", "#btn-rechercher"]',
         '    anchors: ["#form-recherche", "#num_assure", "#btn-rechercher"]'),
        ("          amount: {at: td.montant, format: euros}", "          amount: {at: td.montant, format: euros_point}"),
        ('    fields: {nir: "#nir"}', '    fields: {nir: "#num_assure"}'),
    ]  # fmt: skip


@pytest.mark.parametrize("value", ["#a: b", "yes", "12", 'un "mot"', "td.montant", "é"])
def test_what_is_written_is_read_as_the_same_text(value: str) -> None:
    for text in ("at: x\n", 'at: "x"\n', "{at: x, b: 1}\n"):
        assert yaml.safe_load(replaced(text, [Fix(place=("at",), value=value)]))["at"] == value


def test_a_place_that_is_not_there_is_left_out() -> None:
    text = "screens: {a: {title: T}}\n"
    for place in (("screens", "b", "title"), ("screens", "a", "title", "x"), ("screens", "a")):
        assert replaced(text, [Fix(place=place, value="v")]) == text


def test_a_caisse_says_only_what_it_says_otherwise_and_a_list_whole() -> None:
    contract = load_contract(KEYWORDS / "compta" / "screens.yaml")
    text = own_after('# gardé\nlogin: {refused: "#non"}\n', FIXES, contract_after(contract, FIXES))
    assert text.startswith("# gardé\n")
    assert yaml.safe_load(text) == {
        "login": {"refused": "#non"},
        "version": "2",
        "screens": {
            "search": {"anchors": ["#form-recherche", "#num_assure", "#btn-rechercher"]},
            "advances": {"tables": {"advances": {"columns": {"amount": {"format": "euros_point"}}}}},
        },
        "actions": {"search": {"fields": {"nir": "#num_assure"}}},
    }
    again = own_after(text, [Fix(place=("version",), value="3")], contract)
    assert again == text.replace("'2'", '"3"')  # what it says already is replaced where it stands


@pytest.mark.parametrize("own", [False, True])
def test_a_proposal_that_is_applied_gives_exactly_the_contract_it_proposed(project: Path, own: bool) -> None:  # noqa: FBT001
    shared = project / "keywords" / "compta" / "screens.yaml"
    contract = load_contract(shared)
    both = Fix(
        place=("screens", "made_by_author", *FIXES[2].place[2:]), value="euros_point"
    )  # one text for two screens
    text = patch(target(project, own=own), contract, Seen(fixes=(*FIXES, both), documents={}, veil=Veil()))
    for path, content in applied(project, text).items():
        path.write_text(content, "utf-8")
    got = load_contract(shared, caisse="here")
    wanted = contract_after(contract, (*FIXES, both))
    assert got.model_copy(update={"release": None}) == wanted.model_copy(update={"release": None})
    assert got.release is not None
    assert (got.release.version, got.release.screens) == ("2", contract.release.screens if contract.release else None)
    with pytest.raises(SettingsError, match="n'est plus celle que la proposition connaît"):
        applied(project, text)  # a second time
    assert any("euros_point" in line for line in shown_change(text))
    assert len(shown_change(text)) < 70


@pytest.mark.parametrize(
    "path", ["keywords/../secrets/keys.json", "/etc/passwd", "robots/x/robot.yaml", "keywords/a/models.py"]
)
def test_only_descriptions_of_screens_are_changed(project: Path, path: str) -> None:
    with pytest.raises(SettingsError, match="n'est pas un fichier d'écrans"):
        applied(project, f"--- a/{path}\n+++ b/{path}\n@@ -0,0 +1 @@\n+x\n")


def test_something_else_than_a_proposal_is_refused(project: Path) -> None:
    with pytest.raises(SettingsError, match="n'est pas une proposition"):
        applied(project, "bonjour\n")
