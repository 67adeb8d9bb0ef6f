"""The command line: ``glr``."""

from __future__ import annotations

import importlib
import sys

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
            "shadow",
            "simulate",
            "status",
            "stop",
            "verify",
            "wake",
        )
    }
    | {
        "session": "orchestrator.cli.runner",
        "extraction": "orchestrator.cli.run",
        "dry-run": "orchestrator.cli.dry_run",
    }
    | {"closing": "orchestrator.cli.close", "resume": "orchestrator.cli.stop"}
)


class _Commands(click.Group):
    """The commands, imported one by one."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(_COMMANDS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each command with its first sentence whole: who reads the list looks for what a command does."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, each.get_short_help_str(limit=200)) for name, each in found if each and not each.hidden]
        with formatter.section("Commandes"):
            formatter.write_dl(rows)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(_COMMANDS[cmd_name]), cmd_name.replace("-", "_"))
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
