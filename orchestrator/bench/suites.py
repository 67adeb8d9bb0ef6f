"""``glr bench robot``, through the engine: the same cases by the YAML scenario and by the suite, in paired rounds.

Both do the same readings, look-ups, act and read-back on the same screens; what differs is Robot Framework. Measured between
two lines of COMPTA's own ledger, after a warm-up: the start of a session is on neither side.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, ClassVar

from orchestrator.bench.overhead import SCENARIO, WARM_UP, Overhead, RoundFailed, nominal_rows
from orchestrator.bootstrap.practice import Practice
from orchestrator.bootstrap.processes import stop_children
from orchestrator.bootstrap.world import World

SUITE = "ij-acompte-robot"
#: Milliseconds that a case may take longer by the suite.
GOAL_MS = 10.0


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One paired round: CPU and wall-clock milliseconds a case, by scenario."""

    cpu: Mapping[str, float]
    wall: Mapping[str, float]


class Suites(Overhead):
    """The benchmark in one workspace of its own."""

    scenarios: ClassVar[tuple[str, ...]] = (SCENARIO, SUITE)

    def measure(self, say: Callable[[str], None]) -> list[Pair]:
        """Measure, the order of the two alternating from round to round."""
        with self.practice_world() as (world, practice):
            rows, size = nominal_rows(practice), self.cases + WARM_UP
            if len(rows) < 2 * self.rounds * size:
                raise RoundFailed("La population du banc est trop petite pour ce nombre de manches.")
            return [self._pair(number, world, practice, rows, say) for number in range(self.rounds)]

    def _pair(
        self,
        number: int,
        world: World,
        practice: Practice,
        rows: Sequence[Mapping[str, Any]],
        say: Callable[[str], None],
    ) -> Pair:
        size, found = self.cases + WARM_UP, {}
        for scenario in self.scenarios if number % 2 == 0 else reversed(self.scenarios):
            place = 2 * number + self.scenarios.index(scenario)
            runner = self.start_runner(pages_only=False)
            try:
                mine = rows[place * size :][:size]
                found[scenario] = self.engine_side(place, world, practice, runner, mine, scenario)
            finally:
                stop_children([runner])
        pair = Pair(cpu={n: v[0] for n, v in found.items()}, wall={n: v[1] for n, v in found.items()})
        say(f"manche {number + 1} : YAML {pair.wall[SCENARIO]:.0f} ms, suite {pair.wall[SUITE]:.0f} ms par dossier")
        return pair


def report(pairs: Sequence[Pair]) -> dict[str, Any]:
    """Return the figures; the difference and the ratio are of paired rounds."""
    figures = {
        "yaml_wall_ms": [pair.wall[SCENARIO] for pair in pairs],
        "suite_wall_ms": [pair.wall[SUITE] for pair in pairs],
        "yaml_cpu_ms": [pair.cpu[SCENARIO] for pair in pairs],
        "suite_cpu_ms": [pair.cpu[SUITE] for pair in pairs],
        "suite_more_wall_ms": [pair.wall[SUITE] - pair.wall[SCENARIO] for pair in pairs],
        "suite_more_cpu_ms": [pair.cpu[SUITE] - pair.cpu[SCENARIO] for pair in pairs],
        "ratio_wall": [pair.wall[SUITE] / pair.wall[SCENARIO] for pair in pairs],
    }
    spread = {
        name: {"min": round(min(values), 3), "median": round(median(values), 3), "max": round(max(values), 3)}
        for name, values in figures.items()
    }
    return {**spread, "goal_more_ms": GOAL_MS, "reached": spread["suite_more_wall_ms"]["median"] <= GOAL_MS}
