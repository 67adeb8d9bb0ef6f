"""``closing:``: when a run closes itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from orchestrator.language.compile_rest import civil_time, some_days
from orchestrator.language.model import ClosingMoment, ClosingRule, ScheduleEntry
from orchestrator.language.sections import Section

#: The suites of a closing, and the folder of the robot's templates.
BORDEREAU, CLOSING, TEMPLATES = "bordereau.robot", "cloture.robot", "modeles"
CLOSING_KEYS = ("when", "at", "days", "calendar")
_USED_BY_SUITES = {".py", ".resource"}
_TIME = ("at", "days", "calendar")


def compile_closing(top: Section) -> ClosingRule:
    """Return when the runs of a scenario are closed: at once when it says nothing."""
    said = top.section("closing", "closing", CLOSING_KEYS)
    when = said.choice("when", {each.value: each for each in ClosingMoment}, ClosingMoment.ROBOTS_DONE)
    given = [name for name in _TIME if name in said]
    if given and when is ClosingMoment.BY_HAND:
        key, _ = said.entries[given[0]]
        top.faults.add(
            key, "closing : une clôture à la main n'a pas d'heure", f"Enlever « {given[0]} » ou changer when."
        )
    elif given and "at" not in said:
        said.need("at", '"18:00"')
    return ClosingRule(when=when, at=_time(said) if "at" in said else None)


def closing_texts(robot: Path) -> dict[str, str]:
    """Return what closes the runs of a robot, by path in a project: it decides what leaves, so a version has it."""
    found = {path.relative_to(robot).as_posix(): path for path in _closing_files(robot)}
    return {f"robots/{robot.name}/{name}": path.read_bytes().decode("utf-8-sig") for name, path in found.items()}


def _closing_files(robot: Path) -> Iterator[Path]:
    suites = [robot / name for name in (BORDEREAU, CLOSING) if (robot / name).is_file()]
    if not suites:
        return
    yield from suites
    yield from (path for path in sorted(robot.glob("*")) if path.suffix in _USED_BY_SUITES)
    yield from (path for path in sorted((robot / TEMPLATES).glob("*")) if path.suffix in {".html", ".txt"})


def _time(said: Section) -> ScheduleEntry:
    return ScheduleEntry(
        at=said.parsed("at", civil_time, "00:00"),
        days=some_days(said),
        calendar=said.choice("calendar", {"FR": "FR"}, "FR"),
        missing="run after",
        repeated="first",
    )
