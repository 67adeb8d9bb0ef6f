"""Runners: apart from robot sessions, which do without the queue of tickets."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version

from orchestrator.bootstrap.world import World
from orchestrator.domain.labels import read_labels
from orchestrator.engine.runner import Runner
from orchestrator.settings import VARIABLES
from orchestrator.store.known_schema import newest


def build_runner(world: World, alive: int) -> Runner:
    """Return this machine's runner.

    :param alive: the descriptor of its :func:`~.scratch.scratch`, where its sessions draft.
    """
    return Runner(
        conninfo=world.urls["glr_runner"],
        session_command=[sys.executable, "-m", "orchestrator.cli", "session"],
        environment={**_without_the_owner(world), "GLR_PARENT": str(os.getpid())},
        sessions=world.settings.sessions,
        shared=(alive,),
        labels=read_labels(world.settings.labels),
        program=version("go-les-robots"),
        knows=newest(),
        grace=world.settings.grace,
    )


def _without_the_owner(world: World) -> dict[str, str]:
    """Return the environment of a robot session: of an administered database it knows the runner's address alone."""
    given = {**os.environ, **world.settings.environment}
    if world.settings.embedded:
        return given
    others = set(VARIABLES.values()) - {VARIABLES["glr_runner"]}
    return {name: value for name, value in given.items() if name not in others} | {
        VARIABLES["glr_runner"]: world.urls["glr_runner"]
    }
