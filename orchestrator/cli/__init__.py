"""The command line: ``glr``."""

from __future__ import annotations

import ast
import gc
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import psycopg

from orchestrator.cli.exits import HELP, Exit
from orchestrator.domain.errors import (
    ApplicationClosed,
    BadDelivery,
    GlrError,
    HouseRestored,
    LoginRefused,
    RefusedDelivery,
    SettingsError,
)
from orchestrator.language.faults import ScenarioErrors
from orchestrator.store.database import StoreError, StoreUnavailable
from orchestrator.store.embedded_errors import EmbeddedPostgresError

_EXITS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], Exit], ...] = (
    ((RefusedDelivery, BadDelivery), Exit.DELIVERY),
    ((ApplicationClosed, LoginRefused, HouseRestored), Exit.STOPPED),
    (ScenarioErrors, Exit.SCENARIO),
    (SettingsError, Exit.SETTINGS),
    ((StoreUnavailable, StoreError, EmbeddedPostgresError), Exit.DATABASE),
    (GlrError, Exit.UNEXPECTED),
)


#: Where each command is; imported when it is asked for, since a robot session must not pay for the console.
_COMMANDS = (
    {
        name: f"orchestrator.cli.{name}"
        for name in (
            "account",
            "alert",
            "application",
            "backup",
            "bench",
            "bundle",
            "campaign",
            "check",
            "close",
            "database",
            "demo",
            "docs",
            "evidence",
            "machine",
            "new",
            "plan",
            "publish",
            "reconcile",
            "replay",
            "restore",
            "robot",
            "run",
            "runner",
            "sandbox",
            "screens",
            "serve",
            "session",
            "shadow",
            "simulate",
            "status",
            "stop",
            "verify",
            "wake",
        )
    }
    | {
        "extraction": "orchestrator.cli.run",
        "dry-run": "orchestrator.cli.dry_run",
    }
    | {"closing": "orchestrator.cli.close", "resume": "orchestrator.cli.stop"}
)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Import without looking for garbage: modules make none, and the search is a tenth of the start of each process."""
    looked = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looked:
            gc.enable()


def _function(command: str) -> str:
    return command.replace("-", "_")


def short_help(command: str) -> str:
    """Return the first sentence of a command, read without importing it (all of them: two seconds); empty for a hidden one."""
    path = Path(__file__).parent / f"{_COMMANDS[command].rpartition('.')[2]}.py"
    parsed = ast.parse(path.read_text(encoding="utf-8"))
    made = next(each for each in parsed.body if isinstance(each, ast.FunctionDef) and each.name == _function(command))
    given = [said.arg for each in made.decorator_list if isinstance(each, ast.Call) for said in each.keywords]
    return (
        "" if "hidden" in given else click.Command(command, help=ast.get_docstring(made)).get_short_help_str(limit=200)
    )


class _Commands(click.Group):
    """The commands, imported one by one."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(_COMMANDS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each command with its first sentence whole: who reads the list looks for what a command does."""
        rows = [(name, said) for name in self.list_commands(ctx) if (said := short_help(name))]
        with formatter.section("Commandes"):
            formatter.write_dl(rows)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        with _uncollected():
            module = importlib.import_module(_COMMANDS[cmd_name])
        command: click.Command = getattr(module, _function(cmd_name))
        return command


@click.group(
    cls=_Commands, epilog=HELP, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(package_name="go-les-robots", prog_name="glr")
def commands() -> None:
    """Go-les-robots : des robots qui vérifient, extraient et saisissent, et qui en répondent."""


def main() -> None:
    """Run a command; known errors become one sentence and a named exit code."""
    try:
        # click returns the code of an Exit instead of raising it
        sys.exit(commands(standalone_mode=False) or Exit.OK)
    except click.ClickException as error:
        error.show()
        sys.exit(Exit.USAGE)
    except (KeyboardInterrupt, click.Abort):
        sys.exit(Exit.INTERRUPTED)
    except GlrError as error:
        click.echo(str(error), err=True)
        sys.exit(next(code for kind, code in _EXITS if isinstance(error, kind)))
    except psycopg.OperationalError:
        click.echo("La base de données ne répond pas (GLR_DATABASE_URL, ou l'espace de travail).", err=True)
        sys.exit(Exit.DATABASE)
