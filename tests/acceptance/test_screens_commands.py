"""``glr screens check``, ``record`` and ``apply`` at the command line, without any database."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from served_sandbox import serving

from orchestrator.bootstrap.practice import Practice
from orchestrator.drivers.witness import Shown, load_witnesses
from sandbox.releases import install

SAME = re.compile(r"arpege : \d+ écrans parcourus, identiques\n")
PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class House:
    """A project of one robot that reads ARPEGE alone, and the practice applications it works on."""

    folder: Path

    @property
    def practice(self) -> Path:
        return self.folder / "practice"

    @property
    def own(self) -> Path:
        return self.folder / "home" / "keywords" / "arpege"

    def glr(self, *words: str, code: int = 0) -> str:
        """Run ``glr screens …``; returns what it wrote, the errors when it is to fail."""
        settings = {"GLR_HOME": str(self.folder / "home"), "GLR_WORKSPACE": str(self.folder / "ws")}
        command = [sys.executable, "-m", "orchestrator.cli", "screens", *words]
        ran = subprocess.run(command, env={**os.environ, **settings}, capture_output=True, text=True, check=False)
        assert ran.returncode == code, ran.stdout + ran.stderr
        return ran.stdout + ran.stderr

    @property
    def witness(self) -> Path:
        return self.folder / "ws" / "secrets" / "canary.json"

    def known(self) -> Mapping[str, Shown]:
        return load_witnesses(self.witness)["arpege"].known

    def mutate(self, **change: object) -> None:
        (self.practice / "mutations.json").write_text(json.dumps(change))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    robot = yaml.safe_load((PROJECT / "robots" / "acompte-ij" / "robot.yaml").read_text("utf-8"))
    robot |= {"robot": "lecteur", "applications": {"arpege": ["extract"]}, "libraries": {}, "folders": {}}
    robot = {name: value for name, value in robot.items() if name not in {"mail", "modules"}}
    place = tmp_path / "home" / "robots" / "lecteur"
    place.mkdir(parents=True)
    (place / "robot.yaml").write_text(yaml.safe_dump(robot, allow_unicode=True), "utf-8")
    secrets = tmp_path / "ws" / "secrets"
    secrets.mkdir(parents=True, mode=0o700)
    practice = Practice(folder=tmp_path / "practice", cases=20, seed=931)
    practice.make()
    with serving(practice.folder) as served:
        practice.write_accounts(served.urls, secrets / robot["accounts"])
        practice.write_witnesses(secrets / "canary.json")
        yield House(tmp_path)


def test_what_is_recorded_is_known_and_a_swapped_value_is_then_seen_where_no_label_tells(house: House) -> None:
    assert house.glr("record", "lecteur", "arpege") == f"{house.own / 'release.cpam-931.yaml'}\n"
    written = yaml.safe_load((house.own / "release.cpam-931.yaml").read_text("utf-8"))
    assert written == yaml.safe_load((PROJECT / "keywords" / "arpege" / "release.yaml").read_text("utf-8"))
    assert house.known()["payments"].tables["payments"][0]["gross"] == "1234,56"
    assert house.witness.stat().st_mode & 0o077 == 0
    assert SAME.fullmatch(house.glr("check", "lecteur"))
    house.mutate(arpege={"screen": "paiements", "kind": "list.swap_classes", "seed": 2})
    found = house.glr("check", "lecteur", code=6)
    assert "le témoin n'y a plus la valeur connue" in found
    assert not [each for each in ("1234", "1 234", "1\xa0234", "290036") if each in found]


def test_a_proposal_repairs_what_it_can_and_a_witness_stays_the_same_person(house: House) -> None:
    house.glr("record", "lecteur", "arpege")
    first = house.known()
    (house.own / "release.cpam-931.yaml").unlink()
    install(house.practice, "arpege=2")
    found = json.loads(house.glr("check", "lecteur", "--json", code=6).splitlines()[0])["arpege"]
    assert {each["screen"] for each in found["differences"]} == {"login", "summary", "rights", "payments"}
    assert [each["text"] for each in found["differences"] if not each["alters"]] == [
        "tableau « stops », nouvelle colonne « Télétransmis »"
    ]
    assert found["patch"] == str(house.folder / "ws" / "logs" / "ecrans" / "arpege.patch")
    assert list(house.own.iterdir()) == []  # nothing is applied by itself
    files = [house.own / f"{name}.cpam-931.yaml" for name in ("screens", "release")]
    assert house.glr("apply", found["patch"]).split() == [str(path) for path in files]
    assert SAME.fullmatch(house.glr("check", "lecteur"))
    before = [path.read_text("utf-8") for path in files]
    assert "n'est plus celle que la proposition connaît" in house.glr("apply", found["patch"], code=4)
    assert [path.read_text("utf-8") for path in files] == before
    house.glr("record", "lecteur", "arpege")
    assert house.known() == first  # dates in another format are the same dates


def test_something_else_than_a_proposal_changes_nothing(house: House) -> None:
    wrong = house.folder / "autre.patch"
    wrong.write_text("--- a/robots/lecteur/robot.yaml\n+++ b/robots/lecteur/robot.yaml\n@@ -1 +1 @@\n-x\n+y\n", "utf-8")
    assert "n'est pas un fichier d'écrans" in house.glr("apply", str(wrong), code=4)
    assert "n'existe pas" in house.glr("apply", str(house.folder / "rien.patch"), code=2)
    assert "ne travaille pas dans « compta »" in house.glr("record", "lecteur", "compta", code=4)
