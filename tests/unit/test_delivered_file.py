"""What a closing suite is told of where its rows came from: a file that it may put away, or no file."""

from __future__ import annotations

import pytest

from orchestrator.bootstrap.closing import delivered_file


@pytest.mark.parametrize(
    ("delivery", "file"),
    [
        ("anomalies-arpege-20260327.csv", "anomalies-arpege-20260327.csv"),
        ("arpege-surveillance, candidate, du 27/03/2026", ""),
        ("compta.open_advances du 27/03/2026", ""),
        ("..", ""),
    ],
)
def test_only_a_delivery_that_came_in_a_file_is_one(delivery: str, file: str) -> None:
    assert delivered_file(delivery) == file
