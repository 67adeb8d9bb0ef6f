"""``glr serve``: the console, the planner and the exporter of the audit log."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import click
import uvicorn

from orchestrator.bootstrap.alert_sender import send_alerts
from orchestrator.bootstrap.closer import close_runs
from orchestrator.bootstrap.processes import die_with_parent, stop_event
from orchestrator.bootstrap.reconciliations import open_reconciliations
from orchestrator.bootstrap.scratch import scratch
from orchestrator.bootstrap.services import open_console, open_planner, serve_audit_log, watch_database
from orchestrator.bootstrap.urgency import follow_days
from orchestrator.bootstrap.world import World, build_world
from orchestrator.cli import options


@click.command()
@options.workspace
@click.option(
    "--port", type=click.IntRange(0, 65535), envvar="GLR_CONSOLE_PORT", show_envvar=True, help="Port de la console."
)
@click.option("--host", envvar="GLR_CONSOLE_HOST", show_envvar=True, help="Adresse d'écoute de la console.")
@click.option(
    "--planner/--no-planner",
    default=True,
    envvar="GLR_PLANNER",
    show_envvar=True,
    help="Démarrer les scénarios à leur heure.",
)
def serve(workspace: Path | None, port: int | None, host: str | None, planner: bool) -> None:  # noqa: FBT001
    """Console web, planification, clôture des exécutions et export du journal, jusqu'à Ctrl-C."""
    die_with_parent()
    settings = options.settings_of(workspace, console_port=port, console_host=host)

    async def run() -> None:
        stopping = stop_event()
        world = await build_world(settings)
        async with background(world, stopping), _planner(world, wanted=planner), open_console(world) as application:
            config = uvicorn.Config(
                application,
                host=settings.console_host,
                port=settings.console_port,
                access_log=False,  # it would write addresses; the console logs route patterns only
                log_level="warning",
                timeout_graceful_shutdown=2,  # an open progress page must not hold Ctrl-C back
            )
            await _serve(uvicorn.Server(config), stopping)

    with scratch():
        asyncio.run(run())


@contextlib.asynccontextmanager
async def background(world: World, stopping: asyncio.Event) -> AsyncIterator[None]:
    """Export the audit log, keep the database alive, follow days, close runs and send alerts, beside something else."""
    tasks = [
        asyncio.create_task(serve_audit_log(world, stopping)),
        asyncio.create_task(watch_database(world, stopping)),
        asyncio.create_task(follow_days(world, stopping)),
        asyncio.create_task(close_runs(world, stopping)),
        asyncio.create_task(send_alerts(world, stopping)),
    ]
    try:
        yield
    finally:
        stopping.set()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def _planner(world: World, *, wanted: bool) -> AsyncIterator[None]:
    """Start scenarios and daily reconciliations at their time, when that is wanted."""
    async with contextlib.AsyncExitStack() as stack:
        if wanted:
            await stack.enter_async_context(open_planner(world))
            await stack.enter_async_context(open_reconciliations(world))
        yield


async def _serve(server: uvicorn.Server, stopping: asyncio.Event) -> None:
    # uvicorn would take the signals for itself: they are ours, to stop everything in order
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    with contextlib.ExitStack() as stack:
        server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
        stack.callback(stopping.set)
        serving = asyncio.create_task(server.serve())
        waiting = asyncio.create_task(stopping.wait())
        await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await serving
        waiting.cancel()
