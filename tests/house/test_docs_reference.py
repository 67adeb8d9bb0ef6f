"""The docs against the house: every command, option, setting and exit code is documented, and nothing else is."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from orchestrator.cli import commands, short_help
from orchestrator.cli.exits import Exit
from orchestrator.settings import Settings

ROOT = Path(__file__).parents[2]
DOCS = (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "deploy").glob("*.md"))
COMMANDS = (ROOT / "docs" / "reference" / "commandes.md").read_text(encoding="utf-8")
SETTINGS = (ROOT / "docs" / "reference" / "reglages.md").read_text(encoding="utf-8")
_VARIABLE = re.compile(r"GLR_[A-Z][A-Z_]*[A-Z]")
#: Commands that ``./glr`` itself carries out.
SCRIPT_ONLY = {"test"}


def _leaves(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """Walk the commands that people may see, with their full names."""
    if command.hidden:
        return
    if isinstance(command, click.Group):
        context = click.Context(command)
        for part in command.list_commands(context):
            inner = command.get_command(context, part)
            assert inner is not None
            yield from _leaves(inner, f"{name} {part}")
    else:
        yield name, command


LEAVES = dict(_leaves(commands, "glr"))


def _section(name: str) -> str:
    """Return the part of the reference about a command."""
    _, _, rest = COMMANDS.partition(f"\n## `{name}`\n")
    return rest.partition("\n## ")[0]


def _options(command: click.Command) -> set[str]:
    return {
        text
        for option in command.params
        if isinstance(option, click.Option)
        for text in (*option.opts, *option.secondary_opts)
        if text.startswith("--")
    }


def test_every_command_has_its_section_and_every_section_its_command() -> None:
    assert set(re.findall(r"^## `(glr [^`]*)`$", COMMANDS, re.MULTILINE)) == set(LEAVES)


def test_the_list_of_commands_says_what_each_of_them_says_of_itself() -> None:
    context = click.Context(commands)
    found = [(name, commands.get_command(context, name)) for name in commands.list_commands(context)]
    said = {name: "" if each.hidden else each.get_short_help_str(limit=200) for name, each in found if each}
    assert {name: short_help(name) for name in said} == said


@pytest.mark.parametrize("name", LEAVES)
def test_every_option_of_a_command_is_documented_and_no_other(name: str) -> None:
    documented = set(re.findall(r"`(--[a-z-]+)`", _section(name)))
    assert documented == _options(LEAVES[name])


def test_every_exit_code_is_documented_under_its_name() -> None:
    documented = dict(re.findall(r"^\| (\d+) \| ([A-Z]+) \|", COMMANDS, re.MULTILINE))
    assert documented == {str(code.value): code.name for code in Exit}


def _known_variables() -> set[str]:
    """Settings, options, and what the code and the script name by themselves."""
    settings = {f"GLR_{name.upper()}" for name in Settings.model_fields}
    options = {str(option.envvar) for command in LEAVES.values() for option in command.params if option.envvar}
    sources = [ROOT / "glr", *(ROOT / "orchestrator").rglob("*.py"), *(ROOT / "tests" / "support").glob("*.py")]
    named = {name for path in sources for name in _VARIABLE.findall(path.read_text(encoding="utf-8"))}
    return settings | options | named


def test_every_variable_is_documented_and_every_documented_variable_exists() -> None:
    assert set(_VARIABLE.findall(SETTINGS)) == _known_variables()


def test_every_setting_has_its_own_row_with_a_default_and_a_meaning() -> None:
    rows = {
        name for name, default, meaning in re.findall(r"^\| `(GLR_\w+)` \| (.+) \| (.+) \|$", SETTINGS, re.MULTILINE)
    }
    assert {f"GLR_{name.upper()}" for name in Settings.model_fields} <= rows


def _command_lines() -> list[tuple[str, str]]:
    """Return each line of a shell block that calls ``glr``, with its file."""
    found = []
    for path in DOCS:
        for block in re.findall(r"```sh\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL):
            lines = [line.strip() for line in block.splitlines()]
            found += [(path.name, line) for line in lines if re.match(r"(sudo |\./)?glr ", line)]
    return found


@pytest.mark.parametrize(("file", "line"), _command_lines())
def test_every_command_line_of_the_docs_is_understood(
    file: str, line: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Parses it as the command would, without carrying it out; what an earlier line of the same page writes is there."""
    monkeypatch.chdir(ROOT)
    command: click.Command = commands
    written = {out for name, other in _command_lines() if name == file for out in re.findall(r"--out (\S+)", other)}
    words = [
        "README.md" if word in written and "--out" not in line else word
        for word in shlex.split(line.removeprefix("sudo "), comments=True)[1:]
    ]
    if words[0] in SCRIPT_ONLY:
        return
    while isinstance(command, click.Group):
        found = command.get_command(click.Context(command), words.pop(0))
        assert found is not None
        command = found
    command.make_context("glr", words)


def test_command_lines_are_found_at_all() -> None:
    assert len(_command_lines()) >= 8
