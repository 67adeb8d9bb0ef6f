"""The large file of the bench is one that the real reader takes, and says the same as what COPY is given."""

from __future__ import annotations

import csv
from pathlib import Path

from orchestrator.bench.load import report
from orchestrator.bench.load_files import DECLARED, write_files
from orchestrator.bench.queues.lane import Ran
from orchestrator.domain.keywords import compute
from orchestrator.drivers.deliveries import read_delivery
from orchestrator.language.load import load_scenario


@compute("banc.nothing", "Rien.")
def nothing() -> int:
    """Do nothing.

    Example: ``{compute: banc.nothing}``.
    """
    return 0


def test_both_files_hold_the_same_rows_but_for_the_bad_one_in_the_middle(tmp_path: Path) -> None:
    path = tmp_path / "banc-fichier.yaml"
    path.write_text(DECLARED, "utf-8")
    keywords = {"banc.nothing": nothing.__glr_keyword__}  # type: ignore[attr-defined]
    files = write_files(tmp_path, 7, 3_000)
    delivery = read_delivery(files.delivered, load_scenario(path, keywords=keywords, caisse="cpam-931"))
    with files.copied.open(encoding="utf-8", newline="") as file:
        copied = [[*row[:5], row[5].replace(".", ",")] for row in csv.reader(file, delimiter=";")]

    assert [(row.line, row.code) for row in delivery.bad] == [(1_502, "LONGUEUR")]
    assert [list(row.values.values()) for row in delivery.rows] == copied[:1_500] + copied[1_501:]


def test_a_ratio_is_of_one_round() -> None:
    def ran(wall: float, cpu: float, peak: float) -> Ran:
        return Ran(jobs=1000, cpu=cpu, client=cpu, wall=wall, peak=peak)

    rounds = [{"load": ran(10, 8, 90), "copy": ran(1, 1, 40)}, {"load": ran(30, 9, 95), "copy": ran(2, 1, 40)}]
    figures = report(rounds)

    assert figures["load_against_copy"]["wall"] == {"min": 10, "median": 12.5, "max": 15}
    assert figures["rows_per_second"]["load"] == {"min": 33.333, "median": 66.667, "max": 100}
    assert figures["peak_mb"]["load"] == {"min": 90, "median": 92.5, "max": 95}
