"""``glr bench drivers``: cases per core of the engine against other ways to drive the same screens, interleaved in one run.

Each lane does the case of ``ij-acompte`` on the same practice applications, with the same screens, look-ups, read-back
and capture: the engine as it is installed, the engine reading through pages only, a Playwright script written by hand,
and suites with Browser library and RPA.Browser.Selenium. What cannot run here is said to be absent, never guessed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from orchestrator.bench.overhead import WARM_UP, Overhead, RoundFailed, nominal_rows
from orchestrator.bench.rivals import NOT_ASKED, Rival, rivals
from orchestrator.bootstrap.practice import Practice
from orchestrator.bootstrap.processes import stop_children
from orchestrator.bootstrap.world import World

#: The goals of the house, cases per core against the other lane.
GOALS = {"playwright": 3.0, "playwright_pages_only": 1.4, "browser_library": 4.0, "selenium": 8.0}
#: Which lane is divided by which, by the name of the ratio.
_PAIRS = {
    "playwright": ("script", "engine"),
    "playwright_pages_only": ("script", "pages_only"),
    "browser_library": ("browser_library", "engine"),
    "selenium": ("selenium", "engine"),
}
_ENGINE = ("engine", "pages_only")


@dataclass(frozen=True, kw_only=True)
class Turn:
    """CPU and wall-clock milliseconds per case of each lane in one round."""

    cpu: Mapping[str, float]
    wall: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Every round, and why a lane has no figure."""

    turns: Sequence[Turn]
    absent: Mapping[str, str]


@dataclass
class Drivers(Overhead):
    """The benchmark in one workspace of its own; the order of the lanes rotates from round to round."""

    #: False: Browser library and Selenium are neither installed nor measured.
    with_rivals: bool = True

    def measure(self, say: Callable[[str], None]) -> Measured:
        """Measure every round; raises :class:`RoundFailed` when a lane does not get through."""
        known = rivals(say) if self.with_rivals else NOT_ASKED
        able = {rival.lane: rival for rival in known if rival.python}
        with self.practice_world() as (world, practice):
            turns = [self._turn(number, world, practice, able, say) for number in range(self.rounds)]
        return Measured(turns=turns, absent={rival.lane: rival.absent for rival in known if not rival.python})

    def people(self) -> int:
        """How many people the practice population needs: about every second one is entered."""
        return max(60, 5 * self.rounds * (self.cases + WARM_UP) * 2)

    def _turn(
        self, number: int, world: World, practice: Practice, able: Mapping[str, Rival], say: Callable[[str], None]
    ) -> Turn:
        lanes = (*_ENGINE, "script", *able)
        rows, size, first = nominal_rows(practice), self.cases + WARM_UP, number % len(lanes)
        if len(rows) < self.rounds * len(lanes) * size:
            raise RoundFailed("La population du banc est trop petite pour ce nombre de manches.")
        measured: dict[str, tuple[float, float]] = {}
        for lane in (*lanes[first:], *lanes[:first]):
            place = number * len(lanes) + lanes.index(lane)
            mine, before = rows[place * size :][:size], len(practice.proposals())
            if lane in _ENGINE:
                measured[lane] = self._by_engine(place, world, practice, mine, pages_only=lane == "pages_only")
            elif lane == "script":
                measured[lane] = self.script_side(place, world, practice, mine)
            else:
                output = self.settings.workspace / "rounds" / f"suite-{place}"
                command = able[lane].command(output, self.write_job(place, world, mine))
                measured[lane] = self.other_side(practice, command)
            _check_ledger(lane, practice.proposals()[before:], mine)
        turn = Turn(cpu={n: v[0] for n, v in measured.items()}, wall={n: v[1] for n, v in measured.items()})
        figures = ", ".join(f"{lane} {turn.cpu[lane]:.0f} ms" for lane in lanes)
        say(f"manche {number + 1} : {figures} CPU par dossier")
        return turn

    def _by_engine(
        self, place: int, world: World, practice: Practice, mine: Sequence[Mapping[str, Any]], *, pages_only: bool
    ) -> tuple[float, float]:
        runner = self.start_runner(pages_only=pages_only)
        try:
            return self.engine_side(place, world, practice, runner, mine)
        finally:
            stop_children([runner])


def _check_ledger(lane: str, entered: Sequence[Mapping[str, Any]], asked: Sequence[Mapping[str, Any]]) -> None:
    """Refuse a lane that did not enter in COMPTA exactly what the oracle expects: a wrong entry is never fast."""
    done = sorted((line["stop"], line["amount_c"]) for line in entered)
    if done != sorted((row["stop"], row["amount_c"]) for row in asked):
        raise RoundFailed(f"La voie « {lane} » n'a pas saisi dans COMPTA ce qui était attendu.")


def report(measured: Measured) -> dict[str, Any]:
    """Return the figures: ratios are of paired rounds, their median is what counts."""
    turns = measured.turns
    ratios = {
        name: [turn.cpu[other] / turn.cpu[ours] for turn in turns]
        for name, (other, ours) in _PAIRS.items()
        if other in turns[0].cpu
    }
    figures = {f"{lane}_cpu_ms": [turn.cpu[lane] for turn in turns] for lane in turns[0].cpu}
    figures |= {f"{lane}_wall_ms": [turn.wall[lane] for turn in turns] for lane in turns[0].wall}
    figures |= {f"ratio_{name}": values for name, values in ratios.items()}
    medians = {name: round(median(ratios[name]), 3) if name in ratios else None for name in GOALS}
    return {
        "bench": "drivers",
        "rounds": len(turns),
        "load": [round(value, 2) for value in os.getloadavg()],
        "figures": {name: _spread(values) for name, values in figures.items()},
        "absent": dict(measured.absent),
        "goals": GOALS,
        "reached": {name: value is not None and value >= GOALS[name] for name, value in medians.items()},
        "ratio_cases_per_core": medians,
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {"min": round(min(values), 3), "median": round(median(values), 3), "max": round(max(values), 3)}
