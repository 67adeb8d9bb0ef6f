"""Who judges what claimers held must itself see a case in two hands."""

from __future__ import annotations

from pathlib import Path

from orchestrator.bench.queues.held import Held, held_by_two, read


def held(case: str, epoch: int, began: float, ended: float) -> Held:
    return Held(case=case, claimer=f"claimer-{epoch}", epoch=epoch, began=began, ended=ended)


def test_one_after_the_other_is_well_also_as_written_to_a_log(tmp_path: Path) -> None:
    well = [held("a", 2, 1.5, 2.0), held("a", 1, 0.1, 1.4999), held("b", 1, 1.0, 1.2)]
    (tmp_path / "one.held").write_text("".join(one.line for one in well), encoding="ascii")
    assert list(read(tmp_path)) == well
    assert held_by_two(well) == []


def test_a_case_in_two_hands_is_seen() -> None:
    first, second = held("a", 1, 0.1, 1.5), held("a", 2, 1.4, 2.0)
    assert held_by_two([second, held("b", 1, 0.0, 9.0), first]) == [(first, second)]


def test_two_claims_under_one_epoch_are_seen() -> None:
    first, second = held("a", 1, 0.1, 1.0), held("a", 1, 1.4, 2.0)
    assert held_by_two([first, second]) == [(first, second)]
