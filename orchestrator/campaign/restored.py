"""A house that is lost, and brought back from its backup by people who do what the guide says; what robots entered since is
unknown to it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import httpx

from orchestrator.campaign.console import Console
from orchestrator.campaign.hands import NotNow
from orchestrator.campaign.house import QUIET, House

_TICKED = re.compile(r'name="(ecart-[0-9a-f-]{36})"')
_SUPERVISOR = "superviseur"
#: Times that people begin again, since pages fail and sessions expire for them too.
_TIMES = 30


class NeverLifted(Exception):
    """Robots were not let go, whatever people did."""


def lose_and_bring_back(house: House, backup: Path, *, machines: bool) -> None:
    """Lose the database, restore it, look at what was entered since, and let robots go on.

    :param machines: those of the runners are lost too; else their sessions live on meanwhile.
    """
    house.lose(machines=machines)
    time.sleep(QUIET)  # to restore takes longer than an application takes to commit
    house.bring_back(backup)
    _look_and_let_go(house)
    house.start_runners()


def _look_and_let_go(house: House) -> None:
    console = Console(house=house, login=_SUPERVISOR)
    for _ in range(_TIMES):
        house.watch()
        try:
            _look(house)
            _explain(console)
        except (httpx.HTTPError, NotNow):
            console.leave()
        if _glr(house, "resume", "--restored", "--by", _SUPERVISOR) == 0:
            return
        time.sleep(1)
    raise NeverLifted(f"{_TIMES} rapprochements n'ont pas suffi")


def _look(house: House) -> None:
    if house.target.listed:
        _glr(house, "reconcile")
    else:
        said = ("--looked", house.target.application, "--reason", "Les listes de l'application ont été regardées.")
        _glr(house, "resume", "--restored", *said, "--by", _SUPERVISOR)


def _explain(console: Console) -> None:
    shown = console.page("/ecarts")
    while ticked := _TICKED.findall(shown):
        said = dict.fromkeys(ticked, "on")
        console.post("/ecarts/expliquer", shown, motif="Saisi depuis la sauvegarde, vu dans l'application.", **said)
        shown = console.page("/ecarts")


def _glr(house: House, *words: str) -> int:
    environment = {**os.environ, **house.settings.environment, "GLR_PASSWORD": house.people[_SUPERVISOR]}
    command = [sys.executable, "-m", "orchestrator.cli", *words]
    with (house.settings.workspace / "logs" / "restored.log").open("ab") as log:
        return subprocess.run(command, env=environment, stdout=log, stderr=log, check=False).returncode
