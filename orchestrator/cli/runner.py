"""``glr runner``: the process that hosts robot sessions."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from orchestrator.bootstrap.processes import die_with_parent, stop_event
from orchestrator.bootstrap.runners import build_runner
from orchestrator.bootstrap.scratch import scratch
from orchestrator.bootstrap.world import build_world
from orchestrator.cli import options
from orchestrator.domain.labels import read_labels


def _labels(_: click.Context, __: click.Parameter, given: str | None) -> str | None:
    try:
        return None if given is None else ",".join(read_labels(given))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command()
@options.workspace
@click.option(
    "--sessions", type=click.IntRange(1, 64), envvar="GLR_SESSIONS", show_envvar=True, help="Sessions robot au plus."
)
@click.option(
    "--labels",
    metavar="ÉTIQUETTES",
    callback=_labels,
    envvar="GLR_LABELS",
    show_envvar=True,
    help="Ce que cette machine a et que des robots demandent (runs_on:), par exemple web,siege.",
)
def runner(workspace: Path | None, sessions: int | None, labels: str | None) -> None:
    """Poste d'exécution : héberge les sessions des robots, jusqu'à Ctrl-C."""
    die_with_parent()

    async def serve() -> None:
        stopping = stop_event()
        world = await build_world(options.settings_of(workspace, sessions=sessions, labels=labels))
        with scratch() as alive:
            await build_runner(world, alive).run(stopping)

    asyncio.run(serve())
