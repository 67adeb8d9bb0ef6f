"""What an administrator is given against the programme: commands, options, settings, and what the services may do."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from orchestrator.cli import commands

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
SERVICES = sorted((DEPLOY / "systemd").glob("*.service"))
PROGRAM = "/opt/go-les-robots/current/.venv/bin/glr"
_VARIABLE = re.compile(r"GLR_[A-Z][A-Z_]*[A-Z]")
#: What no service may do without.
HARDENED = {
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "RestrictNamespaces": "yes",
    "RestrictSUIDSGID": "yes",
    "SystemCallFilter": "@system-service",
    "UMask": "0077",
    "User": "glr",
    "StateDirectoryMode": "0700",
}


def _unit(path: Path) -> configparser.ConfigParser:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string(path.read_text(encoding="utf-8"))
    return unit


def _understood(words: list[str]) -> None:
    """Parse a command line as ``glr`` would, without carrying it out."""
    command: click.Command = commands
    while isinstance(command, click.Group):
        found = command.get_command(click.Context(command), words[0])
        assert found is not None, words
        command, words = found, words[1:]
    command.make_context("glr", words)


def _texts() -> Iterator[tuple[Path, str]]:
    for path in sorted(DEPLOY.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":  # install.py is compiled once another test has imported it
            yield path, path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_a_service_starts_a_command_that_exists_and_may_change_nothing_but_its_own_folder(path: Path) -> None:
    service = _unit(path)["Service"]
    assert {name: service.get(name) for name in HARDENED} == HARDENED
    _, _, words = service["ExecStart"].partition(f"{PROGRAM} ")
    _understood(shlex.split(words.rstrip("'")))


def test_every_variable_that_an_administrator_sets_exists() -> None:
    known = set(_VARIABLE.findall((ROOT / "docs" / "reference" / "reglages.md").read_text(encoding="utf-8")))
    named = {(path.name, name) for path, text in _texts() for name in _VARIABLE.findall(text)}
    assert {(file, name) for file, name in named if name not in known} == set()
    assert len(named) > 8


def test_a_runner_gets_more_time_to_end_than_it_gives_its_sessions() -> None:
    from orchestrator.engine.session import CASE_LIMIT  # noqa: PLC0415

    service = _unit(DEPLOY / "systemd" / "glr-runner@.service")["Service"]
    name, _, grace = service["Environment"].partition("=")
    assert name == "GLR_GRACE"
    assert CASE_LIMIT < int(grace) < int(service["TimeoutStopSec"]) - 20


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze n'est pas sur cette machine")
def test_systemd_understands_every_unit(tmp_path: Path) -> None:
    units = [*SERVICES, *(DEPLOY / "systemd").glob("*.timer")]
    for path in units:
        text = path.read_text(encoding="utf-8").replace(PROGRAM, sys.executable)
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / path.name) for path in units)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_compose_file_starts_our_commands_and_declares_what_it_uses() -> None:
    said: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    services = said["services"]
    assert set(services) == {"base", "orchestrateur", "poste"}
    for name in ("orchestrateur", "poste"):
        _understood(services[name]["command"])
        assert set(services[name]["depends_on"]) <= set(services)
    used = {volume.partition(":")[0] for service in services.values() for volume in service["volumes"]}
    assert {name for name in used if not name.startswith("./")} == set(said["volumes"])
    assert {secret for service in services.values() for secret in service["secrets"]} == set(said["secrets"])
    build = services["poste"]["build"]
    assert (DEPLOY / build["context"]).resolve() == ROOT
    container = (ROOT / build["dockerfile"]).read_text(encoding="utf-8")
    copied = {word for line in re.findall(r"^COPY (.+) \S+$", container, re.MULTILINE) for word in line.split()}
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert copied >= {"orchestrator", "keywords", "checker", "sandbox", "locks", "scripts"}
