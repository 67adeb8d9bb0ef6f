"""What the robots of a round enter, and where: advances in COMPTA's pages, transfers on PROGRES's green screen."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.bootstrap.practice import TODAY, Practice

#: A person and the object of a row, a stop or a transfer: what may be entered once.
Effect = tuple[str, str]
_CHANGED = {"O": "N", "N": "O"}
#: Where a line of a wave says whose it is, which transfer, and whether there is C2S; its length.
_NIR, _TRANSFER, _C2S, _LENGTH = slice(23, 38), slice(3, 23), 121, 123


@dataclass(frozen=True, kw_only=True)
class Target:
    """An application, the scenarios that enter there, and their deliveries."""

    #: The application whose ledger is judged.
    application: str
    scenarios: tuple[str, ...]
    #: A delivery's name: the first, and another with the same objects by its number.
    first: str
    again: str
    #: Writes the delivery once more under another name, one row changed, by a number.
    change: Callable[[Practice, Path, Path, int], object]
    #: The effect of each line of a delivery.
    effects: Callable[[Path], Sequence[Effect]]
    #: How long a frozen process stays so, in leases: past its end, past the quiet time that follows, and past a person's look.
    frozen: float = 8.0
    #: Makes the delivery of a round and what the applications know of it; None: it comes with the population.
    make: Callable[[Practice, Path], object] | None = None
    #: It lists what an account entered: reconciled after a restoration; else a person says that he looked there.
    listed: bool = True
    #: A business day on which the applications show as done what was entered; None: nothing waits for another day.
    later: str | None = None


def _change_advance(practice: Practice, _: Path, file: Path, number: int) -> None:
    practice.sandbox("delivery", "--date", TODAY, "--out", str(file), "--change-one", str(number))


def _advances(file: Path) -> list[Effect]:
    rows = csv.reader(file.read_text("cp1252").splitlines(), delimiter=";")
    return [(row[0].replace(" ", "").upper(), row[2].strip()) if len(row) > 2 else ("", "") for row in rows]


def _make_wave(practice: Practice, file: Path) -> None:
    practice.sandbox("wave", "--rows", str(practice.cases), "--out", str(file))


def _change_transfer(_: Practice, first: Path, file: Path, number: int) -> None:
    """Let one line say otherwise whether there is C2S; never the line that is cut short."""
    lines = first.read_bytes().decode("cp1252").split("\r\n")
    whole = [place for place, line in enumerate(lines[1:-2], start=1) if len(line) == _LENGTH]
    place = whole[number % len(whole)]
    line = lines[place]
    lines[place] = line[:_C2S] + _CHANGED[line[_C2S]] + line[_C2S + 1 :]
    file.write_bytes("\r\n".join(lines).encode("cp1252"))


def _transfers(file: Path) -> list[Effect]:
    return [(line[_NIR].strip(), line[_TRANSFER].strip()) for line in file.read_text("cp1252").splitlines()]


#: By application. Two scenarios ask for the same advances: one effect key, two robots.
TARGETS: Mapping[str, Target] = {
    "compta": Target(
        application="compta",
        scenarios=("ij-acompte", "ij-acompte-robot"),
        first=f"anomalies-arpege-{TODAY.replace('-', '')}.csv",
        again="anomalies-arpege-reprise-{}.csv",
        change=_change_advance,
        effects=_advances,
    ),
    "progres": Target(
        application="progres",
        scenarios=("mutation-entrante",),
        first="vague-mutations-1.txt",
        again="vague-mutations-reprise-{}.txt",
        make=_make_wave,
        later="2026-04-10",
        listed=False,
        frozen=12.0,  # a doubt is looked at behind what is ready, and a green screen's cases are many a second
        change=_change_transfer,
        effects=_transfers,
    ),
}
