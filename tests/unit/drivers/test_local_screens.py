"""A caisse's own screens, laid over the shared contract."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from orchestrator.domain.errors import SettingsError
from orchestrator.drivers.contracts import load_contract

COMPTA = Path(__file__).parents[3] / "keywords" / "compta"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("screens.yaml", "release.yaml"):
        shutil.copy(COMPTA / name, tmp_path / name)
    return tmp_path


def own(folder: Path, text: str) -> None:
    (folder / "screens.cpam-611.yaml").write_text(text, encoding="utf-8")


def test_only_what_the_caisse_says_differs_and_only_for_that_caisse(folder: Path) -> None:
    own(
        folder,
        'version: "2"\nscreens:\n  proposal:\n    fields:\n      reason: {at: "#motif-932"}\n      nature: null\n',
    )
    shared, theirs = load_contract(folder / "screens.yaml"), load_contract(folder / "screens.yaml", caisse="cpam-611")
    assert load_contract(folder / "screens.yaml", caisse="cpam-931") == shared
    assert (shared.version, theirs.version) == ("1", "2")
    before, after = shared.screens["proposal"].fields, theirs.screens["proposal"].fields
    assert {name: field.at for name, field in after.items()} == {
        name: "#motif-932" if name == "reason" else field.at for name, field in before.items() if name != "nature"
    }
    assert theirs.screens["advance"] == shared.screens["advance"]
    assert theirs.release == shared.release


def test_the_forms_of_a_caisse_replace_the_shared_ones(folder: Path) -> None:
    (folder / "release.cpam-611.yaml").write_text("application: compta\nversion: '2'\nscreens: {}\n", encoding="utf-8")
    theirs = load_contract(folder / "screens.yaml", caisse="cpam-611").release
    assert theirs is not None
    assert (theirs.version, dict(theirs.screens)) == ("2", {})


def test_screens_of_a_caisse_may_stand_in_another_folder(folder: Path, tmp_path: Path) -> None:
    local = tmp_path / "workspace"
    local.mkdir()
    own(local, "title: COMPTA 611\n")
    assert load_contract(folder / "screens.yaml", caisse="cpam-611", local=local).title == "COMPTA 611"


@pytest.mark.parametrize("text", ["screens: {proposal: {titre: Avance}}", "[1, 2]", "title: {a: 1}", "screens: ["])
def test_what_cannot_be_a_contract_is_refused_with_both_files(folder: Path, text: str) -> None:
    own(folder, text)
    with pytest.raises(SettingsError, match=r"screens\.yaml, .*screens\.cpam-611\.yaml : contrat d'écran illisible"):
        load_contract(folder / "screens.yaml", caisse="cpam-611")
