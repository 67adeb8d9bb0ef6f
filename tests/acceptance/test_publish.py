"""``glr publish`` as two people use it, on a database and a project of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.cli.exits import Exit
from orchestrator.store import embedded

PROJECT = Path(__file__).parents[2]
PASSWORD = "correct cheval pile agrafe"


class Office:
    """A workspace with its own scenarios, and commands in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("scenarios", "robots"):
            shutil.copytree(PROJECT / name, folder / name)

    def glr(self, *arguments: str, password: str = PASSWORD) -> subprocess.CompletedProcess[str]:
        known = {name: value for name, value in os.environ.items() if not name.startswith("GLR_")}
        settings = {"GLR_WORKSPACE": str(self.folder), "GLR_PASSWORD": password, "COLUMNS": "200"}
        command = [sys.executable, "-m", "orchestrator.cli", *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, env=known | settings, cwd=PROJECT, check=False, timeout=120
        )

    def change(self, before: str, after: str) -> None:
        path = self.folder / "scenarios" / "ij-acompte.yaml"
        text = path.read_text("utf-8")
        assert text.count(before) == 1
        path.write_text(text.replace(before, after), "utf-8")

    def people(self) -> None:
        for login in ("v.premier", "w.second"):
            made = self.glr("account", login, "--name", login, "--role", "supervisor")
            assert made.stdout == f"Compte « {login} » prêt (supervisor).\n", made.stderr


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """Open a workspace whose database is discarded afterwards."""
    opened = Office(tmp_path)
    yield opened
    embedded.discard(tmp_path)


def test_two_people_publish_a_version_and_the_one_before_runs_until_then(office: Office) -> None:
    shown = office.glr("publish", "ij-acompte")
    assert (shown.returncode, shown.stdout[:25]) == (Exit.OK, "Aucune version publiée. S")
    short = office.glr("account", "v.premier", "--name", "V", "--role", "supervisor", password="court")
    assert (short.returncode, "12 caractères au moins" in short.stderr) == (Exit.SETTINGS, True)
    office.people()
    delivery = office.folder / "anomalies-arpege-1.csv"
    delivery.write_bytes("N° assuré;Nom de naissance;Réf. arrêt;Code anomalie;Date\r\nFIN;0\r\n".encode("cp1252"))
    unpublished = office.glr("run", "ij-acompte", str(delivery))
    assert unpublished.returncode == Exit.SETTINGS
    assert "aucune version n'en est publiée" in unpublished.stderr

    first = _propose_and_approve(office)
    office.change("limits: {", "limits: {ramp: [10, 100], ")
    loaded = office.glr("run", "ij-acompte", str(delivery)).stdout
    assert f"(version {first})" in loaded
    assert "Le disque diffère de cette version" in loaded

    assert office.glr("publish", "ij-acompte", "--by", "v.premier", password="faux").returncode == Exit.SETTINGS
    second = _propose_and_approve(office, "Scénario « ij-acompte »", "+limits: {ramp: [10, 100], parallel: 2")
    assert second != first
    status = office.glr("status").stdout
    assert f"version {second} publiée (v.premier, puis w.second) ; 0 dossiers commencés sur 10 permis" in status
    released = office.glr("publish", "ij-acompte", "--next-stage", "--by", "w.second")
    assert "elle peut commencer 110 dossiers" in released.stdout


def _propose_and_approve(office: Office, *shown: str) -> str:
    proposed = office.glr("publish", "ij-acompte", "--by", "v.premier", "--note", "essai")
    assert proposed.returncode == Exit.OK, proposed.stderr
    assert [text for text in shown if text not in proposed.stdout] == []
    version = proposed.stdout.split("--approve ")[1].split()[0]
    if not shown:  # once is enough: each start costs seconds
        own = office.glr("publish", "ij-acompte", "--approve", version, "--by", "v.premier")
        assert (own.returncode, "autre que la personne" in own.stderr) == (Exit.SETTINGS, True)
        wrong = office.glr("publish", "ij-acompte", "--approve", "000", "--by", "w.second")
        assert f"celle qui attend est {version}" in wrong.stderr
    agreed = office.glr("publish", "ij-acompte", "--approve", version[:6], "--by", "w.second")
    assert f"Version {version} publiée" in agreed.stdout, agreed.stderr
    return version
