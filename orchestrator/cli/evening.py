"""``glr demo --robot``: one evening of several robots in one house, each row judged by the oracle of its scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from orchestrator.bootstrap.extractions import load_extractions
from orchestrator.bootstrap.loading import open_loader
from orchestrator.bootstrap.practice import TODAY, Judged, Part, Practice
from orchestrator.cli.demo_closing import closes_at_once, show_closing
from orchestrator.cli.demo_follow import follow, in_hand
from orchestrator.cli.demo_house import House
from orchestrator.cli.evening_summary import EveningSummary, Played
from orchestrator.cli.summary import Summary, compare
from orchestrator.domain.civil import date_of
from orchestrator.domain.errors import RefusedDelivery, SettingsError
from orchestrator.engine.handed_on import load_handed_on
from orchestrator.engine.load import Loader, first_run
from orchestrator.engine.results import RowOutcome, RowResult, results_of

_DAY = date_of(TODAY)


@dataclass(frozen=True, kw_only=True)
class _Run:
    """The run of one scenario."""

    part: Part
    run: UUID
    #: The delivery, when it was worked to its end before.
    refused: str | None
    #: What is added to its lines, for the oracle: a scenario may have several lists.
    before: int = 0


def parts_of(practice: Practice, robot: str) -> list[Part]:
    """Make the population of an evening; return what each scenario of a robot is given, of all robots for ``all``.

    Raises :class:`SettingsError` for a robot that has nothing to do here.
    """
    practice.make()
    every = practice.parts()
    found = [part for part in every if robot in {"all", part.robot}]
    if not found:
        known = ", ".join(["all", *sorted({part.robot for part in every})])
        raise SettingsError(f"Robot « {robot} » inconnu de la démonstration. Au choix : {known}.")
    names = {part.name for part in found}
    return [part for part in found if part.after is None or part.after in names]


async def run_evening(house: House, parts: Sequence[Part]) -> EveningSummary:
    """Give every scenario its work, let the robots work side by side, and judge what became of it."""
    async with open_loader(house.world) as loader:
        runs, seconds, unclosed = list[_Run](), dict[UUID, float](), list[str]()
        # who looks at what the others left comes after them, and last who takes what that one found
        for turn in range(3):
            given = [each for part in parts if part.turn == turn for each in await _given(house, loader, part)]
            house.start_runner()
            seconds |= await follow(house, loader.database, [each.run for each in given])
            runs += given
        rows = {each.run: await results_of(loader.database, each.run) for each in runs}
        for each in runs:
            scenario = house.world.scenario(each.part.scenario)
            if each.refused is None and closes_at_once(scenario) and _is_over(rows[each.run]):
                house.screen.print(f"{scenario.name} : clôture de l'exécution.")
                if not await show_closing(house, loader.database, each.run):
                    unclosed.append(f"{each.part.name} : clôture pas faite")
    judged = house.practice.judged([part.name for part in parts])
    played = [_played([each for each in runs if each.part is part], rows, judged, seconds) for part in parts]
    again = any(each.refused is not None for each in runs)  # people may have acted since: their acts are nobody's gap
    return EveningSummary(played=played, strays=[*unclosed, *([] if again else judged.ledgers[None]["wrong"])])


def _is_over(rows: Sequence[RowResult]) -> bool:
    """Say whether a run is over: what waits for another day keeps it open."""
    return not in_hand(rows) and not any(row.outcome is RowOutcome.WAITING for row in rows)


async def _given(house: House, loader: Loader, part: Part) -> list[_Run]:
    """Start the runs of a scenario; those of before when this evening was begun before."""
    house.screen.print(f"{part.name} reçoit : {part.work}.", soft_wrap=True)
    name = house.world.scenario(part.scenario)
    if part.after:
        return [await _handed_on(house, loader, part)]
    if part.delivery is None:
        return [await _read(house, loader, part, _DAY)]
    if part.days:
        house.drop(part.delivery)
        read = [await _read(house, loader, part, day) for day in part.days]
        return [replace(each, before=1000 * number) for number, each in enumerate(read, start=1)]
    try:
        run = (await loader.load(name, house.drop(part.delivery), _DAY, "demo")).run
    except RefusedDelivery:
        (house.inbox / part.delivery.name).unlink()  # the copy that was dropped for nothing
        run = await first_run(loader.database, name, part.delivery)
        return [await _before(loader, part, run, part.delivery.name)]
    return [_Run(part=part, run=run, refused=None)]


async def _read(house: House, loader: Loader, part: Part, day: date) -> _Run:
    """Have the list read in its application, once: that of a second evening would be what the first one left."""
    known = await _known(house, loader, part, day)
    if known:
        return await _before(loader, part, known[-1]["id"], known[-1]["file_name"])
    _, (loaded,) = await load_extractions(house.world, loader, part.scenario, day, "demo")
    return _Run(part=part, run=loaded.run, refused=None)


async def _handed_on(house: House, loader: Loader, part: Part) -> _Run:
    """Have a scenario take what another has found that evening, once."""
    scenario = house.world.scenario(part.scenario)
    for loaded in await load_handed_on(loader, scenario, _DAY, "demo"):
        return _Run(part=part, run=loaded.run, refused=None)
    known = await _known(house, loader, part, _DAY)
    own = next(row for row in known if row["file_name"].startswith(f"{part.after},"))
    return await _before(loader, part, own["id"], own["file_name"])


async def _known(house: House, loader: Loader, part: Part, day: date) -> Sequence[Mapping[str, Any]]:
    """The runs of a part's scenario on a day, the latest first."""
    async with loader.database.transaction("demo") as tx:
        recent = await tx.all("runs.recent", caisse=house.settings.caisse, limit=50)
    return [row for row in recent if (row["scenario"], row["run_date"]) == (part.scenario, day)]


async def _before(loader: Loader, part: Part, run: UUID, name: str) -> _Run:
    """The run of before: taken up again, or, when robots had done with it, refused."""
    unfinished = in_hand(await results_of(loader.database, run))
    return _Run(part=part, run=run, refused=None if unfinished else name)


def _played(
    runs: Sequence[_Run], rows: Mapping[UUID, Sequence[RowResult]], judged: Judged, seconds: Mapping[UUID, float]
) -> Played:
    """Judge what became of a scenario's runs, once for all of them."""
    part = runs[0].part
    ledger = judged.ledgers[part.name]
    again = all(each.refused is not None for each in runs)
    worked = [replace(row, line=each.before + row.line) for each in runs for row in rows[each.run]]
    wrong = [] if again else [*compare(worked, judged.rows[part.name]), *ledger["wrong"]]
    summary = Summary(
        rows=[] if again else worked,
        differences=wrong,
        ledger_lines=0 if again else sum(ledger["lines"].values()),
        ledger_duplicates=ledger["duplicates"],
        refused=runs[0].refused if again else None,
        seconds=0.0 if again else max(seconds[each.run] for each in runs),
    )
    return Played(part=part, summary=summary, entries={} if again else ledger["lines"])
