"""``glr session``, hidden: one robot session; apart from the runner's command, whose queue it does not need to import."""

from __future__ import annotations

from uuid import UUID, uuid4

import click

from orchestrator.bootstrap.processes import die_with_parent
from orchestrator.bootstrap.robots import run_session
from orchestrator.bootstrap.world import running_world
from orchestrator.cli import options
from orchestrator.suites.host import hosted


@click.command(hidden=True)
@click.option("--caisse", required=True)
@click.option("--scenario", required=True)
@click.option("--runner", "runner_", required=True, type=click.UUID)
@click.option("--session", "session_", default=uuid4, type=click.UUID)
def session(caisse: str, scenario: str, runner_: UUID, session_: UUID) -> None:
    """Run one robot session; started by a runner, which gives the settings in the environment."""
    die_with_parent()
    world = running_world(options.settings_of(None, caisse=caisse))
    hosted(lambda robot: run_session(world, scenario, runner_, session_, robot, robot.stopping))
