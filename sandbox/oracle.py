"""The oracle: what each row of a delivery should become, judged from the population, never from an engine."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from sandbox.controls import Facts, failed_compute, failed_reading, failed_registry
from sandbox.delivery import Line, read
from sandbox.model import Person, Population, Stop
from sandbox.rules import APPROVAL_ABOVE_C, MINIMUM_C, compute, overlap

Key = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What one row should become (centimes; None when nothing is computed)."""

    line: int
    outcome: str
    amount_c: int | None = None
    codes: tuple[str, ...] = ()
    #: The amount may be missing: the failure can also show in an earlier phase.
    amount_optional: bool = False

    def as_json(self) -> str:
        """One line of JSON."""
        shown: dict[str, object] = {
            "line": self.line, "outcome": self.outcome, "amount_c": self.amount_c, "codes": sorted(self.codes),
        }  # fmt: skip
        return json.dumps({**shown, "amount_optional": True} if self.amount_optional else shown)


@dataclass(frozen=True, kw_only=True)
class Before:
    """What happened before the delivery is run."""

    #: Stops that have their advance.
    entered: set[Key] = field(default_factory=set)
    #: Cases that still wait for a person.
    still_open: set[Key] = field(default_factory=set)

    def learn(self, lines: Sequence[Line], verdicts: Sequence[Verdict]) -> None:
        """Add the outcome of an earlier delivery on which no person has acted yet."""
        for line, verdict in zip(lines, verdicts, strict=True):
            if verdict.outcome == "entered":
                self.entered.add(line.key)
            elif verdict.outcome in {"exception", "awaiting_approval"}:
                self.still_open.add(line.key)


def judge(population: Population, data: bytes, run_date: date, before: Before | None = None) -> list[Verdict]:
    """One verdict for each data row of a delivery."""
    people = {person.nir: person for person in population.people}
    known = before or Before()
    return [_judge_line(people, line, run_date, known) for line in read(data)]


def ledger_keys(path: Path) -> set[Key]:
    """The stops that COMPTA's ledger says are proposed."""
    acts = (json.loads(line) for line in path.read_text("utf-8").splitlines())
    return {(act["nir"], act["stop"]) for act in acts if act["act"] == "PROPOSITION"}


def history(population: Population, earlier: Sequence[tuple[bytes, date]], entered: set[Key]) -> Before:
    """What earlier deliveries, run in order, and the ledger left behind."""
    before = Before(entered=set(entered))
    for data, run_date in earlier:
        before.learn(read(data), judge(population, data, run_date, before))
    return before


def lines_of(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """The JSONL lines."""
    return (verdict.as_json() for verdict in verdicts)


def _judge_line(people: dict[str, Person], line: Line, run_date: date, before: Before) -> Verdict:
    if line.problem:
        return Verdict(line=line.number, outcome="set_aside", codes=("LIGNE",))
    if line.key in before.entered:
        return Verdict(line=line.number, outcome="already_done")
    if line.key in before.still_open:
        return Verdict(line=line.number, outcome="set_aside", codes=("OUVERT",))
    person = people.get(line.key[0])
    if person is None or person.bdo_files != 1:
        return Verdict(line=line.number, outcome="exception", codes=("C-04",))
    stop = next((one for one in person.stops if one.reference == line.key[1]), None)
    if stop is None:
        return Verdict(line=line.number, outcome="exception", codes=("R-ARRET",))
    facts = Facts(name=line.fields[1], anomaly=line.fields[3].strip(), run_date=run_date, person=person, stop=stop)
    return _judge_facts(line.number, facts)


def _judge_facts(number: int, facts: Facts) -> Verdict:
    codes = failed_reading(facts)
    if codes:
        return Verdict(line=number, outcome="exception", codes=tuple(codes))
    computed = compute(facts.person, facts.stop, facts.run_date)
    amount_c = computed.amount_c
    codes = failed_compute(facts, computed)
    if not codes and amount_c < MINIMUM_C:
        return Verdict(line=number, outcome="nothing_to_pay", amount_c=amount_c)
    codes += failed_registry(facts)
    if codes:
        return Verdict(line=number, outcome="exception", amount_c=amount_c, codes=tuple(codes))
    if amount_c > APPROVAL_ABOVE_C:
        return Verdict(line=number, outcome="awaiting_approval", amount_c=amount_c)
    if _is_paid_meanwhile(facts.person, facts.stop):
        return Verdict(line=number, outcome="exception", amount_c=amount_c, codes=("C-09",), amount_optional=True)
    return Verdict(line=number, outcome="entered", amount_c=amount_c)


def _is_paid_meanwhile(person: Person, stop: Stop) -> bool:
    late = person.late_payment
    return late is not None and overlap(late.start, late.end, stop.start, stop.end)
