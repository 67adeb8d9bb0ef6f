"""``glr bench drivers``: cases per core of the engine against other ways to drive the same screens, interleaved in one run.

Three lanes do the case of ``ij-acompte`` on the same practice applications: the engine as it is installed, the engine
reading through pages only, and the script written by hand. What is not installed is said to be absent, never guessed.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from statistics import median
from typing import Any

from orchestrator.bench.overhead import WARM_UP, Overhead, RoundFailed, nominal_rows
from orchestrator.bootstrap.practice import Practice
from orchestrator.bootstrap.processes import stop_children
from orchestrator.bootstrap.world import World

#: The goals of the house, cases per core against the other lane.
GOALS = {"playwright": 3.0, "playwright_pages_only": 1.4, "browser_library": 4.0, "selenium": 8.0}
_LANES = ("engine", "pages_only", "script")


@dataclass(frozen=True, kw_only=True)
class Turn:
    """CPU and wall-clock milliseconds per case of each lane in one round."""

    cpu: dict[str, float]
    wall: dict[str, float]


@dataclass
class Drivers(Overhead):
    """The benchmark in one workspace of its own; the order of the lanes rotates from round to round."""

    def measure(self, say: Callable[[str], None]) -> list[Turn]:
        """Measure every round; raises :class:`RoundFailed` when a lane does not get through."""
        with self.practice_world() as (world, practice):
            return [self._turn(number, world, practice, say) for number in range(self.rounds)]

    def people(self) -> int:
        """How many people the practice population needs: about every second one is entered."""
        return max(60, 3 * self.rounds * (self.cases + WARM_UP) * 2)

    def _turn(self, number: int, world: World, practice: Practice, say: Callable[[str], None]) -> Turn:
        rows, size, measured = nominal_rows(practice), self.cases + WARM_UP, {}
        first = number % len(_LANES)
        for lane in (*_LANES[first:], *_LANES[:first]):
            place = number * len(_LANES) + _LANES.index(lane)
            mine = rows[place * size :][:size]
            if len(mine) < size:
                raise RoundFailed("La population du banc est trop petite pour ce nombre de manches.")
            if lane == "script":
                measured[lane] = self.script_side(place, world, practice, mine)
                continue
            runner = self.start_runner(pages_only=lane == "pages_only")
            try:
                measured[lane] = self.engine_side(place, world, practice, runner, mine)
            finally:
                stop_children([runner])
        turn = Turn(cpu={n: v[0] for n, v in measured.items()}, wall={n: v[1] for n, v in measured.items()})
        say(
            f"manche {number + 1} : "
            + ", ".join(f"{lane} {turn.cpu[lane]:.0f} ms" for lane in _LANES)
            + " CPU par dossier"
        )
        return turn


def absent() -> dict[str, str]:
    """Say in French why a lane has no figure, by lane."""
    return {
        "browser_library": _why(find_spec("Browser") is not None, "robotframework-browser n'est pas installé"),
        "selenium": _why(shutil.which("chromedriver") is not None, "chromedriver est introuvable"),
    }


def _why(installed: bool, sentence: str) -> str:  # noqa: FBT001
    return "non mesuré : ce banc n'a pas encore de suite pour lui" if installed else f"absent : {sentence}"


def report(turns: Sequence[Turn]) -> dict[str, Any]:
    """Return the figures: ratios are of paired rounds, their median is what counts."""
    ratios = {
        "playwright": [turn.cpu["script"] / turn.cpu["engine"] for turn in turns],
        "playwright_pages_only": [turn.cpu["script"] / turn.cpu["pages_only"] for turn in turns],
    }
    figures = {f"{lane}_cpu_ms": [turn.cpu[lane] for turn in turns] for lane in _LANES}
    figures |= {f"{lane}_wall_ms": [turn.wall[lane] for turn in turns] for lane in _LANES}
    figures |= {f"ratio_{name}": values for name, values in ratios.items()}
    medians = {name: round(median(ratios[name]), 3) if name in ratios else None for name in GOALS}
    return {
        "bench": "drivers",
        "rounds": len(turns),
        "load": [round(value, 2) for value in os.getloadavg()],
        "figures": {name: _spread(values) for name, values in figures.items()},
        "absent": absent(),
        "goals": GOALS,
        "reached": {name: value is not None and value >= GOALS[name] for name, value in medians.items()},
        "ratio_cases_per_core": medians,
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {"min": round(min(values), 3), "median": round(median(values), 3), "max": round(max(values), 3)}
