"""How far a run is: counts by outcome, pace, time that remains, and a bar drawn as SVG on the server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.console.words import ENDS

_STILL = {"ready", "waiting", "leased"}
_WIDTH = 1000


@dataclass(frozen=True, kw_only=True)
class Part:
    """One outcome of a run."""

    #: Its name in the style sheet.
    name: str
    #: In French.
    title: str
    #: How many rows.
    count: int
    #: Where its part of the bar begins and how wide it is, of 1000.
    start: int = 0
    width: int = 0


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Everything the moving part of a run's page shows."""

    #: Every outcome, in a fixed order; all rows of the delivery are in exactly one.
    parts: tuple[Part, ...]
    #: Rows of the delivery.
    rows: int
    #: Rows that need nothing more from the robot.
    done: int
    #: Cases in the hands of a robot now.
    leased: int
    #: 0 to 100.
    percent: int
    #: Cases per minute, and seconds that remain; None when there is nothing to measure.
    per_minute: float | None
    remaining: float | None
    #: Centimes.
    entered_c: int
    awaiting_c: int
    #: Cases whose entry is in doubt and that a robot will look at.
    doubts: int = 0

    @property
    def over(self) -> bool:
        """True when the robot has nothing left to do."""
        return self.done >= self.rows


def progress_of(
    counts: Sequence[Mapping[str, Any]],
    pace: Mapping[str, Any],
    amounts: Mapping[str, Any],
    *,
    rows: int,
    aside: int,
) -> Progress:
    """Gather the rows of ``run_counts``, ``run_pace`` and ``run_amounts``."""
    still = sum(row["cases"] for row in counts if row["state"] in _STILL)
    worked = sum(row["cases"] for row in counts) - still
    per_minute = _pace(pace, worked, still)
    done = worked + aside
    return Progress(
        parts=_placed(_parts(counts, aside, still), max(rows, 1)),
        rows=rows,
        done=done,
        leased=sum(row["cases"] for row in counts if row["state"] == "leased"),
        percent=100 if rows == 0 else min(100, done * 100 // rows),
        per_minute=per_minute,
        remaining=still * 60 / per_minute if still and per_minute else None,
        entered_c=amounts["entered_c"],
        awaiting_c=amounts["awaiting_c"],
        doubts=amounts.get("doubts", 0),
    )


def _pace(pace: Mapping[str, Any], worked: int, still: int) -> float | None:
    """Cases per minute: over the last minute while it runs, over the whole run once it is over."""
    if not worked:
        return None
    if still and pace["last_minute"]:
        return float(pace["last_minute"] * 60 / max(1.0, min(60.0, pace["age_seconds"])))
    if still:
        return None
    return float(worked * 60 / max(1.0, pace["busy_seconds"] or 1.0))


def _parts(counts: Sequence[Mapping[str, Any]], aside: int, still: int) -> list[Part]:
    def of(state: str, ended_as: str | None = None) -> int:
        return sum(row["cases"] for row in counts if (row["state"], row["ended_as"]) == (state, ended_as))

    others = sorted(
        {row["ended_as"] for row in counts if row["state"] == "ended"} - {"entered", "nothing_to_pay", "already_done"}
    )
    return [
        Part(name="entered", title="Saisis", count=of("ended", "entered")),
        Part(name="nothing", title="Rien à payer", count=of("ended", "nothing_to_pay")),
        Part(name="already", title="Déjà faits", count=of("ended", "already_done")),
        *(Part(name="other", title=ENDS.get(name, name), count=of("ended", name)) for name in others),
        Part(name="approval", title="À valider", count=of("awaiting_approval")),
        Part(name="exception", title="Exceptions", count=of("exception")),
        Part(name="rejected", title="Rejetés, retirés", count=of("rejected") + of("cancelled")),
        Part(name="aside", title="Lignes écartées", count=aside),
        Part(name="still", title="Restent", count=still),
    ]


def _placed(parts: list[Part], rows: int) -> tuple[Part, ...]:
    placed, before = [], 0
    for part in parts:
        start = before * _WIDTH // rows
        end = (before + part.count) * _WIDTH // rows
        before += part.count
        placed.append(Part(name=part.name, title=part.title, count=part.count, start=start, width=end - start))
    return tuple(placed)
