"""Each way of writing a delivery that the guide shows reads the small file that stands beside it."""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from orchestrator.drivers.deliveries import read_delivery
from orchestrator.language.model import Scenario

DOCS = Path(__file__).parents[3] / "docs"
FILES = sorted((DOCS / "exemples" / "livraisons").iterdir())
EXAMPLES: list[str] = re.findall(
    r"```yaml\nsources:\n(.*?)```", (DOCS / "guides" / "sources.md").read_text("utf-8"), re.DOTALL
)
_BLOCK = re.compile(r"sources:\n(  .*\n)+")
_AMOUNT = "    amount:     {type: euros, column: Montant}\n"
#: The number of the row that is set aside, and where its NIR stands in it.
ASIDE = {
    "anomalies-2026-03-27.txt": (4, ", octets 4 à 18"),
    "anomalies-arpege-2026-03-27.csv": (4, ""),
    "camt054-2026-03-27.xml": (3, ""),
    "dsn-2026-03-27.txt": (19, ", rubrique S21.G00.30.001"),
    "pain001-2026-03-27.xml": (3, ""),
}


def example_for(name: str) -> str:
    found = [each for each in EXAMPLES if any(fnmatchcase(name, p) for p in re.findall(r"- \w+: (\S+)", each))]
    assert len(found) == 1, name
    return found[0]


def test_every_file_beside_the_guide_is_read() -> None:
    assert [file.name for file in FILES] == sorted(ASIDE)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_guide_s_example_reads_its_file(file: Path, text: str, load: Callable[[str], Scenario]) -> None:
    example = example_for(file.name)
    if "amount" in example:
        text = text.replace("    anomaly:    {type", f"{_AMOUNT}    anomaly:    {{type", 1)
    delivery = read_delivery(file, load(_BLOCK.sub(lambda _: f"sources:\n{example}", text, count=1)))

    line, place = ASIDE[file.name]
    assert [(row.values["birth_name"], row.values["stop_id"]) for row in delivery.rows] == [
        ("Le Gall", "AT0001"),
        ("Guérin", "AT0002"),
        ("Noël-D'Arçon", "AT0003"),
    ]
    assert [(row.line, row.reason) for row in delivery.bad] == [
        (line, f"colonne « N° assuré »{place} : clé du NIR fausse")
    ]
