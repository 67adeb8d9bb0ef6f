"""What ``glr bench overhead`` says of its rounds: ratios of paired rounds, never of two medians."""

from __future__ import annotations

from orchestrator.bench.overhead import GOAL, Round, summary


def test_the_ratio_is_of_paired_rounds_and_the_goal_is_judged_by_its_median() -> None:
    pairs = [(100.0, 200.0), (300.0, 200.0), (220.0, 200.0)]
    rounds = [Round(engine=engine, script=script, engine_wall=1.0, script_wall=2.0) for engine, script in pairs]
    said = summary(rounds)
    assert said["ratio"] == {"min": 0.5, "median": 1.1, "max": 1.5}
    assert said["engine_cpu_ms"]["median"] == 220.0
    assert said["reached"] is (GOAL >= 1.1)
    slower = [Round(engine=240.0, script=200.0, engine_wall=1.0, script_wall=2.0)]
    assert summary(slower)["reached"] is False
