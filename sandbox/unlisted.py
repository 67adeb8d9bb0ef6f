"""A stop that the day's lists forget, and what the surveillance of the same day hands on to the robot of advances."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from sandbox import delivery, oracle, watched
from sandbox.model import Listed, Person, Population
from sandbox.population import fields_of
from sandbox.rules import WAITING_DAYS

Key = tuple[str, str]


def unlisted(population: Population) -> str | None:
    """Name the stop that no list of the evening has: one in order, of which no day was paid, long due; None without one."""
    data = delivery.content(population)
    lines = delivery.read(data)
    verdicts = oracle.judge(population, data, population.today)
    due = {line.key for line, verdict in zip(lines, verdicts, strict=True) if verdict.outcome == "entered"}
    seen = [line.key for line in lines]
    fit = [row for row in population.rows if isinstance(row, Listed) and row.case == "nominal"]
    fit = [row for row in fit if _key(row) in due and seen.count(_key(row)) == 1 and _is_late(row, population.today)]
    return next((row.stop_reference for row in fit if not row.person.payments), None)


def half(population: Population, number: int) -> bytes:
    """Every other row of the day's list, but for that stop; two rows of one stop are never in different halves."""
    forgotten = unlisted(population)
    kept = (row for row in population.rows if not (isinstance(row, Listed) and row.stop_reference == forgotten))
    rows = [fields_of(row) if isinstance(row, Listed) else row.fields for row in kept]
    places = {_line(row).key: place for place, row in reversed(list(enumerate(rows)))}
    return delivery.encoded([row for row in rows if places[_line(row).key] % 2 == number])


def _line(fields: tuple[str, ...]) -> delivery.Line:
    return delivery.Line(number=0, fields=fields, problem="")


def looked_at(population: Population, folder: Path) -> list[watched.Seen]:
    """Say what each stop should have been told as before the one that no list had got its advance."""
    return watched.judge(folder, population.today, unseen=unlisted(population))


def handed_on(population: Population, folder: Path) -> Iterator[tuple[Listed, oracle.Verdict]]:
    """Say what each stop that the surveillance found should become, in the order of its list.

    The same scenario had the first half of the day's list: a case of it that is open is not opened again. Another had the
    other half: what it entered is done, and what a case of it waits to enter is its (C-09).
    """
    before, beside = half(population, 0), half(population, 1)
    day = population.today
    others = list(zip(delivery.read(beside), oracle.judge(population, beside, day), strict=True))
    entered, planned = (
        {line.key for line, verdict in others if verdict.outcome == outcome}
        for outcome in ("entered", "awaiting_approval")
    )
    found = [one.stop for one in looked_at(population, folder) if one.outcome == "candidate"]
    for row, verdict in judged(population, found, oracle.history(population, [(before, day)], entered)):
        held = _key(row) in planned and verdict.outcome in {"entered", "awaiting_approval"}
        refused = replace(verdict, outcome="exception", codes=("C-09",), amount_optional=True)
        yield row, refused if held else verdict


def judged(
    population: Population, stops: Sequence[str], known: oracle.Before
) -> Iterator[tuple[Listed, oracle.Verdict]]:
    """Say what each of these stops should become as a row of what the surveillance hands on."""
    listed = {row.stop_reference: row for row in population.rows if isinstance(row, Listed)}
    data = delivery.encoded([_fields(listed[stop], population.today) for stop in stops])
    verdicts = oracle.judge(looked_at_once(population), data, population.today, known)
    return zip([listed[stop] for stop in stops], verdicts, strict=True)


def looked_at_once(population: Population) -> Population:
    """The same people once a robot has looked: what ARPEGE paid late is among their payments."""
    rows = (replace(row, person=_paid(row.person)) if isinstance(row, Listed) else row for row in population.rows)
    return replace(population, rows=tuple(rows))


def _paid(person: Person) -> Person:
    late = (person.late_payment,) if person.late_payment else ()
    return replace(person, payments=(*person.payments, *late), late_payment=None)


def _key(row: Listed) -> Key:
    return row.person.nir, row.stop_reference


def _is_late(row: Listed, day: date) -> bool:
    stop = next(one for one in row.person.stops if one.reference == row.stop_reference)
    first = stop.start + timedelta(days=WAITING_DAYS)
    return (day - max(first, stop.received)).days >= watched.LATE


def _fields(row: Listed, day: date) -> tuple[str, ...]:
    """A row as the list of registered stops has it: the names of ARPEGE, the day of the list."""
    name = row.person.arpege_birth_name or row.person.birth_name
    return row.person.nir, name, row.stop_reference, row.anomaly, f"{day:%d/%m/%Y}"
