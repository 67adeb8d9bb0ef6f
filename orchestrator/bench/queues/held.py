"""What claimers held, from their own logs: each writes down by its own clock from when to when it took a case for its own.

The database's tables are not asked: whoever held a case twice would have been told so by them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Held:
    """One case in the hands of one claimer."""

    case: str
    claimer: str
    epoch: int
    #: When its claim was answered, seconds since boot.
    began: float
    #: When it began to give the case back; of one that died, when its lease would end, counted from before it asked.
    ended: float

    @property
    def line(self) -> str:
        """As it is written down."""
        return f"{self.case} {self.claimer} {self.epoch} {self.began!r} {self.ended!r}\n"


def read(folder: Path) -> Iterator[Held]:
    """Give everything that the logs of a folder say."""
    for path in sorted(folder.glob("*.held")):
        for line in path.read_text(encoding="ascii").splitlines():
            case, claimer, epoch, began, ended = line.split()
            yield Held(case=case, claimer=claimer, epoch=int(epoch), began=float(began), ended=float(ended))


def held_by_two(held: Iterable[Held]) -> list[tuple[Held, Held]]:
    """Return the pairs that held one case at one time, and those that were given one under the same epoch."""
    ordered = sorted(held, key=lambda one: (one.case, one.began))
    near = [(one, other) for one, other in pairwise(ordered) if one.case == other.case]
    return [(one, other) for one, other in near if other.began < one.ended or other.epoch <= one.epoch]
